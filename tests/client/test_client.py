from pathlib import Path
from typing import Any

import pytest

import tocsin
from tests.client.listener import Listener
from tests.client.programs import waiting_in
from tocsin.client.client import default_client


def told(server: Listener, count: int) -> list[dict[str, Any]]:
    server.wait_until(lambda listener: len(listener.taken) >= count)
    return server.taken


def test_one_word_about_a_job_can_be_said_without_a_run(default: Listener) -> None:
    client = tocsin.Client(default.url)
    client.check_in("importer", "log", log_tail="half way")
    client.check_in("importer", "queued", run="r1", environment="staging")

    log, queued = told(default, 2)
    assert (log["kind"], log["log_tail"]) == ("log", "half way")
    assert "run" not in log
    assert (queued["run"], queued["environment"]) == ("r1", "staging")


def test_reporting_can_be_switched_off(
    server: Listener, spool: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOCSIN_URL", "off")
    default_client.cache_clear()
    with tocsin.job("daily_etl") as run:
        run.progress(1)
    default_client.cache_clear()

    assert not spool.exists()
    assert capfd.readouterr().err == ""


def test_a_url_that_cannot_be_used_is_told_and_the_job_goes_on(
    spool: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    client = tocsin.Client("http://ada:hunter2@host")
    with tocsin.job("daily_etl", client=client) as run:
        run.progress(1)

    said = capfd.readouterr().err
    assert said == (
        "tocsin: nothing is reported: the server's URL cannot be used: "
        "it must not hold a user or password; put the key in TOCSIN_KEY\n"
    )


def test_the_key_comes_from_a_file(
    server: Listener, spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    monkeypatch.setenv("TOCSIN_KEY_FILE", str(tmp_path / "key"))
    with tocsin.job("daily_etl", client=tocsin.Client(server.url)):
        pass

    told(server, 2)
    assert server.requests[0].headers["authorization"] == "Bearer s3cret"
    assert server.requests[0].path == "/api/v1/check-ins"


def test_a_key_file_that_cannot_be_read_is_told(
    server: Listener, spool: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOCSIN_KEY_FILE", "missing.key")
    with tocsin.job("daily_etl", client=tocsin.Client(server.url)):
        pass

    told(server, 2)
    assert "cannot read TOCSIN_KEY_FILE missing.key: No such file or directory" in capfd.readouterr().err


def test_a_wrong_key_keeps_what_there_is_to_say(
    server: Listener, spool: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.answer(401)
    client = tocsin.Client(server.url, key="wrong")
    with tocsin.job("daily_etl", client=client):
        pass
    client.finish()
    assert [one["kind"] for one in waiting_in(spool)] == ["start", "success"]
    assert "it does not know the key (401)" in capfd.readouterr().err

    server.mode = server.take
    mended = tocsin.Client(server.url, key="right")
    assert mended.sweep(5).waiting == 0
    assert server.kinds() == ["start", "success"]
