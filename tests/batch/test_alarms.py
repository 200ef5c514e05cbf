"""What is wrong with batches is told once when it begins and once when it is over, and judged by Tocsin."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.client.listener import Listener, listening
from tests.web.served import Served, serving
from tocsin.batch.alarms import Alarms
from tocsin.batch.ledger import Ledger
from tocsin.batch.moment import Meter, Moment
from tocsin.batch.tally import Share, Tally
from tocsin.batch.watching import Thresholds
from tocsin.client.client import Client

CALM: Moment = Meter(Ledger(), Tally(), 0.0).moment(
    0.0, total=None, share_read=None, in_flight=0, allowed=None, declared=10.0
)


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def at(seconds: float, *, ok: int, dead: int = 0, slowest: float = 0.1, by: Share = Share.RATE) -> Moment:
    """Return a moment of a run that sends a hundred records a request."""
    return replace(
        CALM,
        seconds=seconds,
        delivered=ok,
        dead=dead,
        requests=(ok + dead) // 100,
        slowest_lately_seconds=slowest,
        limited_by=by,
    )


def alarms_to(url: str, tmp_path: Path) -> tuple[Alarms, Client]:
    client = Client(url, spool=str(tmp_path / "spool"))
    return Alarms("sync", client, Thresholds(), error_threshold_percent=5.0), client


def told(server: Listener, client: Client) -> list[dict[str, float]]:
    client.finish()
    return [one["metrics"] for one in server.taken]


def test_nothing_is_told_while_all_is_well(server: Listener, tmp_path: Path) -> None:
    alarms, client = alarms_to(server.url, tmp_path)

    for second in range(100):
        alarms.look(at(second, ok=900 * second, dead=second))
    alarms.end(at(100, ok=90_000, dead=100), "done", failed=False)

    assert told(server, client) == []


@pytest.mark.parametrize(
    ("trouble", "name", "value"),
    [
        ({"ok": 36_000, "dead": 9_000}, "error_rate_value_range", 20.0),
        ({"ok": 40_000, "slowest": 75.0}, "slow_batch_value_range", 75.0),
        ({"ok": 4_500}, "low_throughput_value_range", 0.1),
    ],
)
def test_a_trouble_is_told_when_it_begins_and_when_the_run_is_over(
    server: Listener, tmp_path: Path, trouble: dict[str, float], name: str, value: float
) -> None:
    alarms, client = alarms_to(server.url, tmp_path)
    alarms.look(at(0, ok=0))

    for second in (45.0, 45.2, 45.4):
        alarms.look(at(second, **trouble))  # type: ignore[arg-type] # counts and seconds
    alarms.end(at(46, **trouble), "done", failed=False)  # type: ignore[arg-type] # the same

    first, last = told(server, client)
    assert first[name] == pytest.approx(value, rel=0.02)
    assert (last["error_rate_value_range"], last["low_throughput_value_range"]) == (0.0, 1.0)


def test_who_waits_for_its_source_is_not_too_slow(server: Listener, tmp_path: Path) -> None:
    alarms, client = alarms_to(server.url, tmp_path)
    alarms.look(at(0, ok=0))

    alarms.look(at(60, ok=100, by=Share.SOURCE))

    assert told(server, client) == []


def test_a_real_server_opens_one_alert_of_the_right_severity_and_closes_it(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        alarms, client = alarms_to(served.url, tmp_path)
        alarms.look(at(0, ok=0))
        alarms.look(at(45, ok=36_000, dead=9_000))
        client.flush()
        (alert,) = _alerts(served)
        alarms.end(at(46, ok=36_000, dead=9_000), "done", failed=False)
        client.finish()

        assert (alert["condition"], alert["severity"]) == ("data_quality", "critical")
        assert _alerts(served) == []


def _alerts(served: Served) -> list[dict[str, object]]:
    return [one for one in served.get("/api/v1/alerts")["items"] if one["job"] == "sync.batches"]
