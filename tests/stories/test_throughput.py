"""Runs that get through too little in a second."""

from tests.stories.story import Story


def test_a_run_at_work_is_told_when_its_reports_show_it_slow_and_is_over_when_they_do_not(
    story: Story,
) -> None:
    story.rule("throughput", threshold=10.0)
    story.at("02:00").starts("load", run="a")
    story.at("02:01").beats("load", run="a", done=0)
    for minute in range(2, 8):
        story.at(f"02:{minute:02}").beats("load", run="a", done=1200 * (minute - 1))
    assert story.heard == []

    for minute in range(8, 16):
        story.at(f"02:{minute:02}").beats("load", run="a", done=7200 + minute)
    (firing,) = story.heard
    assert firing[1:] == ("warning", "firing")
    assert story.titles[0].endswith("records per second, fewer than 10")

    for minute in range(16, 30):
        story.at(f"02:{minute:02}").beats("load", run="a", done=7300 + 3000 * (minute - 15))
    assert [kind for _, _, kind in story.heard] == ["firing", "resolved"]


def test_a_young_run_is_given_time(story: Story) -> None:
    story.rule("throughput", threshold=10.0, least=120)
    story.at("02:00").starts("load", run="a")
    story.at("02:01").beats("load", run="a", done=1)
    story.at("02:02").beats("load", run="a", done=2)
    assert story.open == []

    story.at("02:03").beats("load", run="a", done=3)
    assert story.open == [("load", "throughput", "warning")]


def test_a_run_that_was_slow_to_its_end_stays_told_until_one_is_fast_enough(story: Story) -> None:
    story.rule("throughput", threshold=10.0)
    story.at("02:00").starts("load", run="a")
    story.at("02:10").succeeds("load", run="a", records=600)
    assert story.titles == ["ended well but got through 1 records per second, fewer than 10"]

    story.at("03:00").starts("load", run="b")
    story.at("03:10").succeeds("load", run="b", records=600_000)
    assert story.open == []


def test_without_a_rule_nobody_is_told_of_it(story: Story) -> None:
    story.at("02:00").starts("load", run="a")
    story.at("02:10").succeeds("load", run="a", records=1)

    assert story.silent_until("03:00")


def test_a_new_attempt_begins_to_count_anew(story: Story) -> None:
    story.rule("throughput", threshold=10.0)
    story.at("02:00").starts("load", run="a", max_attempts=2)
    story.at("02:01").beats("load", run="a", done=6000)
    story.at("02:02").beats("load", run="a", done=12_000)
    story.at("02:03").will_retry("load", run="a", attempt=1)
    story.at("02:30").starts("load", run="a", attempt=2)
    story.at("02:31").beats("load", run="a", done=12_001)
    story.at("02:32").beats("load", run="a", done=20_000)

    assert story.open == []


def test_a_stage_that_counts_from_none_again_is_no_slow_one(story: Story) -> None:
    story.rule("throughput", threshold=10.0)
    story.at("02:00").starts("load", run="a")
    story.at("02:01").beats("load", run="a", done=60_000)
    story.at("02:05").beats("load", run="a", done=10)
    story.at("02:07").beats("load", run="a", done=12_000)

    assert story.open == []


def test_a_good_run_that_says_nothing_of_records_calls_nothing_over(story: Story) -> None:
    story.rule("throughput", threshold=10)
    story.at("01:00").starts("load", run="slow")
    story.at("01:30").succeeds("load", run="slow", records=100)
    story.at("02:00").starts("load", run="silent")
    story.at("02:30").succeeds("load", run="silent")
    assert story.open == [("load", "throughput", "warning")]

    story.at("03:00").starts("load", run="fast")
    story.at("03:30").succeeds("load", run="fast", records=100_000)
    assert story.open == []
