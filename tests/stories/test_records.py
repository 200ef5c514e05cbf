"""Runs that end well with too few records, or with too many that failed; and partial successes."""

from tests.stories.story import Story


def test_fewer_records_than_promised_are_told_until_a_run_brings_enough(story: Story) -> None:
    story.job("load", min_records=1000)

    story.at("02:00").succeeds("load", run="a", records=120)
    story.at("03:00").succeeds("load", run="b", records=1000)

    assert story.heard == [("02:00", "warning", "firing"), ("03:00", "warning", "resolved")]
    assert story.titles[0] == "ended well with 120 records, fewer than the 1,000 it must process"


def test_an_empty_run_is_told_once_and_not_as_one_with_too_few_beside_it(story: Story) -> None:
    story.job("load", min_records=1000)

    story.at("02:00").succeeds("load", run="a", records=0)

    assert story.open == [("load", "no_data", "warning")]


def test_an_empty_run_after_a_short_one_takes_nothing_back(story: Story) -> None:
    story.job("load", min_records=1000)

    story.at("02:00").succeeds("load", run="a", records=120)
    story.at("03:00").succeeds("load", run="b", records=0)
    assert story.open == [("load", "min_records", "warning"), ("load", "no_data", "warning")]

    story.at("04:00").succeeds("load", run="c", records=1200)
    assert story.open == []


def test_a_run_that_does_not_say_how_many_calls_nothing_over(story: Story) -> None:
    story.job("load", min_records=1000, max_failure_rate=0.01)
    story.job("empty")

    story.at("02:00").succeeds("load", run="a", records=120, failed_records=80)
    story.at("02:00").succeeds("empty", run="a", records=0)
    assert len(story.open) == 3
    story.at("03:00").succeeds("load", run="b")
    story.at("03:00").succeeds("empty", run="b")
    assert len(story.open) == 3

    story.at("04:00").succeeds("load", run="c", records=1000, failed_records=0)
    story.at("04:00").succeeds("empty", run="c", records=1)
    assert story.open == []


def test_a_success_with_a_failed_record_is_no_failure(story: Story) -> None:
    story.at("02:00").succeeds("load", records=999, failed_records=1)

    assert story.silent_until("03:00")
    assert story.open == []


def test_more_failed_records_than_promised_are_told_until_a_run_keeps_to_it(story: Story) -> None:
    story.job("load", max_failure_rate=0.01)

    story.at("02:00").succeeds("load", run="a", records=970, failed_records=30)
    story.at("03:00").fails("load", run="b", records=1, failed_records=0)
    story.at("04:00").succeeds("load", run="c", records=999, failed_records=1)

    assert story.heard[0] == ("02:00", "warning", "firing")
    assert story.titles[0] == "ended well, but 3 % of its records failed; at most 1 % may"
    assert ("records", "970 ok, 30 failed (3 %)") in story.alerts()[0].evidence
    assert story.open == []


def test_a_rule_decides_what_counts_of_a_partial_success(story: Story) -> None:
    story.rule("failure_rate", threshold=0.0, page_threshold=0.5)

    story.at("02:00").succeeds("load", run="a", records=999, failed_records=1)
    story.at("03:00").succeeds("load", run="b", records=499, failed_records=501)

    assert story.heard == [("02:00", "warning", "firing"), ("03:00", "page", "louder")]


def test_a_failure_says_that_most_of_its_records_went_through(story: Story) -> None:
    story.at("02:00").starts("load", run="a")
    story.at("02:12").fails("load", run="a", records=999, failed_records=1, error="row 7 is no date")

    assert story.titles == ["failed after 12 min with 999 of 1,000 records through: row 7 is no date"]


def test_a_failure_of_few_records_can_be_made_a_warning(story: Story) -> None:
    story.rule("job_failure", threshold=0.01)

    story.at("02:00").fails("load", run="a", records=999, failed_records=1)
    assert story.open == [("load", "job_failure", "warning")]

    story.at("03:00").fails("load", run="b", records=500, failed_records=500)
    assert story.open == [("load", "job_failure", "critical")]


def test_a_short_partition_stays_told_though_many_others_end_well_after_it(story: Story) -> None:
    story.job("load", min_records=1000)
    story.at("02:00").succeeds("load", run="a", partition="eu", records=7)
    for number in range(25):
        story.at("02:10").succeeds("load", run=f"b{number}", partition=f"p{number}", records=9000)
    assert story.open == [("load", "min_records", "warning")]

    story.at("03:00").succeeds("load", run="c", partition="eu", records=9000)
    assert story.open == []


def test_many_failures_do_not_make_good_what_broke_a_limit_of_the_rule_alone(story: Story) -> None:
    story.rule("failure_rate", threshold=0.1)
    story.at("02:00").succeeds("load", run="a", records=5, failed_records=5)
    for number in range(25):
        story.at("03:00").fails("load", run=f"b{number}")
    assert story.open == [("load", "failure_rate", "warning"), ("load", "job_failure", "critical")]

    story.at("04:00").succeeds("load", run="c", records=9)
    assert story.open == []


def test_a_run_that_lost_most_of_its_records_is_told_though_nobody_has_promised_any(story: Story) -> None:
    story.at("02:00").succeeds("load", run="a", records=10, failed_records=990)

    assert story.heard == [("02:00", "warning", "firing")]
    assert story.titles == ["ended well, but 99 % of its records failed"]
    assert "max_failure_rate" in story.last.next_step
    story.at("03:00").succeeds("load", run="b", records=500, failed_records=500)
    assert story.open == []


def test_few_records_say_little_of_a_job_that_has_promised_nothing(story: Story) -> None:
    story.at("02:00").succeeds("load", run="a", records=9, failed_records=90)

    assert story.silent_until("20:00")
    assert story.open == []


def test_a_job_that_always_loses_most_of_its_records_can_say_so(story: Story) -> None:
    story.job("load", max_failure_rate=0.9)
    story.at("02:00").succeeds("load", run="a", records=200, failed_records=800)

    assert story.silent_until("20:00")


def test_a_run_without_any_good_record_is_told_as_that_alone_and_calls_nothing_over(story: Story) -> None:
    story.at("02:00").succeeds("empty", run="a", records=0, failed_records=1000)
    assert story.open == [("empty", "no_data", "warning")]

    story.at("02:00").succeeds("load", run="a", records=1, failed_records=999)
    story.at("03:00").succeeds("load", run="b", records=0, failed_records=1000)
    story.at("04:00").succeeds("load", run="c")
    assert [condition for job, condition, _ in story.open if job == "load"] == ["failure_rate", "no_data"]


def test_a_partition_that_lost_most_of_its_records_is_not_forgotten_behind_others(story: Story) -> None:
    story.at("02:00").succeeds("load", run="a", partition="de", records=10, failed_records=990)
    for number in range(30):
        story.at("03:00").succeeds("load", run=f"b{number}", partition=f"p{number}", records=100)
    assert story.open == [("load", "failure_rate", "warning")]

    story.at("04:00").succeeds("load", run="c", partition="de", records=1000)
    assert story.open == []
