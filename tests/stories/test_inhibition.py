"""While one alert is open, those that a rule of inhibition names are not told, as Alertmanager does it."""

import pytest

from tests.stories.story import Story
from tocsin.oncall.escalation import Level

DOWN = (("tier", "infrastructure"),)


def test_a_worse_alert_mutes_the_milder_one_with_equal_labels(story: Story) -> None:
    story.inhibits("severity=critical", "severity=warning", "team", name="worse first")
    story.rule("no_data", severity="warning")
    story.job("load", labels=(("team", "data"),))
    story.job("report", labels=(("team", "data"),))
    story.job("billing", labels=(("team", "web"),))
    story.at("02:00").fails("load")

    story.at("03:00").succeeds("report", records=0).succeeds("billing", records=0)
    story.until("04:00")

    assert story.heard_of("report") == []
    assert story.heard_of("billing") == [("03:00:15", "warning", "firing")]
    assert "'worse first'" in story.notes("report")[1]


def test_labels_that_both_lack_are_equal(story: Story) -> None:
    story.inhibits("job=load", "job=report", "team")
    story.at("02:00").fails("load")

    story.at("03:00").fails("report")
    story.until("12:00")

    assert story.heard_of("report") == []
    assert "'inhibit_rules[0]'" in story.notes("report")[1]


def test_an_alert_that_is_on_both_sides_mutes_neither_itself_nor_another_such(story: Story) -> None:
    story.inhibits("condition=job_failure", "condition=job_failure")
    story.at("02:00").fails("load")
    story.at("02:10").fails("report")

    story.until("03:00")

    assert {h.message.job for h in story.messages} == {"load", "report"}


@pytest.mark.parametrize("jobs", [("load", "report"), ("a", "b", "c"), ("a", "b", "c", "d", "e")])
@pytest.mark.parametrize("apart", [0, 5, 60])
def test_of_alerts_that_mute_each_other_in_a_circle_one_is_told(
    story: Story, jobs: tuple[str, ...], apart: int
) -> None:
    for one, other in zip(jobs, (*jobs[1:], jobs[0]), strict=True):
        story.inhibits(f"job={one}", f"job={other}")

    for number, job in enumerate(jobs):
        story.at(f"02:{apart * number // 60:02}:{apart * number % 60:02}").fails(job)
    story.until("02:10")

    assert len({h.message.job for h in story.messages}) == 1
    assert len(story.open) == len(jobs)


def test_when_the_one_of_a_circle_that_was_told_is_over_another_is_told(story: Story) -> None:
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        story.inhibits(f"job={one}", f"job={other}")
    story.at("02:00").fails("a").fails("b").fails("c")
    story.until("02:10")
    [told] = {h.message.job for h in story.messages}

    story.at("02:10").succeeds(told)
    story.until("02:20")

    left = {h.message.job for h in story.messages} - {told}
    assert len(left) == 1
    assert len(story.open) == 2


def test_what_is_muted_mutes_others_where_it_is_no_circle(story: Story) -> None:
    story.inhibits("job=a", "job=b")
    story.inhibits("job=b", "job=c")

    story.at("02:00").fails("a").fails("b").fails("c")
    story.until("02:10")

    assert {h.message.job for h in story.messages} == {"a"}


def test_a_page_is_muted_too_if_a_rule_says_so(story: Story) -> None:
    story.inhibits("job=host", "severity=page")
    story.rule("job_failure", severity="page", job_pattern="report")
    story.rule("job_failure", name="others", severity="critical", job_pattern="host")
    story.at("02:00").fails("host")

    story.at("03:00").fails("report")

    assert story.silent_until("05:59")
    assert ("report", "job_failure", "page") in story.open


def test_it_is_told_when_the_last_of_several_sources_is_over(story: Story) -> None:
    story.inhibits("tier=infrastructure", "job=report")
    story.job("switch", labels=DOWN)
    story.job("disk", labels=DOWN)
    story.at("02:00").fails("switch").fails("disk")
    story.at("03:00").fails("report")

    story.at("03:30").succeeds("switch")
    story.until("03:40")
    assert story.heard_of("report") == []

    story.at("04:00").succeeds("disk")
    story.until("04:10")
    assert story.heard_of("report") == [("04:00:15", "critical", "firing")]


def test_a_rule_that_is_taken_out_of_the_file_mutes_nothing_any_more(story: Story) -> None:
    story.inhibits("job=host", "job=report")
    story.at("02:00").fails("host")
    story.at("03:00").fails("report")
    story.until("03:30")

    story.inhibit_rules = ()
    story.reloads()
    story.until("03:40")

    assert [kind for _, _, kind in story.heard_of("report")] == ["firing"]


def test_a_rule_that_is_new_in_the_file_mutes_what_would_be_repeated(story: Story) -> None:
    story.at("02:00").fails("host")
    story.at("02:30").fails("report")
    story.until("03:00")
    told = len(story.heard_of("report"))

    story.inhibits("job=host", "job=report")
    story.reloads()
    story.until("12:00")

    assert len(story.heard_of("report")) == told == 1
    assert len(story.heard_of("host")) > 1


def test_an_escalation_rests_while_another_alert_mutes_it(story: Story) -> None:
    story.escalates(
        Level(name="one", targets=("ann",), timeout_minutes=15),
        Level(name="two", targets=("bob",), timeout_minutes=15),
    )
    story.inhibits("job=host", "job=report")
    story.at("02:00").fails("report")
    story.at("02:05").fails("host")

    story.until("04:00")
    assert [h.message.job for h in story.messages if h.target == "bob"] == ["host"]

    story.at("04:00").succeeds("host")
    story.until("05:00")
    assert "report" in [h.message.job for h in story.messages if h.target == "bob"]


def test_silence_and_inhibition_end_one_after_the_other(story: Story) -> None:
    story.inhibits("job=host", "job=report")
    story.at("02:00").fails("host")
    story.at("02:10").silences("job=report", until="05:00")
    story.at("03:00").fails("report")

    story.at("04:00").succeeds("host")
    story.until("04:59")
    assert story.heard_of("report") == []

    story.until("05:10")
    assert story.heard_of("report") == [("05:00", "critical", "firing")]


def test_an_alert_that_is_held_open_because_it_flaps_mutes_nothing_while_its_job_is_well(
    story: Story,
) -> None:
    story.inhibits("job=host", "job=report")
    for minute in range(9):
        moment = story.at(f"02:{minute:02}")
        moment.succeeds("host") if minute % 2 else moment.fails("host")
    story.at("02:10").fails("report")
    story.until("02:11")
    assert story.heard_of("report") == []

    story.at("02:12").succeeds("host")
    story.until("02:13")

    assert [job for job, _, _ in story.open] == ["host", "report"]
    assert story.heard_of("report") == [("02:12:15", "critical", "firing")]


def test_what_flaps_mutes_again_as_soon_as_it_fails(story: Story) -> None:
    story.inhibits("job=host", "job=report")
    for minute in range(10):
        moment = story.at(f"02:{minute:02}")
        moment.succeeds("host") if minute % 2 else moment.fails("host")

    story.at("02:11").fails("host").fails("report")

    assert story.silent_until("02:30")
    assert ("report", "job_failure", "critical") in story.open


def test_the_alert_of_a_backfill_mutes_nothing(story: Story) -> None:
    story.inhibits("job=host", "job=report")
    story.rule("job_failure", severity="page")
    story.at("02:00").fails("host", backfill=True)

    story.at("02:01").fails("report")
    story.until("02:02")

    assert story.heard_of("report") == [("02:01", "page", "firing")]


def in_a_circle(story: Story) -> None:
    """Three alerts of which each mutes the next; of the first, somebody was told."""
    for source, target in (("a", "b"), ("b", "c"), ("c", "a")):
        story.inhibits(f"job={source}", f"job={target}")
    story.escalates(
        Level(name="on-call", targets=("ann",), timeout_minutes=90),
        Level(name="manager", targets=("bob",), timeout_minutes=90),
    )
    story.at("02:00").fails("a")
    story.at("02:01").fails("b")
    story.at("02:02").fails("c")
    story.until("02:30")
    assert [h.message.job for h in story.messages] == ["a", "a"]


def test_once_a_circle_is_broken_nobody_is_told_again_of_what_is_muted_by_then(story: Story) -> None:
    in_a_circle(story)

    story.at("03:00").succeeds("b")
    story.until("12:00")

    since = [(h.message.job, h.target) for h in story.messages if story.clock_time(h.at) >= "03:00"]
    assert ("c", "bob") in since
    assert [one for one in since if one[0] == "a"] == []


def test_a_circle_that_ends_is_told_to_have_ended_to_whoever_heard_of_it(story: Story) -> None:
    in_a_circle(story)
    story.at("03:00").succeeds("b")

    story.at("03:10").succeeds("a")
    story.at("03:20").succeeds("c")

    ends = [(h.target, h.message.job) for h in story.messages if h.message.kind.value == "resolved"]
    assert sorted(ends) == [("ann", "a"), ("ann", "c"), ("team", "a"), ("team", "c")]
