"""What a file asks for and never gets is told, with what was meant."""

import pytest

from tests.config.conftest import Load

SHARE = "rules: [{{name: share, condition: failure_rate, of: runs, threshold: 0.2, window_minutes: {}{}}}]\n"


def test_a_needed_job_that_is_spelled_wrong_is_told_with_the_nearest_one(load: Load) -> None:
    (found,) = load("jobs:\n  daily_etl: {}\n  load: {upstream: [daily_etl, daily_elt]}\n").warnings

    assert (found.path, found.line, found.suggestion) == ("jobs.load.upstream[1]", 3, "daily_etl")
    assert "'daily_elt' is none of the 2 jobs of this file" in found.message


def test_a_needed_job_that_is_none_of_the_file_may_check_in_by_itself(load: Load) -> None:
    assert load("jobs:\n  load: {upstream: [warehouse]}\n").warnings == ()


@pytest.mark.parametrize(
    ("minutes", "more", "schedule", "is_told"),
    [
        (1_440, "", '"0 1 * * *"', True),
        (1_440, ", fewest: 1", '"0 1 * * *"', False),
        (10_080, "", '"0 1 * * *"', False),
        (1_440, "", "every 15m", False),
        (60, "", '"*/20 * * * *"', True),
    ],
)
def test_a_window_in_which_too_few_runs_are_due_is_told(
    load: Load, minutes: int, more: str, schedule: str, *, is_told: bool
) -> None:
    warnings = load(SHARE.format(minutes, more) + f"jobs: {{etl: {{schedule: {schedule}}}}}").warnings

    assert [found.path for found in warnings] == (["rules[0].window_minutes"] if is_told else [])
    assert all("it speaks from 5 runs in" in found.message for found in warnings)


def test_a_window_is_long_enough_if_it_is_for_one_of_the_jobs(load: Load) -> None:
    jobs = "jobs: {etl: {schedule: '0 1 * * *'}, sync: {schedule: every 5m}}"
    assert load(SHARE.format(1_440, "") + jobs).warnings == ()
    assert load(SHARE.format(1_440, "") + "jobs: {etl: {schedule: '0 1 * * *'}, ad_hoc: {}}").warnings == ()
