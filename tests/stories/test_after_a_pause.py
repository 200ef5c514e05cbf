"""What still hangs when a pause is over is told: what is allowed is counted anew from the resumption."""

from tests.stories.story import Story


def test_a_run_that_stays_silent_after_a_pause_is_told(story: Story) -> None:
    story.job("etl", stalled_after_seconds=600)
    story.at("01:00").starts("etl", run="r")
    story.at("01:05").pauses("etl")
    story.at("02:30").resumes("etl")

    assert story.silent_until("02:39")
    story.until("02:40")
    assert story.heard == [("02:40", "critical", "firing")]


def test_a_run_that_takes_too_long_in_a_pause_is_told_when_it_has_had_its_time_once_more(
    story: Story,
) -> None:
    story.job("etl", max_minutes=60, warn=0, critical=0)
    story.at("01:00").starts("etl", run="r")
    story.at("01:05").pauses("etl")
    story.at("02:30").resumes("etl")

    assert story.silent_until("03:29")
    story.until("03:30")
    assert story.heard == [("03:30", "critical", "firing")]


def test_a_limit_that_did_not_fall_into_the_pause_stays_where_it_is(story: Story) -> None:
    story.job("etl", max_minutes=60, warn=0, critical=0)
    story.at("01:00").starts("etl", run="r")
    story.at("01:05").pauses("etl")
    story.at("01:30").resumes("etl")
    story.until("02:00")

    assert story.heard == [("02:00", "critical", "firing")]


def test_a_run_that_ended_in_the_pause_is_not_judged_by_what_it_took(story: Story) -> None:
    story.job("etl", max_minutes=60)
    story.at("01:00").starts("etl", run="r")
    story.at("01:05").pauses("etl")
    story.at("02:20").fails("etl", run="r")
    story.at("02:30").resumes("etl")

    assert story.silent_until("Wed 00:00")


def test_what_a_person_declares_over_after_a_pause_is_over(story: Story) -> None:
    story.job("etl", stalled_after_seconds=600)
    story.at("01:00").starts("etl", run="r")
    story.at("01:05").pauses("etl")
    story.at("02:30").resumes("etl")
    story.at("02:45").resolves("ann")

    assert story.silent_until("Wed 00:00")


def test_a_new_name_that_is_the_old_one_changes_nothing(story: Story) -> None:
    story.at("02:00").fails("etl")

    assert story.at("02:30").renames("etl", "etl").told == "it is called so already"
    assert story.silent_until("04:00")
    assert story.open == [("etl", "job_failure", "critical")]
