"""Jobs that people pause, resume, rename and delete, and what becomes of their alerts."""

from tests.stories.story import Story


def test_pausing_resolves_the_alerts_and_says_so(story: Story) -> None:
    story.at("02:00").fails("etl")
    moment = story.at("02:10").pauses("etl")

    assert moment.told == "paused: it is not judged until it is resumed; 1 open alert of it resolved"
    assert story.heard[-1] == ("02:10", "critical", "resolved")
    assert "ann has paused it" in story.last.text
    assert ("02:10", "job_paused") in story.history("etl")


def test_a_paused_job_is_not_judged_whatever_it_reports_or_leaves_out(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15, max_minutes=10)

    story.at("01:00").pauses("etl")
    story.at("02:00").starts("etl", run="a")
    story.at("04:00").fails("etl", run="a")

    assert story.silent_until("Wed 12:00")
    assert story.run("etl", "a").status.value == "failed"


def test_nothing_that_fell_into_the_pause_counts_when_the_job_is_resumed(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *", grace=15)

    story.at("01:00").pauses("etl")
    story.at("03:00").starts("etl", run="a").fails("etl", run="a")
    assert story.at("12:00").resumes("etl").told.startswith("resumed")

    assert story.silent_until("Wed 02:14")
    story.until("Wed 02:15")
    assert story.heard == [("Wed 02:15", "critical", "firing")]


def test_a_failure_after_the_resumption_counts(story: Story) -> None:
    story.at("01:00").fails("etl")
    story.at("01:10").pauses("etl")
    story.at("02:00").resumes("etl")
    assert story.silent_until("03:00")

    story.at("03:00").fails("etl")
    assert story.heard[-1] == ("03:00", "critical", "firing")


def test_renaming_closes_the_alerts_and_opens_under_the_new_name_what_still_holds(story: Story) -> None:
    story.at("02:00").fails("etl", error="disk full")
    story.at("02:10").renames("etl", "etl-main")
    story.until("02:11")

    assert story.heard_of("etl") == [("02:00", "critical", "firing"), ("02:10", "critical", "resolved")]
    assert story.heard_of("etl-main") == [("02:10", "critical", "firing")]
    assert any("has renamed it" in heard.message.text for heard in story.messages)

    story.at("03:00").succeeds("etl-main")
    assert story.open == []


def test_deleting_closes_the_alerts_and_a_later_check_in_makes_a_new_job(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.at("02:10").deletes("etl")
    assert story.heard[-1] == ("02:10", "critical", "resolved")
    assert "ann has deleted it" in story.last.text

    assert story.at("03:00").fails("etl").answers[0].new_job
    assert story.heard[-1] == ("03:00", "critical", "firing")


def test_a_job_of_the_file_is_renamed_and_deleted_in_the_file(story: Story) -> None:
    story.job("etl", schedule="0 2 * * *")

    moment = story.at("02:00").starts("etl")

    assert "defined in the configuration file" in moment.renames("etl", "other").told
    assert "defined in the configuration file" in moment.deletes("etl").told
