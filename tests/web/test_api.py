import json
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.web.served import Served, fresh
from tocsin.clock import now


def job_of(served: Served, name: str, environment: str = "production") -> Any:  # noqa: ANN401  # JSON is anything
    return served.get(f"/api/v1/jobs/{environment}/{name}")


def alert_of(served: Served, job: str, state: str = "open") -> Any:  # noqa: ANN401  # JSON is anything
    items = served.get(f"/api/v1/alerts?limit=1000&state={state}")["items"]
    return next((alert for alert in items if alert["job"] == job), None)


# ---------------------------------------------------------------- jobs


@pytest.mark.parametrize(
    ("kinds", "standing"),
    [
        (["log"], "new"),
        (["start"], "running"),
        (["success"], "fine"),
        (["fail"], "trouble"),
        (["fail", "success"], "fine"),
        (["success", "start"], "running"),
    ],
)
def test_a_job_says_how_it_stands(served: Served, kinds: list[str], standing: str) -> None:
    name = fresh()
    served.report(*({"job": name, "kind": kind} for kind in kinds))

    assert job_of(served, name)["standing"] == standing


def test_jobs_are_listed_in_pages(alone: Served) -> None:
    alone.report(
        *({"job": f"job {n}", "kind": "success"} for n in range(7)),
        {"job": "b", "environment": "a", "kind": "log"},
    )

    pages: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = alone.get(f"/api/v1/jobs?limit=3{cursor and f'&cursor={cursor}'}")
        pages.append([(job["environment"], job["name"]) for job in page["items"]])
        cursor = page["next"]

    assert pages == [
        [("a", "b"), ("production", "job 0"), ("production", "job 1")],
        [("production", f"job {n}") for n in (2, 3, 4)],
        [("production", f"job {n}") for n in (5, 6)],
    ]


def test_jobs_are_found_by_a_part_of_their_name(served: Served) -> None:
    name = fresh("needle%_")
    served.report({"job": name, "kind": "start"}, {"job": fresh(), "kind": "start"})

    found = served.get(f"/api/v1/jobs?search={name[2:].replace('%', '%25')}")["items"]

    assert [job["name"] for job in found] == [name]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "cursor=nonsense", "cursor=%F0%9F", "search=" + "x" * 201]
)
def test_a_question_that_cannot_be_answered_is_refused(served: Served, query: str) -> None:
    answer = served.ask("GET", f"/api/v1/jobs?{query}")

    assert (answer.status, answer.json["error"]["field"]) == (422, query.partition("=")[0])


@pytest.mark.parametrize("name", ["a/b", "a/pause", "ü ñ", "50%", "a?b=c#d", "%2F", "…/runs"])
def test_a_name_may_hold_whatever_an_address_can_be_made_of(served: Served, name: str) -> None:
    name += fresh("_")
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    served.report({"job": name, "environment": "a/b", "kind": "start", "run": "r/1"})

    base = f"/api/v1/jobs/a%2Fb/{encoded}"

    assert served.get(base)["name"] == name
    assert served.get(f"{base}/runs/r%2F1")["run"] == "r/1"
    assert served.get(f"{base}/check-ins")["items"][0]["kind"] == "start"
    assert served.ask("POST", f"{base}/pause").status == 200


def test_a_paused_job_closes_its_alerts_and_says_so(served: Served) -> None:
    name = fresh()
    served.report({"job": name, "kind": "fail"})

    answer = served.ask("POST", f"/api/v1/jobs/production/{name}/pause")

    assert answer.status == 200
    assert "alert" in answer.json["message"]
    job = job_of(served, name)
    assert (job["standing"], job["paused_by"], job["open_alerts"]) == ("paused", "anonymous (loopback)", 0)
    assert served.ask("POST", f"/api/v1/jobs/production/{name}/resume").status == 200
    assert job_of(served, name)["standing"] != "paused"


def test_a_renamed_job_keeps_its_runs(served: Served) -> None:
    old, new, taken = fresh(), fresh(), fresh()
    served.report({"job": old, "kind": "success", "run": "r1"}, {"job": taken, "kind": "log"})

    assert served.ask("POST", f"/api/v1/jobs/production/{old}/rename", {"name": taken}).status == 409
    assert served.ask("POST", f"/api/v1/jobs/production/{old}/rename", {"name": "a\nb"}).status == 422
    assert served.ask("POST", f"/api/v1/jobs/production/{old}/rename", {"name": new}).status == 200

    assert served.ask("GET", f"/api/v1/jobs/production/{old}").status == 404
    assert served.get(f"/api/v1/jobs/production/{new}/runs")["items"][0]["run"] == "r1"


def test_a_deleted_job_is_gone_and_its_alerts_are_history(served: Served) -> None:
    name = fresh()
    served.report({"job": name, "kind": "fail"})

    answer = served.ask("DELETE", f"/api/v1/jobs/production/{name}")

    assert (answer.status, "alert" in answer.json["message"]) == (200, True)
    assert served.ask("GET", f"/api/v1/jobs/production/{name}").status == 404
    assert alert_of(served, name) is None
    assert alert_of(served, name, "all")["state"] == "resolved"


def test_a_job_is_defined_through_the_api(served: Served) -> None:
    name = fresh()
    path = f"/api/v1/jobs/production/{name}/definition"

    assert served.ask("PUT", path, {"schedule": "every 15m", "owner": "data"}).status == 200
    promise = job_of(served, name)["definition"]
    assert (promise["schedule"], promise["owner"], promise["defined_by"]) == ("every 900s", "data", "api")

    served.report({"job": name, "kind": "start", "definition": {"schedule": "every 1h"}})
    assert job_of(served, name)["definition"]["schedule"] == "every 900s"

    assert served.ask("PUT", path, {"owner": "ops"}).status == 200
    promise = job_of(served, name)["definition"]
    assert (promise["schedule"], promise["owner"]) == (None, "ops")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"schedule": "every now and then"}, "schedule"),
        ({"schedule": 5}, "schedule"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"shedule": "every 1h"}, "shedule"),
        ({"max_duration_minutes": -1}, "max_duration_minutes"),
        ({"max_duration_minutes": 1, "max_duration_seconds": 60}, "max_duration_seconds"),
        ({"deadline": "06:00", "must_complete_by": "07:00"}, "must_complete_by"),
        ({"max_failure_rate": 2}, "max_failure_rate"),
        ({"calendar": {"country": "XX"}}, "calendar"),
        ({"upstream": ["a\u0000"]}, "upstream.0"),
        ({"labels": {"rule": "x"}}, "labels.rule"),
        (
            {"severity_escalation": {"warning_minutes_before": 5, "critical_minutes_before": 10}},
            "severity_escalation.critical_minutes_before",
        ),
    ],
)
def test_a_definition_that_cannot_hold_is_refused_and_named(
    served: Served, body: dict[str, object], field: str
) -> None:
    answer = served.ask("PUT", f"/api/v1/jobs/production/{fresh()}/definition", body)

    assert (answer.status, answer.json["error"]["field"]) == (422, field)


def test_every_promise_of_the_sla_file_is_understood(served: Served) -> None:
    name = fresh()
    body = {
        "schedule": "sunday",
        "timezone": "America/New_York",
        "grace_period_minutes": 10,
        "must_complete_by": "23:00",
        "max_duration_seconds": 7200,
        "min_duration_minutes": 1,
        "severity_escalation": {"warning_minutes_before": 120, "critical_minutes_before": 60},
        "business_days_only": True,
        "calendar": {"country": "US"},
        "max_failure_rate": 0.0,
        "min_records_processed": 1_000_000,
        "stalled_after_minutes": 5,
        "no_progress_after_seconds": 90,
        "description": "line 1\nline 2",
    }
    assert served.ask("PUT", f"/api/v1/jobs/production/{name}/definition", body).status == 200

    promise = job_of(served, name)["definition"]

    assert (promise["deadline"], promise["grace_period_minutes"]) == ("23:00", 10)
    assert (promise["max_duration_seconds"], promise["min_duration_seconds"]) == (7200, 60)
    assert (promise["warning_minutes_before"], promise["critical_minutes_before"]) == (120, 60)
    assert (promise["business_days_only"], promise["max_failure_rate"]) == (True, 0.0)
    assert promise["min_records_processed"] == 1_000_000
    assert (promise["stalled_after_seconds"], promise["no_progress_after_seconds"]) == (300, 90)
    assert promise["description"] == "line 1\nline 2"


def test_the_log_of_a_job_is_read_in_pages_newest_first(served: Served) -> None:
    name = fresh()
    served.report(*({"job": name, "kind": "heartbeat", "run": "r", "seq": n} for n in range(1, 6)))

    first = served.get(f"/api/v1/jobs/production/{name}/check-ins?limit=3")
    second = served.get(f"/api/v1/jobs/production/{name}/check-ins?limit=3&cursor={first['next']}")

    assert [[line["seq"] for line in page["items"]] for page in (first, second)] == [[5, 4, 3], [2, 1]]
    assert second["next"] is None


# ---------------------------------------------------------------- alerts


def test_an_alert_is_acknowledged_and_resolved_with_its_whole_story(served: Served) -> None:
    name = fresh()
    served.report({"job": name, "kind": "fail", "exit_code": 3, "log_tail": "boom"})
    alert = alert_of(served, name)
    path = f"/api/v1/alerts/{alert['id']}"
    assert (alert["state"], alert["condition"], alert["severity"]) == ("firing", "job_failure", "critical")

    assert served.ask("POST", f"{path}/acknowledge", {"note": "on it"}).status == 200
    assert served.ask("POST", f"{path}/resolve").status == 200
    served.ear.wait_for(1)

    whole = served.get(path)
    assert (whole["state"], whole["acknowledged_by"]) == ("resolved", "anonymous (loopback)")
    assert {"opened", "acknowledged", "resolved_by_hand"} <= {entry["reason"] for entry in whole["history"]}
    assert next(entry for entry in whole["history"] if entry["reason"] == "acknowledged")["note"] == "on it"
    assert whole["notifications"][0]["target"].startswith("console")
    assert whole["log_tail"] == "boom"
    assert "already" in served.ask("POST", f"{path}/acknowledge").json["message"]


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_what_does_not_exist_cannot_be_acted_upon(served: Served, action: str) -> None:
    answer = served.ask("POST", f"/api/v1/alerts/nope/{action}")

    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"note": 5}', 422),
        (b'{"not": "x"}', 422),
        (b'{"note": "' + b"x" * 1_001 + b'"}', 422),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"note": "\\ud800"}', 422),
        (b'{"note": "\\u0000 kept"}', 200),
        (b"", 200),
    ],
)
def test_a_note_is_read_with_care(served: Served, body: bytes, status: int) -> None:
    name = fresh()
    served.report({"job": name, "kind": "fail"})

    answer = served.ask("POST", f"/api/v1/alerts/{alert_of(served, name)['id']}/acknowledge", body)

    assert answer.status == status
    assert status == 200 or answer.json["error"]["message"]


def test_an_order_is_never_large(served: Served) -> None:
    answer = served.ask("POST", "/api/v1/alerts/x/acknowledge", b'{"note": "' + b"x" * 300_000 + b'"}')

    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


def test_past_alerts_are_read_in_pages_behind_the_open_ones(alone: Served) -> None:
    for n in range(5):
        alone.report({"job": f"j{n}", "kind": "fail"})
    alone.report(*({"job": f"j{n}", "kind": "success"} for n in range(4)))

    assert [alert["job"] for alert in alone.get("/api/v1/alerts")["items"]] == ["j4"]
    pages: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = alone.get(f"/api/v1/alerts?state=all&limit=2{cursor and f'&cursor={cursor}'}")
        pages.append([alert["job"] for alert in page["items"]])
        cursor = page["next"]
    assert pages == [["j4", "j3"], ["j2", "j1"], ["j0"]]


# ---------------------------------------------------------------- silences, receivers


def test_a_silence_mutes_and_ends(alone: Served) -> None:
    made = alone.ask(
        "POST", "/api/v1/silences", {"matchers": ['job="a"'], "for_minutes": 60, "comment": "moving"}
    )
    assert made.status == 201

    alone.report({"job": "a", "kind": "fail"}, {"job": "b", "kind": "fail"})
    alone.ear.wait_for(1)
    assert [message.job for message in alone.ear.messages] == ["b"]

    silence = alone.get("/api/v1/silences")["items"][0]
    assert (silence["state"], silence["matchers"], silence["comment"]) == ("active", ['job="a"'], "moving")
    assert alone.ask("DELETE", f"/api/v1/silences/{silence['id']}").status == 200
    assert alone.get("/api/v1/silences")["items"][0]["state"] == "ended"
    assert alone.ask("DELETE", "/api/v1/silences/nope").status == 404


def later(**span: float) -> str:
    return (now() + timedelta(**span)).isoformat()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"for_minutes": 5}, "matchers"),
        ({"matchers": [], "for_minutes": 5}, "matchers"),
        ({"matchers": ["job"], "for_minutes": 5}, "matchers.0"),
        ({"matchers": ['job="a"', 'job=~"("'], "for_minutes": 5}, "matchers.1"),
        ({"matchers": ['job="a\u0000"'], "for_minutes": 5}, "matchers.0"),
        ({"matchers": ['job="a"']}, "ends_at"),
        ({"matchers": ['job="a"'], "for_minutes": -1}, "for_minutes"),
        ({"matchers": ['job="a"'], "for_minutes": 5, "ends_at": later(hours=1)}, "for_minutes"),
        ({"matchers": ['job="a"'], "ends_at": later(hours=-1)}, "ends_at"),
        ({"matchers": ['job="a"'], "ends_at": later(days=500)}, "ends_at"),
        ({"matchers": ['job="a"'], "ends_at": "2027-01-01T00:00:00"}, "ends_at"),
        ({"matchers": ['job="a"'], "starts_at": later(hours=2), "ends_at": later(hours=1)}, "ends_at"),
        ({"matchers": ['job="a"'], "for_minutes": 5, "coment": "x"}, "coment"),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused_and_named(
    served: Served, body: dict[str, object], field: str
) -> None:
    answer = served.ask("POST", "/api/v1/silences", body)

    assert (answer.status, answer.json["error"]["field"]) == (422, field)


def test_a_test_goes_through_the_real_path(alone: Served) -> None:
    receiver = next(iter(alone.engine.configuration.targets))

    assert alone.ask("POST", f"/api/v1/receivers/{receiver}/test").status == 200
    alone.ear.wait_for(1)
    assert alone.ear.messages[0].kind.value == "test"
    assert alone.ask("POST", "/api/v1/receivers/nobody/test").status == 404


# ---------------------------------------------------------------- the server itself


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


# ---------------------------------------------------------------- faults of the store


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


def test_instants_are_told_in_utc(served: Served) -> None:
    name = fresh()
    served.report({"job": name, "kind": "start", "at": (now() - timedelta(hours=1)).isoformat()})

    told = job_of(served, name)["registered_at"]

    assert told.endswith("Z")
    assert datetime.fromisoformat(told).utcoffset() == timedelta(0)
