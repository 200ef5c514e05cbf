"""An alert mutes what follows from it as long as it explains that, which can end before the alert does."""

from tests.stories.story import Story


def test_what_a_good_run_between_leaves_unexplained_is_told_though_no_alert_ends(story: Story) -> None:
    story.job("load", upstream=("extract",))
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("load",))
    story.at("02:00").fails("extract")
    story.until("04:00")
    assert story.heard_of("report") == []

    story.at("05:00").succeeds("load")
    story.until("06:00")

    assert story.heard_of("report") == [("05:00:15", "critical", "firing")]


def test_a_backfill_that_failed_does_not_explain_that_a_live_run_is_missing(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract", backfill=True)

    story.until("06:00")

    assert story.heard_of("report") == [("03:05:15", "critical", "firing")]


def test_what_flaps_explains_nothing_while_its_last_run_was_good(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    for n in range(4):
        story.at(f"01:{n}0").fails("extract")
        story.at(f"01:{n}5").succeeds("extract")

    story.until("06:00")

    assert [a.flapping for a in story.alerts() if a.job == "extract" and a.is_open] == [True]
    assert story.heard_of("report") == [("03:05:15", "critical", "firing")]


def test_what_a_good_run_of_a_flapping_job_leaves_unexplained_is_told(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    for n in range(4):
        story.at(f"01:{n}0").fails("extract")
        story.at(f"01:{n}5").succeeds("extract")
    story.at("01:50").fails("extract")
    story.until("04:00")
    assert story.heard_of("report") == []

    story.at("04:00").succeeds("extract")
    story.until("06:00")
    assert story.heard_of("report") == [("04:00:15", "critical", "firing")]
