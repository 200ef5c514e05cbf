"""Runs that end well and have done nothing."""

from tests.stories.story import Story


def test_a_good_run_with_zero_records_is_told_and_resolved_by_one_with_some(story: Story) -> None:
    story.at("02:00").succeeds("load", run="a", records=0)
    story.at("03:00").succeeds("load", run="b", records=7)

    assert story.heard == [("02:00", "warning", "firing"), ("03:00", "warning", "resolved")]
    assert story.titles[0] == "ended well but processed zero records"


def test_a_run_that_does_not_say_how_many_is_not_taken_for_zero(story: Story) -> None:
    story.at("02:00").succeeds("load")

    assert story.silent_until("03:00")


def test_a_failed_run_with_zero_records_is_a_failure_and_nothing_else(story: Story) -> None:
    story.at("02:00").starts("load").fails("load", records=0)

    assert [a.condition for a in story.alerts()] == ["job_failure"]


def test_a_backfill_without_records_says_nothing(story: Story) -> None:
    story.at("02:00").succeeds("load", records=0, backfill=True)

    assert story.silent_until("03:00")


def test_each_partition_answers_for_itself(story: Story) -> None:
    story.at("02:00").succeeds("load", run="a", partition="eu", records=0)
    story.at("02:01").succeeds("load", run="b", partition="us", records=9)
    assert story.open == [("load", "no_data", "warning")]

    story.at("02:02").succeeds("load", run="c", partition="eu", records=9)
    assert story.open == []


def test_what_is_heard_late_of_an_empty_run_does_not_make_it_the_newest(story: Story) -> None:
    story.at("02:00").succeeds("load", run="a", records=0)
    story.at("03:00").succeeds("load", run="b", records=7)
    story.at("03:05").logs("load", run="a")
    story.at("03:10").succeeds("load", run="c", records=0, happened="02:30")
    story.until("05:00")

    assert story.heard == [("02:00", "warning", "firing"), ("03:00", "warning", "resolved")]


def test_of_runs_told_in_no_order_the_one_that_ended_last_counts(story: Story) -> None:
    story.at("03:00").succeeds("load", run="b", records=0)
    story.at("03:10").succeeds("load", run="a", records=7, happened="02:30")

    assert story.heard == [("03:00", "warning", "firing")]


def test_an_empty_partition_stays_told_though_many_others_end_well_after_it(story: Story) -> None:
    story.at("02:00").succeeds("load", run="a", partition="eu", records=0)
    for number in range(25):
        story.at("02:10").succeeds("load", run=f"b{number}", partition=f"p{number}", records=9)
    assert story.open == [("load", "no_data", "warning")]

    story.at("03:00").succeeds("load", run="c", partition="eu", records=9)
    assert story.heard == [("02:00", "warning", "firing"), ("03:00", "warning", "resolved")]


def test_many_failures_do_not_make_good_an_empty_run(story: Story) -> None:
    story.at("02:00").succeeds("load", run="a", records=0)
    for number in range(25):
        story.at("03:00").fails("load", run=f"b{number}")
    assert story.open == [("load", "job_failure", "critical"), ("load", "no_data", "warning")]

    story.at("04:00").succeeds("load", run="c", records=9)
    assert story.open == []


def test_an_empty_run_that_others_have_pushed_out_is_over_when_somebody_says_so(story: Story) -> None:
    story.at("02:00").succeeds("load", run="a", partition="eu", records=0)
    for number in range(25):
        story.at("02:10").succeeds("load", run=f"b{number}", partition=f"p{number}", records=9)
    story.at("03:00").resolves("ann")
    story.at("04:00").succeeds("load", run="c", partition="us", records=0)
    story.at("05:00").succeeds("load", run="d", partition="us", records=9)

    assert story.open == []
