"""A disk that is full or read-only: nothing is taken, everything is readable, and it goes on by itself."""

import http.client
import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.faults.disk import Disk, LimitedDisk, own_disk
from tests.faults.hook import Hook
from tests.faults.served import PATIENCE_SECONDS, Served, write_config
from tocsin.clock import monotonic

REFUSED_FOR_SECONDS = 2.0


def check_in(job: str, seq: int | None, kind: str, log_bytes: int = 5_000) -> bytes:
    said = {"job": job, "run": f"{job}-1", "seq": seq, "kind": kind, "log_tail": "x" * log_bytes}
    return json.dumps(said).encode()


def report(server: Served, job: str, seq: int, kind: str) -> int:
    return server.ask("POST", "/api/v1/check-ins", check_in(job, seq, kind)).status


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook(moods=False) as hook:
        yield hook


@pytest.fixture
def server(tmp_path: Path, hook: Hook) -> Iterator[Served]:
    server = Served(tmp_path, write_config(tmp_path, hook.url), str(tmp_path / "tocsin.db"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["of its own", "by a limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk that can be full; where none of its own can be had, the limit stands in for it."""
    place = tmp_path / "disk"
    place.mkdir()
    with own_disk(place) if request.param == "of its own" else nullcontext() as own:
        yield own or LimitedDisk(place)


def a_full_disk_is_borne(server: Served, hook: Hook) -> None:
    """See what a server whose disk takes nothing any more answers."""
    refused = server.ask("POST", "/api/v1/check-ins", check_in("etl", 2, "fail"))
    assert refused.status == 503
    assert refused.json["error"]["code"] == "store_unavailable"
    assert server.ask("GET", "/healthz").status == 200
    not_ready = server.wait_until("GET", "/readyz", None, 503)  # what is very small may still find room
    assert "cannot be written" in " ".join(not_ready.json["problems"])
    health = server.ask("GET", "/api/v1/health").json
    assert health["status"] != "healthy"
    assert health["last_error"]["where"] == "store"
    page = server.ask("GET", "/")
    assert (page.status, b"etl" in page.body) == (200, True)
    assert server.ask("GET", "/api/v1/jobs").json["items"][0]["name"] == "etl"
    assert server.run_job("spooled", "true") == 0
    assert not hook.got


def it_goes_on_by_itself(server: Served, hook: Hook) -> None:
    """See that the same process takes up its work, and that nothing is missing or twice."""
    assert server.is_running()
    server.wait_until("POST", "/api/v1/check-ins", check_in("etl", 2, "fail"), 202)
    assert server.ask("GET", "/readyz").status == 200
    assert hook.wait_until(lambda: bool(hook.of("firing").get("etl")), PATIENCE_SECONDS), server.log()
    assert server.flush() == 0
    jobs = {job["name"] for job in server.ask("GET", "/api/v1/jobs").json["items"]}
    assert jobs == {"etl", "spooled"}
    assert report(server, "etl", 2, "fail") == 202
    assert len(hook.of("firing")["etl"]) == 1
    assert "Traceback" not in server.log()


def test_a_server_whose_files_may_not_grow_answers_503_reads_on_and_recovers(
    server: Served, hook: Hook
) -> None:
    assert report(server, "etl", 1, "start") == 202

    server.let_files_grow(to_bytes=0)
    a_full_disk_is_borne(server, hook)

    server.let_files_grow()
    it_goes_on_by_itself(server, hook)


def test_a_server_whose_disk_is_full_answers_503_reads_on_and_recovers(
    tmp_path: Path, disk: Disk, hook: Hook
) -> None:
    config = write_config(tmp_path, hook.url)
    server = Served(tmp_path, config, str(disk.place / "tocsin.db"), within=disk.within)
    server.start()
    try:
        assert report(server, "etl", 1, "start") == 202

        disk.fill(server)
        use_up_what_is_left(server)
        a_full_disk_is_borne(server, hook)

        disk.empty(server)
        it_goes_on_by_itself(server, hook)
    finally:
        server.kill()


def use_up_what_is_left(server: Served) -> None:
    """Let the server fill what its journal has left, also once more after it has begun that anew."""
    until, refused_since = monotonic() + PATIENCE_SECONDS, monotonic()
    while monotonic() < refused_since + REFUSED_FOR_SECONDS:
        assert monotonic() < until, "the disk never gets full"
        said = server.ask("POST", "/api/v1/check-ins", check_in("etl", None, "log", log_bytes=100))
        refused_since = refused_since if said.status == 503 else monotonic()


def test_a_server_that_may_not_write_its_folder_says_so_and_ends(tmp_path: Path, hook: Hook) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)
    database = folder / "tocsin.db"
    if os.geteuid() == 0:  # root may write everywhere, but not into a file as if it were a folder
        database = Path(__file__) / "tocsin.db"

    server = Served(tmp_path, write_config(tmp_path, hook.url), str(database))
    with pytest.raises(AssertionError, match="the server ended"):
        server.start()

    assert "tocsin:" in server.log()
    assert "Traceback" not in server.log()


def test_while_the_disk_is_full_the_server_keeps_answering_many(server: Served) -> None:
    assert report(server, "etl", 1, "start") == 202
    server.let_files_grow(to_bytes=0)

    statuses = set()
    for seq in range(2, 60):
        try:
            statuses.add(report(server, "etl", seq, "heartbeat"))
        except http.client.HTTPException:
            statuses.add(0)
    server.let_files_grow()
    for seq in range(2, 60):
        server.wait_until("POST", "/api/v1/check-ins", check_in("etl", seq, "heartbeat"), 202)

    assert statuses == {503}
    run = server.ask("GET", "/api/v1/jobs/production/etl").json
    assert run["standing"] == "running"
