"""What a responder is shown of a run."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.rules.facts import at, facts, failed
from tocsin.jobs.checkin import Detail, Progress
from tocsin.jobs.state import JobState
from tocsin.rules.evidence import MAX_ERROR, error_of, log_tail_of, of_run, variables_of
from tocsin.rules.wording import clock_time, plural, span

JOB = facts(JobState(), timezone="Europe/Berlin").job


def test_all_that_is_known_of_a_run_is_shown_in_the_words_that_people_look_for() -> None:
    run = failed(
        occurrence_at=at("11:00"),
        partition="eu",
        backfill=True,
        attempt=2,
        max_attempts=3,
        progress=Progress(done=1500, total=2000),
        records_ok=1500,
        records_failed=7,
        detail=Detail(
            exit_code=0,
            signal=9,
            error_type="OSError",
            error_message="disk full",
            max_rss_bytes=512 * 1024 * 1024,
            cpu_seconds=90,
            context=(("command", "etl.sh"), ("host", "db1"), ("password", "never shown")),
        ),
    )

    assert dict(of_run(JOB, run)) == {
        "run": "a",
        "expected at": "2026-03-10 12:00 CET",
        "partition": "eu",
        "backfill": "yes",
        "started": "2026-03-10 13:00 CET",
        "duration": "10 min",
        "attempt": "2 of 3",
        "progress": "1,500 of 2,000",
        "records": "1,500 ok, 7 failed (0.46 %)",
        "exit code": "0",
        "signal": "9",
        "error": "OSError: disk full",
        "memory": "512 MiB at most",
        "CPU": "1 min 30 s",
        "command": "etl.sh",
        "host": "db1",
    }


def test_what_is_not_known_is_not_shown() -> None:
    run = replace(failed(), started_at=None)

    assert of_run(JOB, run) == (("run", "a"),)
    assert (error_of(run), log_tail_of(run)) == ("", "")
    assert dict(variables_of(run)) == {"execution_id": "a", "error": "", "duration": ""}


def test_an_error_is_cut() -> None:
    assert len(error_of(failed(detail=Detail(error_message="x" * 5000)))) == MAX_ERROR


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (-3, "0.0 s"),
        (0.44, "0.4 s"),
        (1, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (3 * 86_400 + 4 * 3600 + 59, "3 d 4 h"),
        (timedelta(minutes=41), "41 min"),
    ],
)
def test_spans_are_read_in_their_two_largest_units(seconds: float | timedelta, text: str) -> None:
    assert span(seconds) == text


def test_instants_are_read_in_the_zone_of_the_job() -> None:
    assert clock_time(at("12:00"), "UTC") == "2026-03-10 12:00 UTC"
    assert clock_time(at("12:00:07"), "America/New_York") == "2026-03-10 08:00:07 EDT"


def test_nouns_follow_their_number() -> None:
    assert [plural(n, "run") for n in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]


@pytest.mark.parametrize(
    ("metadata", "step"),
    [
        ('{"steps": [{"name": "fetch", "ok": true}, {"name": "load\\n it", "ok": false}]}', "load it"),
        ('{"steps": [{"name": "a", "ok": false}, {"name": "b", "ok": false}]}', "a"),
        ('{"steps": [{"name": "a", "ok": true}]}', ""),
        ('{"steps": 7}', ""),
        ('{"steps": [{"name": 7, "ok": false}]}', ""),
        ('{"steps": [["a", false]]}', ""),
        ('{"rows": 7}', ""),
        ("", ""),
    ],
)
def test_the_first_step_that_failed_is_named_where_a_run_tells_its_steps(metadata: str, step: str) -> None:
    shown = dict(of_run(JOB, failed(detail=Detail(exit_code=1, metadata=metadata))))

    assert shown.get("failed step", "") == step
