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


def test_a_storm_names_whom_all_of_it_puts_at_risk_each_once(story: Story) -> None:
    for number in range(8):
        story.job(f"load-{number}")
    for number in range(3):
        deadline, upstream = f"0{6 + number}:00", ("load-1", "load-2")
        story.job(f"mart-{number}", schedule="0 5 * * *", deadline=deadline, upstream=upstream)
    story.job("report", schedule="0 5 * * *", deadline="05:30", upstream=("load-3",))
    for number in range(8):
        story.at("02:00").fails(f"load-{number}")

    story.until("02:05")

    at_risk = dict(story.last.evidence)["at risk"]
    assert at_risk.startswith("4 jobs need them: report by ")
    assert [at_risk.count(name) for name in ("report", "mart-0", "mart-1", "mart-2")] == [1, 1, 1, 1]
    assert at_risk.index("report") < at_risk.index("mart-0") < at_risk.index("mart-2")
    for number in range(8):
        story.at("02:30").succeeds(f"load-{number}")
    assert "at risk" not in dict(story.last.evidence)


def test_a_storm_that_puts_very_many_at_risk_says_how_many_at_least(story: Story) -> None:
    story.job("load-1")
    for number in range(12):
        story.job(f"mart-{number:02}", schedule="0 5 * * *", upstream=("load-1",))
    story.job("other", schedule="0 5 * * *", upstream=("load-2",))
    for number in range(8):
        story.at("02:00").fails(f"load-{number}")

    story.until("02:05")

    at_risk = dict(story.last.evidence)["at risk"]
    assert at_risk.startswith("at least 12 jobs need them: mart-00")
    assert at_risk.endswith("and 7 more")
