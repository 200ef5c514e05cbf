"""Runs that take much longer or shorter than such runs do."""

import pytest

from tests.stories.story import Story

USUAL = ("00:15", "00:14", "00:16", "00:15", "00:13", "00:15", "00:17", "00:15", "00:14", "00:16")
MARCH = "2026-03-{:02}"


def nights(story: Story, first: int = 1, last: int = 21) -> int:
    """Let the job run each night from 00:00 for about fifteen minutes; return the day after."""
    for day in range(first, last):
        story.at(f"{MARCH.format(day)} 00:00").starts("etl", run=str(day))
        story.at(f"{MARCH.format(day)} {USUAL[day % len(USUAL)]}").succeeds("etl", run=str(day))
    return last


@pytest.fixture
def march(story: Story) -> Story:
    story.begins("2026-03-01")
    story.job("etl")
    return story


def test_a_run_that_goes_on_far_too_long_is_told_while_it_is_still_running(march: Story) -> None:
    day = nights(march)
    assert march.heard == []

    march.at(f"{MARCH.format(day)} 00:00").starts("etl", run="slow")
    march.until(f"{MARCH.format(day)} 02:00")

    kinds = [(severity, kind) for _, severity, kind in march.heard]
    assert kinds == [("warning", "firing")]
    assert "still running after more than" in march.titles[0]
    assert "normal is" in march.titles[0]
    assert march.open == [("etl", "duration_anomaly", "warning")]


def test_nobody_is_woken_by_it_who_has_not_asked_for_that(march: Story) -> None:
    march.rule("duration_anomaly")
    day = nights(march)
    march.at(f"{MARCH.format(day)} 00:00").starts("etl", run="slow")
    march.until(f"{MARCH.format(day)} 02:00")

    kinds = [(severity, kind) for _, severity, kind in march.heard]
    assert kinds == [("warning", "firing"), ("page", "louder")]


def test_it_stays_told_when_it_ends_and_is_over_with_the_next_ordinary_run(march: Story) -> None:
    day = nights(march)
    march.at(f"{MARCH.format(day)} 00:00").starts("etl", run="slow")
    march.at(f"{MARCH.format(day)} 01:40").succeeds("etl", run="slow")
    march.until(f"{MARCH.format(day)} 20:00")
    assert [alert.condition for alert in march.alerts()] == ["duration_anomaly"]

    nights(march, day + 1, day + 2)
    assert march.open == []


def test_a_run_that_is_far_too_short_is_told_when_it_has_ended(march: Story) -> None:
    day = nights(march)
    march.at(f"{MARCH.format(day)} 00:00").starts("etl", run="fast")
    march.at(f"{MARCH.format(day)} 00:01").succeeds("etl", run="fast")
    march.until(f"{MARCH.format(day)} 20:00")

    assert [a.condition for a in march.alerts()] == ["duration_anomaly"]
    assert march.titles[0].startswith("took 1 min; normal is")
    assert march.open == [("etl", "duration_anomaly", "warning")]


def test_what_is_little_in_minutes_is_never_told_however_unusual(march: Story) -> None:
    for day in range(1, 21):
        march.at(f"{MARCH.format(day)} 00:00:00").starts("etl", run=str(day))
        march.at(f"{MARCH.format(day)} 00:00:10").succeeds("etl", run=str(day))
    march.at(f"{MARCH.format(21)} 00:00:00").starts("etl", run="slow")
    march.at(f"{MARCH.format(21)} 00:01:50").succeeds("etl", run="slow")

    assert march.silent_until(f"{MARCH.format(22)} 00:00")
    assert march.heard == []


def test_a_job_that_has_run_four_times_is_still_being_learned(march: Story) -> None:
    day = nights(march, 1, 5)
    march.at(f"{MARCH.format(day)} 00:00").starts("etl", run="slow")

    march.until(f"{MARCH.format(day)} 08:00")
    assert march.heard == []


def test_runs_that_make_up_for_old_ones_say_nothing_of_the_normal(march: Story) -> None:
    day = nights(march)
    march.at(f"{MARCH.format(day)} 08:00").starts("etl", run="backfill", backfill=True)
    march.at(f"{MARCH.format(day)} 12:00").succeeds("etl", run="backfill", backfill=True)

    assert march.silent_until(f"{MARCH.format(day)} 20:00")


def test_a_lasting_change_becomes_the_new_normal_and_is_said_once(march: Story) -> None:
    day = nights(march)
    for later in range(day, day + 9):
        march.at(f"{MARCH.format(later)} 00:00").starts("etl", run=str(later))
        march.at(f"{MARCH.format(later)} 01:{USUAL[later % 10][3:]}").succeeds("etl", run=str(later))
    march.until(f"{MARCH.format(day + 9)} 00:00")

    news = [title for title in march.titles if "new normal" in title]
    assert len(news) == 1
    assert march.open == []


def test_a_server_that_was_down_when_it_was_due_to_learn_does_so_afterwards(march: Story) -> None:
    day = nights(march, 1, 20)
    march.at(f"{MARCH.format(day)} 00:00").starts("etl", run=str(day))
    march.at(f"{MARCH.format(day)} 00:15").succeeds("etl", run=str(day))
    march.down(f"{MARCH.format(day)} 00:16", f"{MARCH.format(day)} 03:00")
    march.until(f"{MARCH.format(day)} 03:10")

    watch = march.watch("etl")
    assert watch.state.unlearned is None
    assert watch.learned.judged[-1].run == str(day)
