"""Data that has changed too much since the last run that passed (A9): told, and told until that is mended."""

import pytest

from tests.stories.story import Story
from tocsin.engine.commands import TeachRun
from tocsin.jobs.checks import Change, Check, Metric
from tocsin.jobs.job import JobKey
from tocsin.jobs.run import Meaning

FALL = Change(least=-0.2, is_relative=True)
ROWS = Check(id="rows", metric=Metric.ROW_COUNT, severity="critical", change=FALL)
OPEN = [("orders", "data_quality", "critical")]


@pytest.fixture
def orders(story: Story) -> Story:
    """A job that has written 1,000 rows at 01:00."""
    story.job("orders", checks=(ROWS,))
    ends(story, "01:00", 1_000.0)
    return story


def ends(story: Story, when: str, rows: float | str, *, run: str = "", partition: str = "") -> None:
    """Let a run end well that has written so many rows; it is called by its hour."""
    story.at(when).succeeds(
        "orders", run=run or f"r{when[:2]}", metrics={"row_count": rows}, partition=partition
    )


def said_of(run: str, meaning: Meaning) -> TeachRun:
    return TeachRun(job=JobKey("production", "orders"), run=run, who="ann", meaning=meaning, note="")


def test_the_first_run_is_learned_from_and_a_fall_is_told_with_both_values(orders: Story) -> None:
    assert orders.heard == []

    ends(orders, "02:00", 380.0)

    assert orders.heard == [("02:00", "critical", "firing")]
    assert "check rows failed: 380, -62 % from 1,000, may fall by at most 20 %" in orders.last.title
    assert dict(orders.last.evidence)["rows"] == "fail: 380, -62 % from 1,000; may fall by at most 20 %"


def test_what_stays_down_is_no_recovery_and_what_comes_back_is_no_new_trouble(orders: Story) -> None:
    change = Change(least=-0.2, most=0.5, is_relative=True)
    orders.job(
        "orders", checks=(Check(id="rows", metric=Metric.ROW_COUNT, severity="critical", change=change),)
    )
    orders.reloads()
    ends(orders, "02:00", 10.0)
    ends(orders, "03:00", 10.0)
    assert orders.open == OPEN

    ends(orders, "04:00", 900.0)
    assert orders.open == []
    ends(orders, "05:00", 700.0)
    assert orders.open == OPEN


def test_small_steps_are_each_compared_with_the_run_before(orders: Story) -> None:
    for hour, rows in enumerate((850.0, 700.0, 600.0, 500.0), start=2):
        ends(orders, f"{hour:02}:00", rows)

    assert orders.heard == []


def test_once_a_person_has_resolved_the_alert_the_next_run_is_compared_with_that_one(orders: Story) -> None:
    ends(orders, "02:00", 380.0)
    orders.at("02:30").resolves("ann")
    ends(orders, "03:00", 370.0)

    assert orders.open == []
    ends(orders, "04:00", 100.0)
    assert orders.open == OPEN


@pytest.mark.parametrize(
    ("meaning", "open_after"), [(Meaning.NEW_NORMAL, []), (Meaning.EXPECTED, OPEN), (Meaning.EXCLUDED, OPEN)]
)
def test_only_a_new_normal_is_what_the_next_run_is_compared_with(
    orders: Story, meaning: Meaning, open_after: list[tuple[str, str, str]]
) -> None:
    ends(orders, "02:00", 380.0)
    orders.at("02:30").orders(said_of("r02", meaning))

    ends(orders, "03:00", 380.0)

    assert orders.open == open_after


def test_a_run_that_is_to_tell_nothing_is_not_compared_with_though_it_passed(orders: Story) -> None:
    ends(orders, "02:00", 2_000.0)
    orders.at("02:30").orders(said_of("r02", Meaning.EXCLUDED))

    ends(orders, "03:00", 900.0)

    assert orders.open == []


def test_a_run_that_is_done_again_is_compared_with_what_it_was_compared_with_before(orders: Story) -> None:
    ends(orders, "02:00", 380.0)
    orders.at("03:00").starts("orders", run="r02")
    ends(orders, "03:20", 390.0, run="r02")
    assert orders.open == OPEN

    orders.at("04:00").starts("orders", run="r02")
    ends(orders, "04:20", 990.0, run="r02")
    assert orders.open == []


def test_runs_of_one_partition_are_not_compared_with_those_of_another(orders: Story) -> None:
    ends(orders, "02:00", 10.0, partition="fr")
    ends(orders, "03:00", 1_000.0, partition="de")
    ends(orders, "04:00", 9.0, partition="fr")
    assert orders.heard == []

    ends(orders, "05:00", 10.0, partition="de")
    assert orders.open == OPEN


def test_what_was_no_number_or_has_failed_is_nothing_to_compare_with(orders: Story) -> None:
    ends(orders, "02:00", "nan")
    orders.at("03:00").fails("orders", run="r03")
    orders.at("04:00").succeeds("orders", run="b", metrics={"row_count": 5.0}, backfill=True)
    ends(orders, "05:00", 950.0)

    assert orders.open == []
    assert orders.watch("orders").state.measured[-1].before == (("rows", 1_000.0),)


def test_two_checks_of_one_metric_each_have_their_own_past(orders: Story) -> None:
    soft = Check(id="soft", metric=Metric.ROW_COUNT, change=FALL)
    hard = Check(
        id="hard", metric=Metric.ROW_COUNT, severity="page", change=Change(least=-0.5, is_relative=True)
    )
    orders.job("orders", checks=(soft, hard))
    orders.reloads()
    ends(orders, "02:00", 1_000.0)

    ends(orders, "03:00", 700.0)
    assert orders.open == [("orders", "data_quality", "warning")]
    ends(orders, "04:00", 400.0)
    assert dict(orders.alerts()[-1].evidence)["soft"].startswith("warn: 400, -60 % from 1,000")
    assert dict(orders.alerts()[-1].evidence)["hard"].startswith("pass: 400, -42.86 % from 700")


def test_a_run_that_brings_no_number_is_told_and_the_next_is_compared_with_the_one_before(
    orders: Story,
) -> None:
    orders.at("02:00").succeeds("orders", run="r02")
    assert orders.open == OPEN

    ends(orders, "03:00", 990.0)
    assert orders.open == []
