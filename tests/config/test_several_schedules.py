"""Several schedules of one job, as the file and its mistakes say them."""

from datetime import UTC, datetime

import pytest

from tests.config.conftest import Faults, Load
from tocsin.jobs.job import JobKey
from tocsin.jobs.occurrence import Plan, next_occurrence

FRIDAY = datetime(2026, 3, 6, 12, tzinfo=UTC)
SNIPPET = """\
defaults: {timezone: UTC, grace_period_minutes: 7}
jobs:
  sync: {schedule: ["0 6 * * 1-5", "Sat,Sun 09:00"], deadline_offset_minutes: 45}
  report:
    business_days_only: true
    max_duration_minutes: 30
    schedules:
      - {deadline: "06:00"}
      - {must_complete_by: "09:00", closed_days_only: true}
      - {schedule: ["0 12 * * *", "0 18 * * *"], grace_period_minutes: 90, business_days_only: false}
"""


def plan_of(load: Load, job: str) -> Plan:
    return load(SNIPPET).configuration.jobs[JobKey("production", job)].plan


def coming(plan: Plan, count: int) -> list[tuple[str, str | None, str | None]]:
    found, at = [], FRIDAY
    for _ in range(count):
        one = next_occurrence(plan, at)
        assert one is not None
        at = one.nominal_at
        found.append(
            tuple(t.strftime("%a %H:%M") if t else None for t in (at, one.start_by, one.deadline_at))
        )
    return found  # type: ignore[return-value]  # the generator has as many as the tuple


def test_a_list_of_schedules_shares_the_promises_of_the_job(load: Load) -> None:
    assert coming(plan_of(load, "sync"), 3) == [
        ("Sat 09:00", "Sat 09:07", "Sat 09:45"),
        ("Sun 09:00", "Sun 09:07", "Sun 09:45"),
        ("Mon 06:00", "Mon 06:07", "Mon 06:45"),
    ]


def test_each_of_several_schedules_has_its_own_promises_and_the_rest_from_the_job(load: Load) -> None:
    assert coming(plan_of(load, "report"), 5) == [
        ("Fri 18:00", "Fri 19:30", None),
        ("Sat 00:00", None, "Sat 09:00"),
        ("Sat 12:00", "Sat 13:30", None),
        ("Sat 18:00", "Sat 19:30", None),
        ("Sun 00:00", None, "Sun 09:00"),
    ]


@pytest.mark.parametrize(
    ("job", "path", "words"),
    [
        ("{schedule: ['0 6 * * *', every 15m]}", "jobs.a.schedule", "cannot stand beside others"),
        ("{schedule: ['0 6 * * *', sunda]}", "jobs.a.schedule[1]", "did you mean 'sunday'"),
        ("{schedule: []}", "jobs.a.schedule", "at least 1 entry"),
        ("{schedules: []}", "jobs.a.schedules", "at least 1 entry"),
        ("{schedules: [{grace_period_minutes: 5}]}", "jobs.a.schedules[0]", "says of no run when it is"),
        ("{schedules: [{schedule: every 1h}, {deadline: 6:00}]}", "jobs.a.schedules", "cannot stand beside"),
        ("{schedule: monday, schedules: [{schedule: sunday}]}", "jobs.a.schedules", "keep one of the two"),
        ("{deadline: 6:00, schedules: [{schedule: sunday}]}", "jobs.a.deadline", "move it there"),
        ("{must_complete_by: 6:00, schedules: [{schedule: sunday}]}", "jobs.a.must_complete_by", "move it"),
        (
            "{schedules: [{deadline: 6:00, business_days_only: true, closed_days_only: true}]}",
            "jobs.a.schedules[0].closed_days_only",
            "leaves no day",
        ),
        (
            "{schedules: [{deadline: 6:00, must_complete_by: 7:00}]}",
            "jobs.a.schedules[0].must_complete_by",
            "says another",
        ),
        ("{schedules: [{deadlin: 6:00}]}", "jobs.a.schedules[0].deadlin", "not a known key"),
    ],
)
def test_a_mistake_in_several_schedules_is_told_where_it_is(
    faults: Faults, job: str, path: str, words: str
) -> None:
    found = faults(f"jobs: {{a: {job}}}")
    assert path in [problem.path for problem in found]
    assert words in " ".join(problem.message for problem in found)


def test_an_entry_that_is_the_only_one_may_be_an_interval(load: Load) -> None:
    assert load("jobs: {a: {schedules: [{schedule: every 1h, grace_period_minutes: 1}]}}")
