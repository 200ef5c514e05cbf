"""Runs that will probably not be done in time, told before they are late."""

import pytest

from tests.stories.story import Story
from tocsin.rules.rule import Rule

USUAL = (15, 14, 16, 15, 13, 15, 17, 15, 14, 16)
FIRST, LAST = 10, 20
NIGHT = "2026-03-20"
ALONE = (Rule(name="at risk", condition="deadline_risk"),)
NEAR_AND_MISSED = (*ALONE, Rule(name="promise", condition="sla_breach"))


def nights(
    story: Story, job: str = "etl", begin: str = "01:{:02}", first: int = FIRST, last: int = LAST
) -> None:
    """Let a job run each night from its begin for about fifteen minutes."""
    for day in range(first, last):
        at = f"2026-03-{day:02} {begin}"
        story.at(at.format(0)).starts(job, run=f"{job} {day}")
        story.at(at.format(USUAL[day % len(USUAL)])).succeeds(job, run=f"{job} {day}")


@pytest.fixture
def march(story: Story) -> Story:
    story.begins("2026-03-09", at="22:00")
    story.rules = ALONE
    story.job("etl", schedule="0 1 * * *", deadline="01:25")
    return story


def test_a_slow_run_is_warned_of_before_its_deadline(march: Story) -> None:
    nights(march)
    assert march.heard == []

    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.until(f"{NIGHT} 01:24")

    (heard,) = march.heard
    assert heard[1:] == ("warning", "firing")
    assert "Fri 01:17" <= heard[0] <= "Fri 01:22"
    assert march.titles == ["will probably miss its deadline 2026-03-20 01:25 UTC"]
    told = dict(march.last.evidence)
    assert int(told["probability"].rstrip(" %")) >= 80
    assert told["limit"] == "done by 2026-03-20 01:25 UTC"
    assert told["expected finish"] > "2026-03-20 01:25"
    assert told["reckoned from"].endswith("comparable runs")


def test_it_is_over_when_the_run_ends_in_time_after_all(march: Story) -> None:
    nights(march)
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.at(f"{NIGHT} 01:24").succeeds("etl", run="slow")

    assert [kind for _, _, kind in march.heard] == ["firing", "resolved"]
    assert march.open == []


def test_progress_takes_the_warning_back_and_heartbeats_after_it_do_not_bring_it_again(march: Story) -> None:
    nights(march)
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.until(f"{NIGHT} 01:22")
    assert march.open == [("etl", "deadline_risk", "warning")]

    for second, done in ((10, 94), (20, 95), (30, 95.4), (40, 96), (50, 97)):
        march.at(f"{NIGHT} 01:22:{second}").beats("etl", run="slow", done=done, of=100)
    march.at(f"{NIGHT} 01:23").succeeds("etl", run="slow")

    assert [kind for _, _, kind in march.heard] == ["firing", "resolved"]


def test_progress_about_the_deadline_is_one_warning_and_not_one_for_each_heartbeat(march: Story) -> None:
    nights(march)
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    for minute in range(4, 24):
        even = 100 * minute / 27
        march.at(f"{NIGHT} 01:{minute:02}").beats("etl", run="slow", done=even + minute % 3 - 1, of=100)

    assert [kind for _, _, kind in march.heard] == ["firing"]


def test_slow_progress_warns_long_before_the_time_that_runs_take_is_over(march: Story) -> None:
    nights(march)
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    for minute in range(1, 15):
        march.at(f"{NIGHT} 01:{minute:02}").beats("etl", run="slow", done=1.7 * minute, of=100)

    assert [kind for _, _, kind in march.heard] == ["firing"]
    assert march.heard[0][0] < "Fri 01:14"


def test_a_run_that_has_not_started_is_warned_of_while_it_could_still_be_done(march: Story) -> None:
    nights(march)
    march.until(f"{NIGHT} 01:24")

    (heard,) = march.heard
    assert "Fri 01:05" <= heard[0] <= "Fri 01:15"
    assert dict(march.last.evidence)["run"] == "has not started"


def test_once_the_deadline_is_missed_nothing_new_is_said_and_nothing_called_over(march: Story) -> None:
    march.rules = NEAR_AND_MISSED
    nights(march)
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.until(f"{NIGHT} 03:00")
    assert march.open == [("etl", "deadline_risk", "warning"), ("etl", "sla_breach", "page")]

    march.at(f"{NIGHT} 03:01").succeeds("etl", run="slow")
    assert march.open == []
    assert [kind for _, _, kind in march.heard[-2:]] == ["resolved", "resolved"]


def test_a_run_that_fails_does_not_call_off_the_warning(march: Story) -> None:
    nights(march)
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.at(f"{NIGHT} 01:23").fails("etl", run="slow")
    march.until(f"{NIGHT} 01:40")

    assert march.open == [("etl", "deadline_risk", "warning")]
    march.at(f"{NIGHT} 02:00").starts("etl", run="again", nominal=f"{NIGHT} 01:00")
    march.at(f"{NIGHT} 02:10").succeeds("etl", run="again", nominal=f"{NIGHT} 01:00")
    assert march.open == []


def test_a_short_past_says_nothing(march: Story) -> None:
    nights(march, last=FIRST + 4)
    march.at("2026-03-14 01:00").starts("etl", run="slow")

    assert march.silent_until("2026-03-14 03:00")


def test_how_long_a_run_may_take_is_a_promise_like_a_deadline(march: Story) -> None:
    march.job("etl", max_minutes=25)
    nights(march)
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.until(f"{NIGHT} 01:24")

    assert march.titles == ["will probably run longer than the 25 min it may take"]


def test_a_backfill_is_not_compared_with_runs_that_were_due(march: Story) -> None:
    march.job("etl", max_minutes=25)
    nights(march)
    march.at(f"{NIGHT} 08:00").starts("etl", run="backfill", backfill=True)

    assert march.silent_until(f"{NIGHT} 12:00")


def test_what_a_person_has_closed_is_not_opened_again_for_the_same_run(march: Story) -> None:
    nights(march)
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.at(f"{NIGHT} 01:22").resolves("ann")
    march.at(f"{NIGHT} 01:23").beats("etl", run="slow")
    march.until(f"{NIGHT} 01:24")

    assert march.open == []


def test_a_server_that_comes_back_warns_only_of_what_is_still_not_done(march: Story) -> None:
    nights(march)
    march.at(f"{NIGHT} 01:00").starts("etl", run="slow")
    march.down(f"{NIGHT} 01:10", f"{NIGHT} 01:18")
    assert march.silent_until(f"{NIGHT} 01:22")

    march.until(f"{NIGHT} 01:24")
    assert [kind for _, _, kind in march.heard] == ["firing"]


def test_nobody_is_warned_at_night_because_the_clocks_change(story: Story) -> None:
    story.begins("2026-03-19", zone="Europe/Berlin", at="22:00")
    story.rules = ALONE
    story.job("etl", schedule="50 1 * * *", deadline="03:10")
    for day in range(20, 31):
        story.at(f"2026-03-{day:02} 01:50").starts("etl", run=str(day))
        after = f"2026-03-{day:02} {'03' if day == 29 else '02'}:{USUAL[day % 10] - 10:02}"
        story.at(after).succeeds("etl", run=str(day))

    assert story.heard == []
    assert story.watch("etl").learned.normal is not None


@pytest.fixture
def chain(story: Story) -> Story:
    """`load` begins some minutes after `extract` has ended, and is promised by 02:00."""
    story.begins("2026-03-09", at="22:00")
    story.rules = ALONE
    story.job("extract", schedule="0 1 * * *")
    story.job("load", schedule="0 1 * * *", deadline="02:00", grace=60, upstream=("extract",))
    for day in range(FIRST, LAST):
        night, took = f"2026-03-{day:02}", USUAL[day % len(USUAL)]
        story.at(f"{night} 01:00").starts("extract", run=f"e{day}")
        story.at(f"{night} 01:{took}").succeeds("extract", run=f"e{day}")
        story.at(f"{night} 01:{took + 2}").starts("load", run=f"l{day}")
        story.at(f"{night} 01:{took + 17}").succeeds("load", run=f"l{day}")
    return story


def test_a_job_that_waits_for_a_slow_one_is_warned_of_before_it_could_start(chain: Story) -> None:
    assert chain.heard == []
    chain.at(f"{NIGHT} 01:00").starts("extract", run="slow")
    for minute in range(2, 25, 2):
        chain.at(f"{NIGHT} 01:{minute:02}").beats("extract", run="slow", done=minute, of=60)

    assert chain.open == [("load", "deadline_risk", "warning")]
    assert chain.heard[0][0] <= "Fri 01:24"
    assert dict(chain.last.evidence)["waits for"] == "extract"


def test_a_job_is_warned_of_no_more_once_what_it_waits_for_has_ended_in_time(chain: Story) -> None:
    chain.at(f"{NIGHT} 01:00").starts("extract", run="slow")
    for minute in range(2, 25, 2):
        chain.at(f"{NIGHT} 01:{minute:02}").beats("extract", run="slow", done=minute, of=60)
    chain.at(f"{NIGHT} 01:25").succeeds("extract", run="slow")
    chain.until(f"{NIGHT} 01:26")

    assert [kind for _, _, kind in chain.heard] == ["firing", "resolved"]


def test_ordinary_heartbeats_do_not_wake_those_who_wait(chain: Story) -> None:
    chain.at(f"{NIGHT} 01:00").starts("extract", run="usual")
    chain.at(f"{NIGHT} 01:01").beats("extract", run="usual", done=1, of=1_000)
    chain.until(f"{NIGHT} 01:02")
    due_at = chain.watch("load").due_at
    for second in range(10, 50, 10):
        chain.at(f"{NIGHT} 01:02:{second}").beats("extract", run="usual", done=second, of=1_000)
        assert chain.watch("load").due_at == due_at
