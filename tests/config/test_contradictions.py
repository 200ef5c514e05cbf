"""Promises that contradict each other, and rules that watch nothing."""

from datetime import UTC, datetime

import pytest

from tests.config.conftest import Faults, Load
from tocsin.config import advice
from tocsin.errors import ConfigError

IN_NOVEMBER = datetime(2026, 11, 22, 12, tzinfo=UTC)
IN_BERLIN = "when clocks in Europe/Berlin go from 02:00 to 03:00"


@pytest.fixture(autouse=True)
def november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "now", lambda: IN_NOVEMBER)


@pytest.mark.parametrize(
    ("job", "key", "words"),
    [
        (
            "schedule: 0 8 * * *, deadline: 06:00",
            "deadline",
            "before the start at 08:00: it means the day after, 22 h",
        ),
        ("schedule: 0 * * * *, deadline: 06:00", "deadline", "one instant a day for many runs"),
        ("schedule: every 15m, grace_period_minutes: 20", "grace_period_minutes", "longer than the 15 min"),
        (
            "schedule: '*/15 * * * *', grace_period_minutes: 20",
            "grace_period_minutes",
            "longer than the 15 min",
        ),
        (
            "schedule: every 1h, deadline_offset_minutes: 90",
            "deadline_offset_minutes",
            "longer than the 1 h",
        ),
        ("deadline_offset_minutes: 90", "deadline_offset_minutes", "longer than the 1 h"),
        (
            "schedule: 0 2 * * *, deadline: 03:00, min_duration_minutes: 90",
            "min_duration_minutes",
            "more than the 1 h from the start to the deadline",
        ),
        (
            "schedule: 0 2 * * *, deadline: 03:00, severity_escalation: {warning_minutes_before: 90}",
            "severity_escalation",
            "warning_minutes_before is not less than the 1 h",
        ),
        (
            "schedule: 0 2 * * *, deadline_offset_minutes: 9, severity_escalation: {critical_minutes_before: 9}",  # noqa: E501 -- a job as users write it
            "severity_escalation",
            "critical_minutes_before is not less than the 9 min",
        ),
        ("schedule: sunday, business_days_only: true", "schedule", "no run is ever expected"),
        (
            "timezone: Europe/Berlin, deadline: 02:30",
            "deadline",
            f"02:30 does not exist on 2027-03-28, {IN_BERLIN}; it is 03:00",
        ),
        (
            "timezone: Europe/Berlin, schedule: 15 2 * * *, must_complete_by: 02:30",
            "must_complete_by",
            f"02:30 does not exist on 2027-03-28, {IN_BERLIN}; it is 03:15",
        ),
        ("timezone: America/New_York, deadline: 02:30", "deadline", "2027-03-14"),
        (
            "schedules: [{schedule: '0 2 * * *', deadline: 03:00}, {schedule: 0 9 * * *, deadline: 08:00}]",
            "schedules",
            "before the start at 09:00",
        ),
    ],
)
def test_what_is_hardly_meant_is_told_once_with_its_line(load: Load, job: str, key: str, words: str) -> None:
    found = load(f"jobs:\n  good: {{deadline: 06:00}}\n  a: {{{job}}}\n").warnings

    assert [(one.path, one.line) for one in found] == [(f"jobs.a.{key}", 3)]
    assert words in found[0].message


@pytest.mark.parametrize(
    "job",
    [
        "schedule: 0 22 * * *, deadline: 06:00",
        "schedule: 0 17 * * *, deadline: 09:00",
        "schedule: 0 2 * * *, deadline: 06:00, max_duration_minutes: 600",
        "schedule: sunday, deadline: 23:00, severity_escalation: {warning_minutes_before: 120}",
        "schedule: 0 2 * * *, deadline_offset_minutes: 20",
        "schedule: '0 0,2,4 * * *', deadline: 06:00",
        "timezone: Europe/Berlin, schedule: monday, deadline: 02:30",
        "timezone: Europe/Berlin, deadline: 03:00",
        "timezone: Asia/Tokyo, deadline: 02:30",
        "schedule: every 1h, grace_period_minutes: 60",
    ],
)
def test_what_may_well_be_meant_is_not(load: Load, job: str) -> None:
    assert load(f"jobs: {{a: {{{job}}}}}").warnings == ()


def test_a_shortest_above_a_longest_duration_is_refused_wherever_the_two_stand(faults: Faults) -> None:
    found = faults("defaults: {max_duration_minutes: 10}\njobs:\n  a: {min_duration_seconds: 1200}\n  b: {}")

    assert [(one.path, one.line) for one in found] == [("jobs.a.min_duration_seconds", 3)]
    assert "at least 20 min and at most 10 min" in found[0].message


def test_of_very_many_jobs_the_first_hundred_warnings_are_told(load: Load) -> None:
    jobs = "".join(f"  job_{n}: {{schedule: every 15m, grace_period_minutes: 20}}\n" for n in range(300))
    assert len(load(f"jobs:\n{jobs}").warnings) == 101


@pytest.mark.parametrize(
    ("rule", "path", "suggestion"),
    [
        ("job_pattern: daily_etl_mian", "rules[0].job_pattern", "daily_etl_main"),
        ("job_pattern: '^hourly_dat_.*$'", "rules[0].job_pattern", "hourly_data_sync"),
        ("job_pattern: 'etl_.*'", "rules[0].job_pattern", ".*etl_.*"),
        ("job_pattern: xyz", "rules[0].job_pattern", None),
        ("matchers: 'job=\"daily_etl_mian\"'", "rules[0].matchers", 'job="daily_etl_main"'),
        ("matchers: ['team=~\"dta|x\"']", "rules[0].matchers[0]", 'team="data"'),
        ("job_pattern: hourly, matchers: ['team=\"data\"']", "rules[0].job_pattern", None),
    ],
)
def test_a_rule_that_watches_no_job_is_told_by_name_with_the_nearest_one(
    load: Load, rule: str, path: str, suggestion: str | None
) -> None:
    (found,) = load(
        "jobs: {daily_etl_main: {labels: {team: data}}, hourly_data_sync: {}}\n"
        f"rules: [{{name: etl failed, condition: job_failure, {rule}}}]"
    ).warnings

    assert (found.path, found.line, found.suggestion) == (path, 2, suggestion)
    assert "'etl failed' fits none of the 2 jobs" in found.message


@pytest.mark.parametrize(
    "rest",
    [
        "jobs: {}",
        "jobs: {daily_etl: {}}",
        "jobs: {x: {}}\nrules: [{name: a, condition: job_failure, job_pattern: daily, enabled: false}]",
    ],
)
def test_a_rule_that_watches_a_job_or_may_is_not_told_of(load: Load, rest: str) -> None:
    rule = "" if "rules" in rest else "\nrules: [{name: a, condition: job_failure, job_pattern: daily}]"
    assert load(rest + rule).warnings == ()


def test_everything_is_told_at_once_though_parts_of_the_file_cannot_be_used(load: Load) -> None:
    text = (
        "jobs:\n"
        "  a: {schedule: every 15m, grace_period_minutes: 20}\n"
        "  b: {deadline: 25:00}\n"
        "  c: {calendar: {country: DE, region: XX}}\n"
        "  d: {min_duration_minutes: 5, max_duration_minutes: 4}\n"
        "  e: {timezone: Europe/Berlin, deadline: 02:30}\n"
        "rules:\n"
        "  - {name: r, condition: job_failure, job_pattern: bb}\n"
        "  - {name: s, condition: no_such}\n"
        "  - {condition: stalled}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load(text)

    assert [(one.line, one.path) for one in caught.value.problems] == [
        (3, "jobs.b.deadline"),
        (4, "jobs.c.calendar.region"),
        (9, "rules[1].condition"),
        (10, "rules[2].name"),
        (5, "jobs.d.min_duration_minutes"),
    ]
    assert [(one.line, one.path) for one in caught.value.warnings] == [
        (2, "jobs.a.grace_period_minutes"),
        (6, "jobs.e.deadline"),
        (8, "rules[0].job_pattern"),
    ]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){25}b", "(x+x+)+y"])
def test_a_pattern_that_would_hang_elsewhere_is_read_and_answers_at_once(load: Load, pattern: str) -> None:
    name = "a" * 190 + "!"
    rules = f"[{{name: r, condition: job_failure, job_pattern: '{pattern}', matchers: 'job=~\"{pattern}\"'}}]"

    loaded = load(f"jobs: {{'{name}': {{}}}}\nrules: {rules}")

    assert [one.path for one in loaded.warnings] == ["rules[0].job_pattern"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("condition: failure_rate, threshold: 1.5", "1.5 is impossible"),
        ("condition: failure_rate, threshold: -0.1", "impossible"),
        ("condition: min_records, threshold: 2.5", "must be a whole number"),
        ("condition: job_failure, threshold: 3", "threshold"),
    ],
)
def test_an_impossible_threshold_is_refused_with_its_line(faults: Faults, rule: str, words: str) -> None:
    found = faults(f"jobs: {{a: {{}}}}\nrules:\n  - {{name: r, {rule}}}")

    assert {one.line for one in found} == {3}
    assert words in " ".join(f"{one.path} {one.message}" for one in found)
