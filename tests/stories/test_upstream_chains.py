"""What follows from the trouble of a job along several steps, in circles, and by the hundred."""

from tests.stories.story import Story
from tocsin.alerts.alert import AlertState
from tocsin.engine import ticking


def test_what_follows_by_way_of_others_is_not_told_either(story: Story) -> None:
    story.job("load", schedule="0 12 * * *", upstream=("extract",))
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("load",))
    story.at("02:00").fails("extract")

    story.until("11:00")

    assert story.heard_of("report") == []
    assert "of extract is open" in story.notes("report")[1]


def test_a_job_between_that_has_ended_well_since_then_breaks_the_chain(story: Story) -> None:
    story.job("load", upstream=("extract",))
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("load",))
    story.at("02:00").fails("extract")
    story.at("02:30").succeeds("load")

    story.until("04:00")

    assert story.heard_of("report") == [("03:05:15", "critical", "firing")]


def test_a_chain_tells_its_first_alert_and_then_what_is_left_one_by_one(story: Story) -> None:
    story.job("load", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.job("report", schedule="0 4 * * *", grace=5, upstream=("load",))
    story.at("02:00").fails("extract")
    story.until("05:00")
    assert [h.message.job for h in story.messages] == ["extract"]

    story.at("05:00").succeeds("extract")
    story.until("05:10")
    assert story.heard_of("load") == [("05:00:15", "critical", "firing")]
    assert story.heard_of("report") == []

    story.at("06:00").succeeds("load")
    story.until("06:10")
    assert story.heard_of("report") == [("06:00:15", "critical", "firing")]


def test_jobs_that_need_each_other_in_a_circle_do_not_keep_each_other_silent(story: Story) -> None:
    story.job("a", schedule="0 3 * * *", grace=5, upstream=("b",))
    story.job("b", schedule="0 3 * * *", grace=5, upstream=("c",))
    story.job("c", schedule="0 3 * * *", grace=5, upstream=("a",))

    story.until("04:00")

    told = {h.message.job for h in story.messages}
    assert len(told) == 1

    story.at("05:00").succeeds(told.pop())
    story.until("06:00")
    assert len({h.message.job for h in story.messages}) == 2


def test_a_page_is_muted_only_by_what_wakes_somebody(story: Story) -> None:
    story.job("report", deadline="03:00", warn=30, critical=0, upstream=("extract",))
    story.rule("sla_breach", severity="page")
    story.at("02:00").fails("extract")

    story.until("04:00")

    assert story.heard_of("report") == [("03:15", "page", "firing")]


def test_a_page_is_muted_while_somebody_has_the_cause_in_hand(story: Story) -> None:
    story.job("report", deadline="03:00", warn=30, critical=0, upstream=("extract",))
    story.rule("sla_breach", severity="page")
    story.at("02:00").fails("extract")
    story.at("02:10").acknowledges("ann", until="05:00", job="extract")

    assert story.silent_until("04:59")
    assert ("report", "sla_breach", "page") in story.open

    story.until("05:10")
    assert story.heard_of("report")[0][:2] == ("05:00:15", "page")


def test_empty_data_explains_empty_data_and_not_what_is_late(story: Story) -> None:
    story.job("empty_too", upstream=("extract",))
    story.job("late", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").succeeds("extract", records=0)

    story.at("02:30").succeeds("empty_too", records=0)
    story.until("04:00")

    assert story.heard_of("empty_too") == []
    assert story.heard_of("late") == [("03:05:15", "critical", "firing")]


def test_what_waits_in_a_group_leaves_it_when_its_cause_becomes_known(story: Story) -> None:
    for number in range(8):
        story.job(f"report-{number}", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.until("03:05:20")
    assert len(story.messages) == 1  # the first of the group, and seven that wait in it

    story.at("03:05:20").fails("extract")
    story.until("04:00")

    assert [h.message.job for h in story.messages[1:]] == ["extract"]


def test_hundreds_that_follow_are_looked_at_in_portions(story: Story) -> None:
    many = ticking.TARGETS_AT_ONCE * 2 + 10
    for number in range(many):
        story.job(f"report-{number}", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")
    story.until("04:00")
    assert len(story.messages) == 1

    story.at("04:00").succeeds("extract")
    story.until("04:10")

    assert [h.message.job for h in story.messages[2:]] == ["report-0", f"{many - 1} more jobs"]
    assert story.messages[3].message.likely_cause == f"all {many - 1} need extract"


def test_after_a_crash_what_was_muted_is_told_all_the_same(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")
    story.until("03:30")
    story.down("03:30", "03:40")

    story.at("04:00").succeeds("extract")
    story.down("04:00:05", "04:00:30")
    story.until("05:00")

    assert [kind for _, _, kind in story.heard_of("report")] == ["firing"]


def test_what_is_deleted_mutes_nothing_any_more(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")
    story.until("04:00")

    story.at("04:00").deletes("extract")
    story.until("05:00")

    assert story.heard_of("report") == [("04:00:15", "critical", "firing")]


def test_what_is_muted_can_be_acknowledged_and_is_then_not_told(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")
    story.at("03:30").acknowledges("ann", job="report")

    story.at("04:00").succeeds("extract")
    story.until("05:00")

    assert story.heard_of("report") == []
    assert [a.state for a in story.alerts() if a.job == "report"] == [AlertState.ACKNOWLEDGED]


def test_a_job_that_does_not_need_it_any_more_is_told(story: Story) -> None:
    story.job("report", schedule="0 3 * * *", grace=5, upstream=("extract",))
    story.at("02:00").fails("extract")
    story.until("04:00")

    story.job("report", schedule="0 3 * * *", grace=5)
    story.reloads()
    story.until("04:10")

    assert [kind for _, _, kind in story.heard_of("report")] == ["firing"]
