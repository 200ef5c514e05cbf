import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.web.served import Served, fresh, serving, wait_until
from tocsin.clock import now
from tocsin.engine.engine import EngineCondition
from tocsin.engine.troubles import AuditReport, Check, Trouble
from tocsin.engine.watchdog import Standing
from tocsin.web.readiness import unready


def job_of(served: Served, name: str, environment: str = "production") -> Any:  # noqa: ANN401  # JSON is anything
    return served.get(f"/api/v1/jobs/{environment}/{name}")


def test_the_server_says_that_it_is_alive_ready_and_healthy(alone: Served) -> None:
    alone.report({"job": "a", "kind": "fail"})
    alone.ear.wait_for(1)

    assert alone.ask("GET", "/healthz").status == 200
    assert alone.ask("HEAD", "/healthz").status == 200
    assert alone.ask("GET", "/readyz").json == {"status": "ready", "problems": []}
    health = alone.get("/api/v1/health")
    assert {
        "status",
        "success_rate_percent",
        "alerts_processed",
        "alerts_delivered",
        "suppression_rate_percent",
        "avg_processing_time_ms",
        "total_errors",
        "last_error",
        "channel_health",
        "hourly",
    } <= health.keys()
    assert (health["status"], health["alerts_processed"], health["jobs"]) == ("healthy", 1, 1)
    assert health["hourly"][-1]["check_ins"] == 1


def test_the_metrics_bear_the_names_that_dashboards_ask_for(alone: Served) -> None:
    alone.report({"job": "a", "kind": "fail"})

    answer = alone.ask("GET", "/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "batch_alerts_received_total 1.0" in answer.text
    assert "tocsin_jobs 1.0" in answer.text
    assert "tocsin_store_up 1.0" in answer.text


def test_a_backup_is_a_store_of_its_own(alone: Served, tmp_path: Path) -> None:
    alone.report({"job": "kept", "kind": "success"})

    answer = alone.ask("GET", "/api/v1/backup")

    copy = tmp_path / "copy.db"
    copy.write_bytes(answer.body)
    with sqlite3.connect(copy) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert "kept" in dump


def test_nobody_is_told_how_we_are_made(served: Served) -> None:
    for path in (
        "/docs",
        "/redoc",
        "/api/v1/nope",
        "/static/nope.css",
        "/static/..%2Fapplication.py",
        "/x%00y",
    ):
        answer = served.ask("GET", path)
        assert answer.status in (400, 404)
        assert answer.json["error"]["message"]
        assert "Traceback" not in answer.text


def test_every_answer_is_guarded_by_its_headers(served: Served) -> None:
    for path in ("/", "/api/v1/jobs", "/nope", "/metrics"):
        headers = served.ask("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["content-security-policy"]


def test_the_description_names_everything_that_is_served(served: Served) -> None:
    described = served.ask("GET", "/openapi.json").json

    assert described["openapi"].startswith("3.")
    operations = [
        (path, operation) for path, item in described["paths"].items() for operation in item.values()
    ]
    assert {"/api/v1/check-ins", "/ping/{key}/{job}/start", "/healthz", "/metrics"} <= set(described["paths"])
    assert [
        path
        for path, operation in operations
        if not (operation.get("description") or operation.get("summary"))
    ] == []
    text = json.dumps(described)
    references = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert references <= set(described["components"]["schemas"])


def test_while_the_disk_takes_nothing_nothing_is_acknowledged_and_everything_else_goes_on(
    alone: Served,
) -> None:
    alone.report({"job": "a", "kind": "success", "run": "r1"})

    alone.disk.break_down()
    refused = alone.ask("POST", "/api/v1/check-ins", {"job": "a", "kind": "fail", "run": "r2"})
    pinged = alone.ask("GET", "/ping/-/a/fail")
    ordered = alone.ask("POST", "/api/v1/jobs/production/a/pause")

    for answer in (refused, pinged, ordered):
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert refused.json["error"]["code"] == "store_unavailable"
    ready, health = alone.ask("GET", "/readyz"), alone.get("/api/v1/health")
    assert (ready.status, health["status"]) == (503, "unhealthy")
    assert "read-only" in ready.json["problems"][0]
    assert "tocsin_store_up 0.0" in alone.ask("GET", "/metrics").text
    page = alone.ask("GET", "/")
    assert (page.status, "Tocsin itself is unhealthy" in page.text, ">a</bdi>" in page.text) == (
        200,
        True,
        True,
    )

    alone.disk.heal()
    assert alone.ask("POST", "/api/v1/check-ins", {"job": "a", "kind": "success", "run": "r3"}).status == 202
    assert alone.ask("GET", "/readyz").status == 200
    assert [run["run"] for run in alone.get("/api/v1/jobs/production/a/runs")["items"]] == ["r3", "r1"]


WELL = EngineCondition(
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    last_commit_at=None,
    last_tick_at=None,
    queue_depth=0,
    store_fault="",
    overdue_seconds=0.0,
    since_tick_seconds=1.0,
    is_judging=True,
    is_delivering=True,
)


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        (WELL, []),
        (replace(WELL, overdue_seconds=60.0, since_tick_seconds=30.0), []),
        (replace(WELL, overdue_seconds=61.0), ["Judging is late"]),
        (replace(WELL, since_tick_seconds=31.0, overdue_seconds=61.0), ["Nothing is judged"]),
        (replace(WELL, is_judging=False), ["Nothing is judged"]),
        (replace(WELL, is_delivering=False), ["Nothing is delivered"]),
        (replace(WELL, since_handing_out_seconds=31.0), ["Nothing is delivered"]),
        (replace(WELL, is_watching=False), ["Nothing is audited"]),
        (replace(WELL, since_audit_seconds=601.0), ["Nothing is audited"]),
        (replace(WELL, since_handing_out_seconds=30.0, since_audit_seconds=600.0), []),
        (replace(WELL, store_fault="full", since_tick_seconds=31.0), ["The store cannot be written"]),
    ],
)
def test_a_part_that_does_not_do_its_work_is_named(condition: EngineCondition, what: list[str]) -> None:
    assert [one.what for one in unready(condition)] == what


def test_a_clock_of_another_server_that_is_off_is_told(
    alone: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    condition = replace(alone.engine.condition(), clocks_apart_seconds=40.0)
    monkeypatch.setattr(alone.engine, "condition", lambda: condition)

    health = alone.get("/api/v1/health")

    assert health["status"] == "degraded"
    assert "The clock of another server is 40 seconds off ours: set both by NTP." in health["problems"]


def test_a_server_that_judges_by_an_older_configuration_than_another_says_so(
    alone: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    condition = replace(alone.engine.condition(), is_outdated=True)
    monkeypatch.setattr(alone.engine, "condition", lambda: condition)

    health = alone.get("/api/v1/health")

    assert health["status"] == "degraded"
    assert [p for p in health["problems"] if "give all of them the same file" in p]


def test_what_the_audit_has_found_here_and_elsewhere_is_told_and_no_secret(
    alone: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Trouble(check=Check.UNCLAIMABLE, since_at=now(), count=3, examples=("team/slack",))
    report = AuditReport(server="0b", host="other", at=now(), troubles=(lost,))
    audit = Standing(
        audited_at=now(), troubles=(lost,), elsewhere=(report,), is_beating=True, beat_fault="HTTP 503"
    )
    condition = replace(alone.engine.condition(), audit=audit)
    monkeypatch.setattr(alone.engine, "condition", lambda: condition)

    health = alone.get("/api/v1/health")

    said = "The audit has found: notifications can never be sent: team/slack."
    assert (health["status"], health["problems"].count(said)) == ("unhealthy", 1)
    assert health["audit"]["status"] == "troubled"
    assert [one["found_by"] for one in health["audit"]["troubles"]] == ["this server", "other"]
    assert (health["audit"]["heartbeat"], health["audit"]["heartbeat_fault"]) == (True, "HTTP 503")
    assert "tocsin_audit_troubles 2.0" in alone.ask("GET", "/metrics").text
    assert alone.ask("GET", "/readyz").status == 200
    assert said in alone.ask("GET", "/").text


def test_a_thread_that_has_ended_makes_the_server_unready(alone: Served) -> None:
    alone.engine.deliverer.stop()
    answer = alone.ask("GET", "/readyz")
    assert (answer.status, len(answer.json["problems"])) == (503, 1)
    assert answer.json["problems"][0].startswith("Nothing is delivered: its thread has ended")

    alone.engine.writer.stop()
    wait_until(lambda: len(alone.ask("GET", "/readyz").json["problems"]) == 2)
    assert alone.ask("GET", "/readyz").json["problems"][0].startswith("Nothing is judged: its thread")


def test_who_has_no_token_is_told_what_is_not_ready_and_not_why(tmp_path: Path) -> None:
    with serving(tmp_path, closed=True) as served:
        served.disk.break_down()
        served.ask("POST", "/api/v1/check-ins", {"job": "a", "kind": "start"})
        key = {"authorization": f"Bearer {served.key}"}
        strangers = [
            served.ask("GET", "/readyz", headers=headers) for headers in ({"authorization": ""}, key)
        ]
        known = served.ask("GET", "/readyz")

    assert {answer.status for answer in (*strangers, known)} == {503}
    assert [answer.json["problems"] for answer in strangers] == [["The store cannot be written."]] * 2
    assert "read-only" in known.json["problems"][0]


def test_instants_are_told_in_utc(served: Served) -> None:
    name = fresh()
    served.report({"job": name, "kind": "start", "at": (now() - timedelta(hours=1)).isoformat()})

    told = job_of(served, name)["registered_at"]

    assert told.endswith("Z")
    assert datetime.fromisoformat(told).utcoffset() == timedelta(0)
