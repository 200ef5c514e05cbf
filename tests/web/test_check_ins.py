import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.web.served import Served, fresh
from tocsin.clock import now

CHECK_INS = "/api/v1/check-ins"


def test_a_check_in_is_answered_once_it_is_kept(served: Served) -> None:
    job = fresh()

    answer = served.ask("POST", CHECK_INS, {"job": job, "kind": "start", "run": "r1"})

    assert (answer.status, answer.json) == (
        202,
        {"results": [{"index": 0, "status": "accepted", "run": "r1"}]},
    )
    assert served.get(f"/api/v1/jobs/production/{job}/runs")["items"][0]["run"] == "r1"


def test_a_list_is_answered_one_by_one(served: Served) -> None:
    job = fresh()

    results = served.report(
        {"job": job, "kind": "start", "run": "r1", "seq": 1},
        {"job": job, "kind": "success", "run": "r1", "seq": 2},
        {"job": job, "kind": "success", "run": "r1", "seq": 2},
        {"job": job, "kind": "start", "run": "r1", "seq": 3},
    )

    assert [result["status"] for result in results] == ["accepted", "accepted", "duplicate", "late"]


def test_in_a_list_the_good_ones_are_kept_and_each_bad_one_is_named_by_its_index(served: Served) -> None:
    job = fresh()

    results = served.report(
        {"job": job, "kind": "start", "run": "r1"},
        {"job": job, "knd": "start"},
        {"job": job, "kind": "start", "run": "r2", "at": "2026-03-01T06:00:00"},
        {"job": job, "kind": "success", "run": "r1"},
        "nonsense",
    )

    assert [(result["index"], result["status"]) for result in results] == [
        (0, "accepted"),
        (1, "rejected"),
        (2, "rejected"),
        (3, "accepted"),
        (4, "rejected"),
    ]
    assert (results[1]["field"], results[2]["field"]) == ("kind", "at")
    assert "did you mean 'kind'?" in results[1]["faults"][1]["message"]
    assert [run["run"] for run in served.get(f"/api/v1/jobs/production/{job}/runs")["items"]] == ["r1"]


def test_a_list_without_any_good_one_is_refused(served: Served) -> None:
    answer = served.ask("POST", CHECK_INS, [{"job": fresh()}, {"kind": "start"}])

    assert answer.status == 422
    assert [result["field"] for result in answer.json["results"]] == ["kind", "job"]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"kind": "start"}, "job", "is required"),
        ({"job": "", "kind": "start"}, "job", "must not be empty"),
        ({"job": "a" * 10_000, "kind": "start"}, "job", "200"),
        ({"job": "a\u0000b", "kind": "start"}, "job", "control characters"),
        ({"job": "a\nb", "kind": "start"}, "job", "control characters"),
        ({"job": "..", "kind": "start"}, "job", "must not be '.' or '..'"),
        ({"job": 7, "kind": "start"}, "job", "must be a string"),
        ({"job": "a", "kind": "begin"}, "kind", "start"),
        ({"job": "a", "kind": "start", "envronment": "x"}, "envronment", "did you mean 'environment'?"),
        ({"job": "a", "kind": "start", "environment": "a\u0085b"}, "environment", "control characters"),
        ({"job": "a", "kind": "start", "run": "r" * 201}, "run", "200"),
        ({"job": "a", "kind": "start", "run": "r\u001b[31m"}, "run", "control characters"),
        ({"job": "a", "kind": "start", "partition": "a\rb"}, "partition", "control characters"),
        ({"job": "a", "kind": "start", "seq": 0}, "seq", "greater than or equal to 1"),
        ({"job": "a", "kind": "start", "seq": 1.5}, "seq", "whole number"),
        ({"job": "a", "kind": "start", "seq": "1"}, "seq", "whole number"),
        ({"job": "a", "kind": "start", "seq": 2**63}, "seq", "less than or equal"),
        ({"job": "a", "kind": "start", "seq": 10**400}, "seq", "must"),
        ({"job": "a", "kind": "success", "records": {"ok": -1}}, "records.ok", "greater than or equal to 0"),
        ({"job": "a", "kind": "heartbeat", "progress": {"done": -1}}, "progress.done", "greater than"),
        ({"job": "a", "kind": "heartbeat", "progress": {"total": 1}}, "progress.done", "is required"),
        ({"job": "a", "kind": "fail", "attempt": 0}, "attempt", "greater than or equal to 1"),
        ({"job": "a", "kind": "fail", "signal": 256}, "signal", "255"),
        ({"job": "a", "kind": "start", "at": "yesterday"}, "at", "2026-03-01T06:00:00Z"),
        ({"job": "a", "kind": "start", "at": "2026-03-01"}, "at", "must be an instant"),
        ({"job": "a", "kind": "start", "at": "2026-03-01T06:00:00"}, "at", "has no zone"),
        ({"job": "a", "kind": "start", "at": "1772344800"}, "at", "must be an instant"),
        ({"job": "a", "kind": "start", "at": 1772344800}, "at", "must be a string"),
        ({"job": "a", "kind": "start", "at": "20260301T060000Z"}, "at", "must be an instant"),
        ({"job": "a", "kind": "start", "at": "2126-03-01T06:00:00Z"}, "at", "in the future"),
        ({"job": "a", "kind": "start", "at": "1970-01-01T00:00:00Z"}, "at", "400 days back"),
        ({"job": "a", "kind": "start", "at": "0001-01-01T00:00:00+14:00"}, "at", "years 1 to 9999"),
        ({"job": "a", "kind": "start", "nominal_at": "2126-03-01T06:00:00Z"}, "nominal_at", "in the future"),
        ({"job": "a", "kind": "start", "nominal_at": "1999-12-31T00:00:00Z"}, "nominal_at", "2000"),
        ({"job": "a", "kind": "start", "sent_at": "now", "at": "2026-03-01T06:00:00Z"}, "sent_at", "instant"),
        ({"job": "a", "kind": "start", "labels": {"severity": "x"}}, "labels.severity", "set by Tocsin"),
        ({"job": "a", "kind": "start", "labels": {"a b": "x"}}, "labels.a b", "match pattern"),
        ({"job": "a", "kind": "start", "labels": {"a": "x" * 501}}, "labels.a", "500"),
        ({"job": "a", "kind": "start", "labels": {"a": "x\ny"}}, "labels.a", "control characters"),
        ({"job": "a", "kind": "start", "labels": {f"l{i}": "" for i in range(65)}}, "labels", "64"),
        ({"job": "a", "kind": "success", "metrics": {"a": "1"}}, "metrics.a", "number"),
        ({"job": "a", "kind": "success", "metrics": {f"m{i}": 1 for i in range(201)}}, "metrics", "200"),
        ({"job": "a", "kind": "success", "metadata": {"a": "x" * 20_000}}, "metadata", "16384"),
        (
            {"job": "a", "kind": "start", "definition": {"schedule": "61 * * * *"}},
            "definition.schedule",
            "minute",
        ),
        (
            {"job": "a", "kind": "start", "definition": {"timezone": "Berlin"}},
            "definition.timezone",
            "Europe/Berlin",
        ),
        (
            {"job": "a", "kind": "start", "definition": {"deadline": "25:00"}},
            "definition.deadline",
            "time of day",
        ),
        ({"job": "a", "kind": "start", "definition": {"grace": 5}}, "definition.grace", "did you mean"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_named(
    served: Served, body: Mapping[str, object], field: str, says: str
) -> None:
    answer = served.ask("POST", CHECK_INS, body)

    error = answer.json["error"]
    assert (answer.status, error["code"], error["field"]) == (422, "invalid", field)
    assert says in error["message"]


@pytest.mark.parametrize("body", [b"null", b'"start"', b"7", b"[[]]", b"[null]"])
def test_what_is_json_but_no_check_in_is_refused(served: Served, body: bytes) -> None:
    answer = served.ask("POST", CHECK_INS, body)

    assert (answer.status, answer.json["error"]["code"]) == (422, "invalid")
    assert "must be" in answer.json["error"]["message"]


def test_texts_are_kept_inert_and_within_their_limits(served: Served) -> None:
    job = fresh()
    served.report(
        {
            "job": job,
            "kind": "fail",
            "run": "r",
            "log_tail": "a" * 20_000 + "<script>\u0000end",
            "error": {"type": "Broken\u0000", "message": "m" * 5_000},
            "context": {"host": "h" * 2_000, "command": "rm \u0000 -rf"},
        }
    )

    run = served.get(f"/api/v1/jobs/production/{job}/runs")["items"][0]

    assert len(run["log_tail"]) == 10_000
    assert run["log_tail"].endswith("a<script>\u2400end")
    assert (run["error_type"], run["error_message"]) == ("Broken\u2400", "m" * 2_000)
    assert run["context"] == {"host": "h" * 1_000, "command": "rm \u2400 -rf"}


def test_names_in_any_script_are_kept_as_they_are(served: Served) -> None:
    names = [
        "مهمة ليلية",
        "日本語",
        "emoji 👨\u200d👩\u200d👧",
        "<b>",
        "a/b",
        "x" * 200,
        "a.b",
        "…",
        "%41",
        "a?b#c",
    ]
    names = [f"{name[:180]}{fresh('')}" for name in names]

    results = served.report(*({"job": name, "kind": "start", "run": name} for name in names))

    assert {result["status"] for result in results} == {"accepted"}
    kept = {job["name"] for job in served.get("/api/v1/jobs?limit=1000")["items"]}
    assert kept >= set(names)


def test_null_means_the_same_as_left_out(served: Served) -> None:
    fields = (
        "environment",
        "run",
        "seq",
        "at",
        "labels",
        "progress",
        "error",
        "log_tail",
        "definition",
        "backfill",
    )

    results = served.report({"job": fresh(), "kind": "start"} | dict.fromkeys(fields))

    assert results[0]["status"] == "accepted"


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-3), timedelta(hours=3), timedelta(days=-20_000)])
def test_a_senders_wrong_clock_is_corrected(served: Served, wrong_by: timedelta) -> None:
    job, arriving = fresh(), now()
    theirs = arriving + wrong_by

    served.report(
        {
            "job": job,
            "kind": "start",
            "run": "r",
            "at": (theirs - timedelta(minutes=10)).isoformat(),
            "sent_at": theirs.isoformat(),
        }
    )

    started = datetime.fromisoformat(
        served.get(f"/api/v1/jobs/production/{job}/runs")["items"][0]["started_at"]
    )
    assert abs(started - (arriving - timedelta(minutes=10))) < timedelta(seconds=5)


def test_what_lies_ahead_of_its_own_sending_is_refused(served: Served) -> None:
    sending = now()
    later = (sending + timedelta(days=30)).isoformat()

    results = served.report({"job": fresh(), "kind": "start", "at": later, "sent_at": sending.isoformat()})

    assert (results[0]["status"], results[0]["field"]) == ("rejected", "at")


def test_a_backfill_may_be_for_an_occurrence_of_years_ago(served: Served) -> None:
    job = fresh()

    served.report(
        {"job": job, "kind": "start", "run": "r", "backfill": True, "nominal_at": "2014-01-01T02:00:00+01:00"}
    )

    run = served.get(f"/api/v1/jobs/production/{job}/runs")["items"][0]
    assert (run["nominal_at"], run["backfill"]) == ("2014-01-01T01:00:00Z", True)


def test_everything_a_check_in_carries_is_kept(served: Served) -> None:
    job = fresh()
    body = {
        "job": job,
        "kind": "fail",
        "environment": "staging",
        "run": "r",
        "seq": 1,
        "partition": "eu",
        "attempt": 3,
        "max_attempts": 3,
        "records": {"ok": 999, "failed": 1},
        "labels": {"team": "data"},
        "exit_code": 3,
        "signal": 9,
        "error": {"type": "OSError", "message": "quota"},
        "metrics": {"row_count": 1000},
        "resources": {"cpu_seconds": 1.5, "max_rss_bytes": 10_000},
        "context": {"host": "h1"},
        "metadata": {"any": ["thing", 1]},
        "definition": {
            "schedule": "0 2 * * *",
            "timezone": "europe/berlin",
            "deadline": "06:00",
            "max_duration_minutes": 120,
            "severity_escalation": {"warning_minutes_before": 60, "critical_minutes_before": 30},
            "upstream": ["extract"],
            "runbook": "https://wiki.example.com/etl",
            "owner": "data",
        },
    }

    served.report(body)

    job_now = served.get(f"/api/v1/jobs/staging/{job}")
    run, promise = job_now["last_run"], job_now["definition"]
    assert (run["partition"], run["attempt"], run["max_attempts"]) == ("eu", 3, 3)
    assert (run["records_ok"], run["records_failed"], run["exit_code"], run["signal"]) == (999, 1, 3, 9)
    assert (run["error_type"], run["metrics"], run["cpu_seconds"]) == ("OSError", {"row_count": 1000}, 1.5)
    assert (run["max_rss_bytes"], run["context"]) == (10_000, {"host": "h1"})
    assert (promise["schedule"], promise["timezone"], promise["deadline"]) == (
        "0 2 * * *",
        "Europe/Berlin",
        "06:00",
    )
    assert (promise["max_duration_seconds"], promise["warning_minutes_before"]) == (7_200, 60)
    assert (promise["upstream"], promise["owner"], promise["defined_by"]) == (["extract"], "data", "check_in")
    assert job_now["labels"] == {"team": "data"}
    assert job_now["expected"]["nominal_at"] is not None


@pytest.mark.parametrize(
    "runbook", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example", "see the wiki", "//x"]
)
def test_a_runbook_that_is_no_web_address_is_left_out_with_a_warning_and_loses_no_check_in(
    served: Served, runbook: str
) -> None:
    job = fresh()
    definition = {"runbook": runbook, "owner": "data"}

    (result,) = served.report({"job": job, "kind": "start", "run": "r1", "definition": definition})

    assert (result["status"], result["run"], result["field"]) == ("accepted", "r1", "definition.runbook")
    assert "https://" in result["message"]
    kept = served.get(f"/api/v1/jobs/production/{job}")["definition"]
    assert (kept["runbook"], kept["owner"]) == ("", "data")


def test_a_runbook_saves_nothing_else_that_is_wrong_from_being_refused(served: Served) -> None:
    definition = {"runbook": "javascript:x", "owner": "a\x07b"}
    check_ins = [
        {"job": fresh(), "kind": "start", "definition": definition},
        {"job": fresh(), "kind": "start", "definition": {"runbook": "https://wiki.example.com"}},
    ]

    bad, good = served.report(*check_ins)

    assert (bad["status"], bad["field"]) == ("rejected", "definition.owner")
    assert (good["status"], "message" in good) == ("accepted", False)


def test_many_at_once_are_each_answered_for_themselves(served: Served) -> None:
    job = fresh()
    heard: dict[str, list[dict[str, Any]]] = {}

    def report(run: str) -> None:
        heard[run] = served.report({"job": job, "kind": "start", "run": run})

    threads = [threading.Thread(target=report, args=(f"r{number}",)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {run: results[0]["run"] for run, results in heard.items()} == {f"r{n}": f"r{n}" for n in range(40)}


def test_other_methods_are_refused_in_the_same_form(served: Served) -> None:
    answer = served.ask("GET", CHECK_INS)

    assert (answer.status, answer.json["error"]["code"]) == (405, "method_not_allowed")
