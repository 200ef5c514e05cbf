"""The clock of a host that is wrong: corrected at the door, and shown where the job is."""

from datetime import timedelta
from typing import Any

from tests.web.served import Served, fresh
from tocsin.clock import now

HTML = {"accept": "text/html"}
HOSTILE = "<i>db-1"


def report(
    served: Served,
    job: str,
    kind: str,
    ago: timedelta,
    *,
    behind: timedelta,
    **more: Any,  # noqa: ANN401  # JSON is anything
) -> None:
    """Let a host whose clock is behind say what happened so long ago."""
    at = now() - behind
    served.report(
        {
            "job": job,
            "kind": kind,
            "at": (at - ago).isoformat(),
            "sent_at": at.isoformat(),
            "run": "a",
            **more,
        }
    )


def test_a_clock_that_is_wrong_is_shown_and_its_instants_are_corrected(served: Served) -> None:
    name, behind = fresh(), timedelta(minutes=3, seconds=20)
    before = now()
    report(served, name, "start", timedelta(hours=2), behind=behind, context={"host": HOSTILE})
    for _ in range(2):
        report(served, name, "heartbeat", timedelta(0), behind=behind)
    report(served, name, "success", timedelta(hours=1), behind=behind)

    (clock,) = served.get(f"/api/v1/jobs/production/{name}")["wrong_clocks"]
    assert clock["host"] == HOSTILE
    assert 0 <= clock["behind_seconds"] - behind.total_seconds() < 5
    (run,) = served.get(f"/api/v1/jobs/production/{name}/runs")["items"]
    taken_at = (before - timedelta(hours=2)).isoformat()
    assert run["started_at"] >= taken_at[:16]
    assert abs(run["execution_seconds"] - 3600) < 5
    page = served.ask("GET", f"/jobs/production/{name}", headers=HTML).text
    assert "&lt;i&gt;db-1</bdi> is 3 min 2" in page


def test_a_clock_that_is_right_is_not_mentioned(served: Served) -> None:
    name = fresh()
    for kind in ("start", "heartbeat", "success"):
        report(served, name, kind, timedelta(0), behind=timedelta(0), context={"host": "db-1"})

    assert served.get(f"/api/v1/jobs/production/{name}")["wrong_clocks"] == []
