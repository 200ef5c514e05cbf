"""Data that is far from what its job has written before (A9): learned, told once, over with a good run."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.stories.story import Story
from tocsin.jobs.checks import Anomaly, Check, Metric
from tocsin.rules.finding import Why

ROWS = Check(id="rows", metric=Metric.ROW_COUNT, severity="critical", anomaly=Anomaly())
NULLS = Check(id="nulls", metric=Metric.NULL_RATE, column="email", most=0.2, anomaly=Anomaly())
USUAL = (10_000.0, 10_400.0, 9_700.0, 10_100.0, 9_900.0, 10_300.0, 9_800.0, 10_200.0)
MARCH = "2026-03-{:02}"


def night(
    story: Story,
    day: int,
    rows: float | str | None = None,
    nulls: float = 0.02,
    *,
    partition: str = "",
) -> None:
    """Let the job write its rows in the night to this day of March, as usual where nothing is said."""
    usual = USUAL[day % len(USUAL)]
    sent: dict[str, float | str] = {"row_count": usual if rows is None else rows, "email_null_rate": nulls}
    run = f"night {day} {partition}"
    story.at(f"{MARCH.format(day)} 02:00").starts("orders", run=run, partition=partition)
    story.at(f"{MARCH.format(day)} 02:20").succeeds("orders", run=run, metrics=sent, partition=partition)


def nights(story: Story, first: int, last: int) -> None:
    for day in range(first, last + 1):
        night(story, day)


@pytest.fixture
def march(story: Story) -> Story:
    story.begins("2026-03-01")
    story.job("orders", checks=(ROWS, NULLS))
    return story


def test_nothing_is_said_while_it_is_learned_and_a_value_far_off_is_told_from_the_eleventh_run_on(
    march: Story,
) -> None:
    nights(march, 1, 5)
    night(march, 6, rows=30_000.0)
    nights(march, 7, 11)
    assert march.heard == []

    night(march, 12, rows=3_120.0)

    assert march.heard == [("Thu 02:20", "critical", "firing")]
    assert march.last.title.startswith("ended well, but check rows is unusual: normal is ")
    assert march.last.title.endswith(" runs), now 3,120")
    line = dict(march.last.evidence)
    assert line["rows"].startswith("fail: 3,120; normal is ")
    assert line["nulls"] == "pass: 0.02 (2 %); at most 0.2 (20 %); as usual"
    assert march.alerts()[-1].why is Why.UNUSUAL_DATA


def test_it_is_told_once_survives_the_lesson_and_is_over_with_the_next_good_run(march: Story) -> None:
    nights(march, 1, 20)
    night(march, 21, rows=3_120.0)
    march.until(f"{MARCH.format(21)} 06:00")
    assert [kind for _, _, kind in march.heard] == ["firing"]
    assert march.open == [("orders", "data_quality", "critical")]

    march.at(f"{MARCH.format(22)} 02:10").fails("orders", run="bad")
    assert ("orders", "data_quality", "critical") in march.open
    night(march, 23)
    assert march.open == []


def test_an_unusual_value_teaches_nothing_so_that_the_next_one_is_told_too(march: Story) -> None:
    nights(march, 1, 20)
    for day in (21, 23, 25):
        night(march, day, rows=3_120.0)
        assert march.open == [("orders", "data_quality", "critical")], day
        night(march, day + 1)
        assert march.open == []


def test_a_limit_a_missing_metric_and_an_unusual_one_are_told_apart(march: Story) -> None:
    nights(march, 1, 20)
    night(march, 21, rows="nan", nulls=0.5)
    line = dict(march.last.evidence)
    assert line["rows"].startswith("error: nan is not a finite number")
    assert line["nulls"] == "warn: 0.5 (50 %); at most 0.2 (20 %)"
    assert march.alerts()[-1].why is Why.CHECK_FAILED

    march.at(f"{MARCH.format(22)} 02:00").succeeds("orders", metrics={"email_null_rate": 0.15})
    line = dict(march.alerts()[-1].evidence)
    assert line["rows"] == "no data: 'row_count' was not sent"
    assert line["nulls"].startswith("warn: 0.15 (15 %); normal is ")
    assert line["nulls"].endswith(" runs)")


def test_only_the_side_on_which_data_is_worse_counts_unless_it_is_said(march: Story) -> None:
    nights(march, 1, 20)
    night(march, 21, nulls=0.0)
    assert march.open == []

    low = Check(id="rows", metric=Metric.ROW_COUNT, anomaly=Anomaly(direction="low"))
    march.job("orders", checks=(low,))
    march.reloads()
    night(march, 22, rows=60_000.0)
    assert march.open == []
    night(march, 23, rows=1_000.0)
    assert march.open == [("orders", "data_quality", "warning")]


def test_backfills_and_failed_runs_are_neither_judged_nor_learned_from(march: Story) -> None:
    nights(march, 1, 12)
    for day in range(1, 13):
        march.at(f"2026-03-12 {day:02}:40").succeeds(
            "orders", run=f"again {day}", backfill=True, metrics={"row_count": 40.0, "email_null_rate": 0.0}
        )
        march.at(f"2026-03-12 {day:02}:45").fails("orders", run=f"bad {day}", metrics={"row_count": 40.0})
    night(march, 13)
    assert march.open == []

    night(march, 14, rows=40.0)
    assert ("orders", "data_quality", "critical") in march.open


def test_each_partition_is_judged_by_its_own_newest_run(march: Story) -> None:
    nights(march, 1, 20)
    night(march, 21, rows=3_120.0, partition="eu")
    night(march, 22, partition="us")
    assert march.open == [("orders", "data_quality", "critical")]
    assert ("partition", "eu") in march.alerts()[-1].evidence

    night(march, 23, partition="eu")
    assert march.open == []


def test_so_many_unusual_runs_in_a_row_are_tolerated_where_the_rule_says_so(march: Story) -> None:
    march.rule("data_quality", in_a_row=2)
    nights(march, 1, 20)
    night(march, 21, rows=3_120.0)
    assert march.heard == []

    night(march, 22, rows=2_900.0)
    assert [kind for _, _, kind in march.heard] == ["firing"]
    assert ("failed runs", "2 in a row since 2026-03-21 02:20 UTC") in march.last.evidence


def test_rows_that_stay_at_another_level_become_the_new_normal(march: Story) -> None:
    nights(march, 1, 20)
    for day in range(21, 29):
        night(march, day, rows=30_000.0 + 100.0 * day)
    assert march.open == []
    assert [kind for _, _, kind in march.heard if kind != "repeat"] == ["firing", "resolved"]

    night(march, 29, rows=10_000.0)
    night(march, 30, rows=3_000.0)
    assert march.open == [("orders", "data_quality", "critical")]


def test_a_check_that_comes_later_knows_the_past_after_one_run_and_fails_nothing_before(march: Story) -> None:
    march.job("orders", checks=(NULLS,))
    nights(march, 1, 20)
    march.job("orders", checks=(ROWS, NULLS))
    march.reloads()
    march.until(f"{MARCH.format(20)} 12:00")
    assert march.heard == []

    night(march, 21)
    night(march, 22, rows=3_120.0)
    assert march.open == [("orders", "data_quality", "critical")]


def test_what_was_normal_long_ago_is_not_held_against_anybody(march: Story) -> None:
    nights(march, 1, 20)
    march.at("2026-06-01 02:00").succeeds("orders", metrics={"row_count": 50.0, "email_null_rate": 0.02})

    assert march.open == []


def test_a_restart_forgets_nothing_of_it(march: Story) -> None:
    nights(march, 1, 20)
    march.down(f"{MARCH.format(20)} 12:00", f"{MARCH.format(20)} 12:01")

    night(march, 21, rows=3_120.0)
    assert march.open == [("orders", "data_quality", "critical")]


def test_what_no_check_asks_for_any_more_is_not_kept(march: Story, tmp_path: Path) -> None:
    nights(march, 1, 2)
    march.job("orders", checks=(NULLS,))
    march.reloads()
    night(march, 3)
    march.until(f"{MARCH.format(3)} 04:00")
    march.server.die()

    with closing(sqlite3.connect(tmp_path / "tocsin.db")) as connection:
        kept = {series for (series,) in connection.execute("SELECT series FROM histories")}
    assert kept == {"", "email_null_rate"}
