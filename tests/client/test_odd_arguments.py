"""Whatever a job gives the client: how its run ended is told, and in a form that the server takes."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import tocsin
from tests.client.listener import Listener
from tocsin import clock
from tocsin.client import guard, reporter, run
from tocsin.client.client import Client
from tocsin.jobs.job import Definition
from tocsin.web.check_in import read_check_ins


@pytest.fixture(autouse=True)
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everything said once in each test."""
    monkeypatch.setattr(guard, "_said", set())
    monkeypatch.setattr(reporter, "_said", set())


def told(server: Listener, count: int = 2) -> list[dict[str, Any]]:
    server.wait_until(lambda listener: len(listener.taken) >= count)
    return server.taken


def refused(check_in: dict[str, Any]) -> list[str]:
    """Return the fields of a check-in that our server would refuse."""
    found = read_check_ins(json.dumps(check_in).encode(), clock.now(), Definition())
    assert isinstance(found, list)
    return [fault.field for one in found if isinstance(one, tuple) for fault in one]


def fails(**given: Any) -> None:  # noqa: ANN401 -- what a job gives may be anything
    """Run a job that is given this and fails."""
    with pytest.raises(SystemExit), tocsin.job(**{"name": "etl", **given}):
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("50",), {"done": 50.0}),
        (("50", 100), {"done": 50.0, "total": 100}),
        ((5, "100"), {"done": 5, "total": 100.0}),
        ((Decimal(5), 10), {"done": 5.0, "total": 10}),
        ((5, "many"), {"done": 5}),
        ((None, 10), None),
        (([],), None),
        ((10**400,), None),
    ],
)
def test_an_odd_progress_costs_neither_a_sign_of_life_nor_the_end(
    default: Listener, given: tuple[Any, ...], expected: dict[str, float] | None
) -> None:
    def says_it_and_fails() -> None:
        with tocsin.job("etl") as under_way:
            under_way.progress(*given)
            under_way.heartbeat()
            raise SystemExit(3)

    with pytest.raises(SystemExit):
        says_it_and_fails()

    start, beat, end = told(default, 3)
    assert [one["kind"] for one in (start, beat, end)] == ["start", "heartbeat", "fail"]
    assert beat.get("progress") == end.get("progress") == expected
    assert refused(end) == []


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"heartbeat_seconds": None}, "job", "etl"),
        ({"heartbeat_seconds": "30"}, "job", "etl"),
        ({"heartbeat_seconds": "often"}, "job", "etl"),
        ({"labels": [("a", "b")]}, "labels", {"a": "b"}),
        ({"labels": "team=a"}, "labels", None),
        ({"partition": 20261122}, "partition", "20261122"),
        ({"partition": date(2026, 11, 22)}, "partition", "2026-11-22"),
        ({"partition": "a\nb"}, "partition", "a\ufffdb"),
        ({"backfill": 1}, "backfill", True),
        ({"environment": 3}, "environment", "3"),
        ({"run": 17}, "run", "17"),
        ({"run": "a\tb" + "c" * 300}, "run", "a\ufffdb" + "c" * 197),
        ({"name": "long" * 60}, "job", "long" * 50),
        ({"name": ""}, "job", "unnamed"),
        ({"name": ".."}, "job", "unnamed.."),
        ({"name": "q\x85name\twith\u2028tab"}, "job", "q\ufffdname\ufffdwith\ufffdtab"),
        ({"attempt": "1", "max_attempts": "3"}, "attempt", 1),
        ({"attempt": object()}, "attempt", None),
    ],
)
def test_odd_arguments_of_a_job_keep_nobody_from_hearing_that_it_failed(
    default: Listener, given: dict[str, Any], field: str, expected: object
) -> None:
    fails(**given)

    start, end = told(default)
    assert (start["kind"], end["kind"], end["exit_code"]) == ("start", "fail", 3)
    assert (start.get(field), end.get(field)) == (expected, expected)
    assert [*refused(start), *refused(end)] == []


def test_a_name_that_had_to_be_changed_is_said_once(
    default: Listener, capfd: pytest.CaptureFixture[str]
) -> None:
    fails(name="a\tb")
    fails(name="a\tb")

    told(default, 4)
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "job" in line]
    assert line.startswith(r"tocsin: job 'a\tb' is not 1 to 200 characters without controls; told as 'a")


def test_the_end_is_told_although_the_account_of_it_cannot_be_made(
    default: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(run, "_account_of_error", broken)
    monkeypatch.setattr(run, "_resources", broken)

    fails()

    assert told(default)[-1]["kind"] == "fail"


def test_a_check_in_by_hand_is_told_under_a_name_that_the_server_takes(server: Listener) -> None:
    client = Client(server.url)

    client.check_in("a\nb", "fail", run="r" * 300)

    (one,) = told(server, 1)
    assert (one["job"], one["run"], refused(one)) == ("a\ufffdb", "r" * 200, [])
