from typing import Any

import pytest

from tests.web.served import Served, fresh


def job_of(served: Served, name: str, environment: str = "production") -> Any:  # noqa: ANN401  # JSON is anything
    return served.get(f"/api/v1/jobs/{environment}/{name}")


def alert_of(served: Served, job: str, state: str = "open") -> Any:  # noqa: ANN401  # JSON is anything
    items = served.get(f"/api/v1/alerts?limit=1000&state={state}")["items"]
    return next((alert for alert in items if alert["job"] == job), None)


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
        ({"runbook": "javascript:alert(1)"}, "runbook"),
        ({"schedule": ["0 6 * * *", "every 1h"]}, "schedule"),
        ({"schedule": "0 6 * * *", "schedules": [{"deadline": "06:00"}]}, "schedules"),
        ({"deadline": "05:00", "schedules": [{"deadline": "06:00"}]}, "deadline"),
        ({"schedules": [{"deadline": "06:00"}, {"deadline": "25:00"}]}, "schedules.1.deadline"),
        ({"schedules": [{"schedule": "sometimes"}]}, "schedules.0.schedule"),
        ({"schedules": [{"grace_period_minutes": 5}]}, "schedules.0"),
        (
            {"schedules": [{"deadline": "06:00", "closed_days_only": True, "business_days_only": True}]},
            "schedules.0.closed_days_only",
        ),
    ],
)
def test_a_definition_that_cannot_hold_is_refused_and_named(
    served: Served, body: dict[str, object], field: str
) -> None:
    answer = served.ask("PUT", f"/api/v1/jobs/production/{fresh()}/definition", body)

    assert (answer.status, answer.json["error"]["field"]) == (422, field)


def test_several_schedules_are_understood_and_shown(served: Served) -> None:
    name = fresh()
    entries = [
        {"deadline": "06:00", "business_days_only": True},
        {"schedule": ["sat, sun"], "deadline": "09:00", "grace_period_minutes": 20},
    ]
    path = f"/api/v1/jobs/production/{name}/definition"
    assert served.ask("PUT", path, {"schedules": entries}).status == 200

    promise = job_of(served, name)["definition"]

    assert (promise["schedule"], promise["deadline"], promise["business_days_only"]) == (None, "06:00", True)
    (other,) = promise["timetables"]
    assert (other["schedule"], other["deadline"]) == ("saturday,sunday", "09:00")
    assert (other["grace_period_minutes"], other["closed_days_only"]) == (20, False)
    assert served.ask("PUT", path, {"schedule": ["0 6 * * *", "0 18 * * *"]}).status == 200
    promise = job_of(served, name)["definition"]
    assert [promise["schedule"], promise["timetables"][0]["schedule"]] == ["0 6 * * *", "0 18 * * *"]


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
