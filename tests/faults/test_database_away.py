"""The shared database goes away and comes back: nothing is taken meanwhile, and nobody restarts anything."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.hook import Hook
from tests.faults.served import PATIENCE_SECONDS, Served, write_config
from tests.services.postgres import PostgresServer


def check_in(job: str, seq: int, kind: str) -> bytes:
    return json.dumps({"job": job, "run": f"{job}-1", "seq": seq, "kind": kind}).encode()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook(moods=False) as hook:
        yield hook


@pytest.fixture
def server(tmp_path: Path, hook: Hook, postgres_alone: PostgresServer) -> Iterator[Served]:
    database = postgres_alone.url_of(postgres_alone.create_database())
    server = Served(tmp_path, write_config(tmp_path, hook.url), database)
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_whose_database_is_away_answers_503_and_goes_on_when_it_is_back(
    server: Served, hook: Hook, postgres_alone: PostgresServer, mode: str
) -> None:
    server.wait_until("POST", "/api/v1/check-ins", check_in("etl", 1, "start"), 202)

    postgres_alone.stop(mode=mode)
    refused = server.ask("POST", "/api/v1/check-ins", check_in("etl", 2, "fail"))
    assert refused.status == 503
    assert refused.json["error"]["code"] == "store_unavailable"
    assert server.ask("GET", "/healthz").status == 200
    assert server.ask("GET", "/readyz").status == 503
    assert server.ask("GET", "/api/v1/health").json["status"] == "unhealthy"
    assert b"The store cannot be read" in server.ask("GET", "/").body
    assert server.run_job("spooled", "true") == 0

    postgres_alone.start()
    server.wait_until("POST", "/api/v1/check-ins", check_in("etl", 2, "fail"), 202)
    assert server.is_running()
    assert server.ask("GET", "/readyz").status == 200
    assert b"The store cannot be read" not in server.ask("GET", "/").body
    assert server.flush() == 0
    assert hook.wait_until(lambda: bool(hook.of("firing").get("etl")), PATIENCE_SECONDS), server.log()
    assert {job["name"] for job in server.ask("GET", "/api/v1/jobs").json["items"]} == {"etl", "spooled"}
    assert len(hook.of("firing")["etl"]) == 1
    assert "Traceback" not in server.log()


def test_a_message_that_was_on_its_way_when_the_database_went_is_told_under_the_same_key(
    server: Served, hook: Hook, postgres_alone: PostgresServer
) -> None:
    server.wait_until("POST", "/api/v1/check-ins", check_in("etl", 1, "fail"), 202)
    assert hook.wait_until(lambda: bool(hook.got), PATIENCE_SECONDS), server.log()

    for seq in range(2, 6):
        postgres_alone.stop(mode="immediate")
        postgres_alone.start()
        good = json.dumps({"job": "etl", "run": f"again-{seq}", "seq": 1, "kind": "success"}).encode()
        server.wait_until("POST", "/api/v1/check-ins", good, 202)
        bad = json.dumps({"job": f"etl-{seq}", "run": "1", "seq": 1, "kind": "fail"}).encode()
        server.wait_until("POST", "/api/v1/check-ins", bad, 202)
    wanted = {"etl", *(f"etl-{seq}" for seq in range(2, 6))}

    assert hook.wait_until(lambda: hook.of("firing").keys() == wanted, 2 * PATIENCE_SECONDS), server.log()
    assert hook.wait_until(lambda: hook.of("resolved").keys() == {"etl"}, 2 * PATIENCE_SECONDS), server.log()
    assert all(len(keys) == 1 for keys in (*hook.of("firing").values(), *hook.of("resolved").values()))
