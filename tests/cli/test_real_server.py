"""The command line and the server as they meet each other: a real process, a real store."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE_SECONDS, ROOT, Said, Tocsin, wait_for
from tests.services.ports import free_port
from tocsin.cli.exits import Exit
from tocsin.clock import monotonic


@pytest.fixture
def server(real_server: str, tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TOCSIN_URL", real_server)
    return real_server


def run_job(server: str, name: str, *command: str) -> int:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "TOCSIN_URL": server,
        "TOCSIN_SPOOL": str(Path.cwd()),
    }
    words = [sys.executable, "-m", "tocsin", "run", "-q", "--job", name, "--", *command]
    return subprocess.run(words, env=environment, check=False, capture_output=True, timeout=30).returncode


def eventually(tocsin: Tocsin, *words: str, holds: str) -> Said:
    """Ask again until the answer holds some words; the server judges after it has answered."""
    until = monotonic() + PATIENCE_SECONDS
    said = tocsin(*words)
    while holds not in said.out and monotonic() < until:
        said = tocsin(*words)
    assert holds in said.out
    return said


def test_a_failing_job_is_seen_taken_in_hand_and_resolved(tocsin: Tocsin, server: str) -> None:
    assert run_job(server, "falls/over", "sh", "-c", "echo boom; exit 3") == 3
    eventually(tocsin, "alerts", holds="falls/over")
    (alert,) = json.loads(tocsin("alerts", "--json").out)["items"]
    assert tocsin("alerts", "--exit-code").code == Exit.FAILED
    assert tocsin("ack", alert["id"][:6], "--note", "on it").code == 0
    shown = tocsin("alerts", alert["id"]).out
    assert "acknowledged" in shown
    assert "on it" in shown
    assert "boom" in shown
    assert "exit code 3" in tocsin("runs", "falls/over").out
    assert tocsin("resolve", alert["id"]).code == 0
    assert tocsin("alerts", "--exit-code").code == 0
    assert alert["id"] in tocsin("alerts", "--all").out


def test_a_job_is_paused_renamed_and_forgotten(tocsin: Tocsin, server: str) -> None:
    assert run_job(server, "nightly", "true") == 0
    eventually(tocsin, "jobs", holds="nightly")
    assert tocsin("jobs", "pause", "nightly").code == 0
    assert "paused" in tocsin("jobs", "show", "nightly").out
    assert tocsin("jobs", "resume", "nightly").code == 0
    assert tocsin("jobs", "rename", "nightly", "new name").code == 0
    assert tocsin("jobs", "show", "nightly").code == Exit.REFUSED
    assert tocsin("jobs", "show", "new name").code == 0
    assert tocsin("jobs", "delete", "new name", "-y").code == 0
    assert "new name" not in tocsin("jobs").out


def test_a_silence_is_made_listed_and_ended(tocsin: Tocsin, server: str) -> None:
    assert tocsin("silence", "add", 'job="x"', "--for", "2h", "--comment", "moving house").code == 0
    (silence,) = json.loads(tocsin("silence", "list", "--json").out)["items"]
    assert silence["matchers"] == ['job="x"']
    assert "moving house" in tocsin("silence").out
    assert tocsin("silence", "expire", silence["id"]).code == 0
    assert "ended" in tocsin("silence").out
    assert tocsin("silence", "add", "nonsense", "--for", "2h").code == Exit.REFUSED
    assert tocsin("silence", "expire", "nothing").code == Exit.REFUSED


def test_a_test_message_is_delivered_to_a_receiver_that_exists(tocsin: Tocsin, server: str) -> None:
    said = tocsin("send-test", "console")
    assert (said.code, said.out) == (Exit.OK, "console/console: delivered\n")
    said = tocsin("send-test", "nobody")
    assert (said.code, "console" in said.err) == (Exit.REFUSED, True)


def test_a_backup_is_a_whole_database(tocsin: Tocsin, server: str, tmp_path: Path) -> None:
    assert tocsin("backup", "copy.db").code == 0
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()


def test_tokens_close_the_door_and_open_it_again(tocsin: Tocsin, tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    words = [sys.executable, "-m", "tocsin", "serve", "--data", str(tmp_path / "d"), "--port", str(port)]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(words, env=environment, stderr=log) as process,
    ):
        try:
            wait_for(port, process, tmp_path / "log")
            url = f"http://127.0.0.1:{port}"
            assert tocsin("token", TOCSIN_URL=url).code == 0
            secret = tocsin("token", "create", "--user", "ada", TOCSIN_URL=url).out.strip()
            said = tocsin("jobs", TOCSIN_URL=url)
            assert (said.code, "TOCSIN_TOKEN" in said.err) == (Exit.NOT_ALLOWED, True)
            listed = tocsin("token", "list", "--json", TOCSIN_URL=url, TOCSIN_TOKEN=secret)
            (token,) = json.loads(listed.out)["items"]
            assert token["name"] == "ada"
            assert secret not in listed.out
            made = tocsin("token", "create", "--ingest", "cron", TOCSIN_URL=url, TOCSIN_TOKEN=secret)
            assert tocsin("jobs", TOCSIN_URL=url, TOCSIN_TOKEN=made.out.strip()).code == Exit.NOT_ALLOWED
            assert (
                tocsin("token", "revoke", token["id"], TOCSIN_URL=url, TOCSIN_TOKEN=secret).code
                == Exit.REFUSED
            )
        finally:
            process.send_signal(signal.SIGTERM)


def test_a_changed_key_is_taken_up_on_sighup_and_the_old_one_opens_nothing(
    tocsin: Tocsin, tmp_path: Path
) -> None:
    port = free_port()
    old, new = "an-old-token-of-ada", "a-new-token-of-ada"
    (tmp_path / "ada").write_text(old)
    (tmp_path / "tocsin.yaml").write_text('keys: {users: {ada: "file:ada"}}\n')
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TOCSIN_URL": f"http://127.0.0.1:{port}"}
    words = [sys.executable, "-m", "tocsin", "serve", "--data", "d", "--port", str(port)]

    def may(token: str) -> bool:
        return tocsin("jobs", TOCSIN_URL=environment["TOCSIN_URL"], TOCSIN_TOKEN=token).code == Exit.OK

    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(words, env=environment, stderr=log) as process,
    ):
        try:
            wait_for(port, process, tmp_path / "log")
            assert (may(old), may(new)) == (True, False)

            (tmp_path / "ada").write_text(new)
            process.send_signal(signal.SIGHUP)

            until = monotonic() + PATIENCE_SECONDS
            while not may(new) and monotonic() < until:
                pass
            assert (may(old), may(new)) == (False, True)
            assert "WARNING" not in (tmp_path / "log").read_text()

            (tmp_path / "tocsin.yaml").write_text("{}")
            process.send_signal(signal.SIGHUP)
            until = monotonic() + PATIENCE_SECONDS
            while not may("") and monotonic() < until:
                pass
            assert may("")
        finally:
            process.send_signal(signal.SIGTERM)
    assert "there are no keys any more" in (tmp_path / "log").read_text()


def test_a_server_whose_port_is_taken_says_so_and_what_to_do(server: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    port = server.rpartition(":")[2]
    words = [sys.executable, "-m", "tocsin", "serve", "--data", str(tmp_path / "d"), "--port", port]

    done = subprocess.run(words, env=environment, check=False, capture_output=True, text=True, timeout=30)

    assert (done.returncode, "Traceback" in done.stderr) == (Exit.FAILED, False)
    assert f"cannot listen on 127.0.0.1:{port}; choose another" in done.stderr


def test_a_server_with_a_bad_configuration_does_not_start_and_says_all_of_it(
    tocsin: Tocsin, tmp_path: Path
) -> None:
    (tmp_path / "tocsin.yaml").write_text("jobs: {a: {deadlin: x}}\nroute: {receiver: nobody}\n")
    said = tocsin("serve", "--data", "d")
    assert said.code == Exit.BAD_CONFIGURATION
    assert "jobs.a.deadlin" in said.err
    assert "route.receiver" in said.err
    assert not (tmp_path / "d").exists()
