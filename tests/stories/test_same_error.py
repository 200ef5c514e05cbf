"""Which other jobs failed of the same error stands in the message."""

from tests.stories.story import Story
from tocsin.rules.finding import Severity
from tocsin.rules.rule import SeverityCase

FULL = "[Errno 28] No space left on device: '/data/out-{}.csv'"


def same(story: Story) -> str:
    return dict(story.last.evidence).get("same error", "")


def test_a_message_names_the_other_jobs_that_failed_of_the_same_error(story: Story) -> None:
    story.at("02:00").fails("a", error=FULL.format(1))
    assert same(story) == ""

    story.at("02:10").fails("b", error=FULL.format(2))
    assert same(story) == "1 other job in the last hour: a"
    story.at("02:20").fails("c", error="connection refused")
    assert same(story) == ""
    story.at("02:30").fails("d", error=FULL.format(3))
    assert same(story) == "2 other jobs in the last hour: a, b"


def test_what_is_over_for_an_hour_is_not_named_and_what_still_stands_is(story: Story) -> None:
    story.at("02:00").fails("a", run="1", error=FULL.format(1)).fails("b", run="1", error=FULL.format(2))
    story.at("02:10").succeeds("a", run="2")

    story.at("03:10").fails("c", error=FULL.format(3))
    assert same(story) == "2 other jobs in the last hour: a, b"
    story.at("03:20").fails("d", error=FULL.format(4))
    assert same(story) == "2 other jobs in the last hour: b, c"


def test_another_environment_has_failures_of_its_own(story: Story) -> None:
    story.at("02:00").fails("a", environment="staging", error=FULL.format(1))
    story.at("02:10").fails("b", error=FULL.format(2))

    assert same(story) == ""


def test_of_many_some_are_named_and_of_very_many_it_says_that_there_are_more(story: Story) -> None:
    for number in range(60):
        story.at("02:00").fails(f"job-{number:02}", error=FULL.format(number))
    story.at("02:30").fails("last", error=FULL.format(99))

    (alert,) = [alert for alert in story.alerts() if alert.job == "last"]
    assert alert.alike is not None
    assert (alert.alike.count, alert.alike.is_whole, len(alert.alike.named)) == (50, False, 3)


def test_a_job_that_fails_otherwise_by_now_is_looked_at_anew(story: Story) -> None:
    story.at("02:00").fails("a", error=FULL.format(1)).fails("b", run="1", error="connection refused")
    story.at("02:10").fails("b", run="2", error=FULL.format(2))

    (alert,) = [alert for alert in story.alerts() if alert.job == "b"]
    assert alert.alike is not None
    assert alert.alike.named == ("a",)


def test_a_job_that_fails_again_is_no_other_job(story: Story) -> None:
    story.rule(
        "job_failure", severity="info", severity_by=(SeverityCase(severity=Severity.PAGE, in_a_row=2),)
    )
    story.at("02:00").fails("a", run="1", error=FULL.format(1))
    story.at("02:10").fails("a", run="2", error=FULL.format(2))

    assert story.heard == [("02:00", "info", "firing"), ("02:10", "page", "louder")]
    assert same(story) == ""
