"""Jobs that run for so many partitions that not every run of theirs can be remembered in full."""

from tests.stories.story import Story

MANY = 120


def test_an_alert_lasts_until_every_one_of_many_failed_partitions_is_made_good(story: Story) -> None:
    for number in range(MANY):
        story.at("02:00").fails("etl", partition=f"p{number}", run=f"a{number}")
    for number in [*range(17), *range(18, MANY)]:
        story.at("03:00").succeeds("etl", partition=f"p{number}", run=f"b{number}")
        assert story.open == [("etl", "job_failure", "critical")]

    assert dict(story.alerts()[0].evidence)["partition"] == "p17"
    story.at("04:00").succeeds("etl", partition="p17", run="b17")
    assert story.heard == [("02:00", "critical", "firing"), ("04:00", "critical", "resolved")]


def test_of_many_failed_backfills_none_hides_a_failed_run_that_was_due(story: Story) -> None:
    story.at("02:00").fails("etl", partition="eu", run="a").fails("etl", partition="us", run="b")
    for number in range(MANY):
        story.at("03:00").fails("etl", partition=f"p{number}", run=f"c{number}", backfill=True)
    story.at("04:00").succeeds("etl", partition="eu", run="d")

    assert ("etl", "job_failure", "critical") in story.open
    story.at("05:00").succeeds("etl", partition="us", run="e")
    assert story.open == [("etl", "job_failure", "warning")]


def test_one_good_run_makes_good_any_number_of_failures_of_one_job(story: Story) -> None:
    for number in range(MANY):
        story.at("02:00").fails("etl", run=f"a{number}")
    assert story.watch("etl").state.failures_dropped == MANY - 50
    story.at("03:00").succeeds("etl", run="b")

    assert story.open == []
    assert story.watch("etl").state.failures_dropped == 0


def test_a_failed_run_that_goes_on_is_no_failure_though_there_was_no_room_for_it(story: Story) -> None:
    for number in range(60):
        story.at("02:00").fails("etl", partition=f"p{number}", run=f"a{number}")
    story.at("02:30").succeeds("etl", partition="p3", run="a3")
    for number in [*range(3), *range(4, 60)]:
        story.at("03:00").succeeds("etl", partition=f"p{number}", run=f"b{number}")

    assert story.open == []


def test_many_runs_in_a_row_are_counted_by_partition_though_there_is_no_room_for_all(story: Story) -> None:
    story.rule("job_failure", in_a_row=2)
    for number in range(MANY):
        story.at("02:00").fails("etl", partition=f"p{number}", run=f"a{number}")
    assert story.open == []

    story.at("03:00").fails("etl", partition="p30", run="b")
    assert story.open == [("etl", "job_failure", "critical")]


def test_many_runs_at_once_are_no_trouble(story: Story) -> None:
    for number in range(MANY):
        story.at("02:00").starts("etl", run=f"a{number}")
    for number in range(MANY):
        story.at("02:20").succeeds("etl", run=f"a{number}")
    story.until("2026-03-20 02:00")

    assert story.messages == []
    assert story.watch("etl").state.open_runs == ()


def test_of_many_runs_at_once_the_first_that_hangs_is_told(story: Story) -> None:
    story.job("etl", max_minutes=60)
    for number in range(MANY):
        story.at("02:00").starts("etl", run=f"a{number}")
    for number in range(1, MANY):
        story.at("02:20").succeeds("etl", run=f"a{number}", partition="other")
    story.until("03:00")

    assert story.heard[-1] == ("03:00", "critical", "louder")


def test_one_of_many_runs_at_once_that_fails_is_told_though_it_was_not_watched(story: Story) -> None:
    for number in range(MANY):
        story.at("02:00").starts("etl", run=f"a{number}")
    story.at("02:20").fails("etl", run="a55")

    assert story.heard == [("02:20", "critical", "firing")]
    assert story.titles == ["failed after 20 min"]
