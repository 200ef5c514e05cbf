"""Who needs the job that an alert is about stands in its messages."""

from tests.stories.story import Story


def risk(story: Story) -> str:
    return dict(story.last.evidence).get("at risk", "")


def test_a_message_names_the_jobs_that_need_it_with_the_next_deadline_first(story: Story) -> None:
    story.job("archive", upstream=("load",))
    story.job("report", deadline="06:00", upstream=("load",))
    story.job("load", deadline="04:00", upstream=("extract",))

    story.at("02:00").fails("extract")

    assert risk(story) == (
        "3 jobs need it: load by 2026-03-10 04:00 UTC, report by 2026-03-10 06:00 UTC, archive"
    )


def test_of_many_the_first_five_are_named_and_counted(story: Story) -> None:
    for number in range(12):
        story.job(f"report-{number:02}", deadline=f"{20 - number:02}:00", upstream=("extract",))

    story.at("02:00").fails("extract")

    assert risk(story).startswith("12 jobs need it: report-11 by 2026-03-10 09:00 UTC, report-10 by")
    assert risk(story).endswith("and 7 more")


def test_of_very_many_it_says_that_there_are_more(story: Story) -> None:
    for number in range(150):
        story.job(f"report-{number}", upstream=("extract",))

    story.at("02:00").fails("extract")

    assert risk(story).startswith("more than 100 jobs need it: ")


def test_jobs_in_a_circle_are_named_once(story: Story) -> None:
    story.job("a", upstream=("b",))
    story.job("b", upstream=("a",))

    story.at("02:00").fails("a")

    assert risk(story) == "1 job needs it: b"


def test_a_job_that_nobody_needs_puts_nobody_at_risk(story: Story) -> None:
    story.job("report", upstream=("extract",))

    story.at("02:00").fails("report")

    assert risk(story) == ""


def test_a_repeat_names_the_deadlines_that_are_still_to_come(story: Story) -> None:
    story.job("report", deadline="04:00", warn=0, critical=0, upstream=("extract",))
    story.at("02:00").fails("extract")

    story.until("06:00:01")

    assert story.heard[-1] == ("06:00", "critical", "repeat")
    assert risk(story) == "1 job needs it: report by 2026-03-11 04:00 UTC"


def test_a_job_that_is_paused_or_gone_is_not_at_risk(story: Story) -> None:
    story.at("01:00").defines("gone", upstream=("extract",)).defines("rests", upstream=("extract",))
    story.at("01:30").deletes("gone").pauses("rests")

    story.at("02:00").fails("extract")

    assert risk(story) == ""


def test_what_a_job_needs_can_change(story: Story) -> None:
    story.at("01:00").defines("report", upstream=("load",))
    story.at("01:30").defines("report", upstream=("extract",))

    story.at("02:00").fails("extract")
    assert risk(story) == "1 job needs it: report"

    story.at("02:10").fails("load")
    story.until("02:20")
    assert risk(story) == ""
