"""Runs that hang: silent ones, and ones that beat without getting anywhere."""

from tests.stories.story import Story


def test_a_run_that_was_promised_to_beat_is_stalled_by_its_silence(story: Story) -> None:
    story.job("etl", stalled_after_seconds=300)

    story.at("02:00").starts("etl")
    story.at("02:04").beats("etl")
    story.until("02:09")

    assert story.heard == [("02:09", "critical", "firing")]
    assert story.titles == ["shows no sign of life for more than 5 min"]
    story.at("02:15").beats("etl")
    assert story.open == []


def test_without_a_promise_a_run_is_judged_by_its_own_rhythm(story: Story) -> None:
    story.at("02:00").starts("etl")
    for minute in range(1, 11):
        story.at(f"02:{minute:02}").beats("etl")
    story.until("02:14")

    assert story.heard == [("02:14", "critical", "firing")]


def test_a_run_that_never_beats_is_not_called_stalled(story: Story) -> None:
    story.at("02:00").starts("etl")

    assert story.silent_until("Wed 02:00")


def test_a_run_that_lives_and_gets_nowhere_is_stalled_too(story: Story) -> None:
    story.job("etl", no_progress_after_seconds=1200)

    story.at("02:00").starts("etl").beats("etl", done=10, of=100)
    for minute in range(1, 31):
        story.at(f"02:{minute:02}").beats("etl", done=10, of=100)

    assert story.heard == [("02:20", "critical", "firing")]
    assert story.titles == ["is alive but has made no progress for more than 20 min"]
    story.at("02:31").beats("etl", done=11, of=100)
    assert story.open == []


def test_a_run_between_two_attempts_is_not_stalled(story: Story) -> None:
    story.job("etl", stalled_after_seconds=7200)

    story.at("02:00").starts("etl", max_attempts=2).beats("etl")
    story.at("02:01").fails("etl", attempt=1)

    assert story.silent_until("04:00")
    story.until("04:01")
    assert story.alerts()[0].condition == "job_failure"


def test_a_stalled_run_is_made_up_for_by_a_good_later_one_and_stays_quiet(story: Story) -> None:
    story.job("etl", stalled_after_seconds=300)

    story.at("02:00").starts("etl", run="a")
    story.at("03:00").starts("etl", run="b")
    story.at("03:04").succeeds("etl", run="b")

    assert story.heard == [("02:05", "critical", "firing"), ("03:04", "critical", "resolved")]
    assert story.silent_until("2026-03-18 00:00")


def test_a_stalled_run_that_beats_and_stalls_again_is_told_again(story: Story) -> None:
    story.job("etl", stalled_after_seconds=300)

    story.at("02:00").starts("etl", run="a")
    story.at("03:00").starts("etl", run="b").succeeds("etl", run="b")
    story.at("03:30").beats("etl", run="a")
    story.until("03:35")

    assert story.heard[-1] == ("03:35", "critical", "firing")
