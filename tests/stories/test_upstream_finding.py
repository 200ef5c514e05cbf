"""That what a job needs is in trouble is a finding of its own, where a rule asks for it."""

from tests.stories.story import Story


def needing(story: Story) -> None:
    story.job("extract")
    story.job("report", schedule="0 9 * * *", upstream=("extract",))
    story.rule("upstream", job_pattern="report")


def test_a_failure_of_what_it_needs_is_told_of_a_job_before_it_is_due(story: Story) -> None:
    needing(story)

    story.at("02:00").fails("extract", error="disk full")
    story.until("02:05")
    assert ("report", "upstream", "warning") in story.open
    assert story.heard_of("report") == [("02:00", "warning", "firing")]
    assert story.titles[-1] == "needs extract, which failed: disk full"

    story.at("04:00").succeeds("extract")
    story.until("04:05")
    assert story.heard_of("report")[1:] == [("04:00", "warning", "resolved")]


def test_a_job_that_needs_it_by_way_of_another_hears_of_it_too(story: Story) -> None:
    needing(story)
    story.job("letter", upstream=("report",))
    story.rule("upstream", job_pattern="letter", name="letter waits")

    story.at("02:00").fails("extract")
    story.until("02:05")

    assert ("letter", "upstream", "warning") in story.open


def test_without_such_a_rule_nothing_is_told(story: Story) -> None:
    story.job("report", schedule="0 9 * * *", upstream=("extract",))

    story.at("02:00").fails("extract")
    story.until("02:05")

    assert story.heard_of("report") == []


def test_a_person_who_ends_the_trouble_ends_what_followed_from_it(story: Story) -> None:
    needing(story)
    story.at("02:00").fails("extract")
    story.until("02:05")

    story.at("03:00").resolves("ann", job="extract")
    story.until("03:05")

    assert story.open == []
