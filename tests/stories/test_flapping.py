"""A job that is good and bad by turns is told once as flapping, and once when it has settled."""

from dataclasses import replace

from tests.stories.story import Story
from tocsin.alerts.flapping import Flapping

NIGHTS = [f"2026-03-{day:02} 02:00" for day in range(10, 31)]


def nightly(story: Story, course: str, *, since: int = 0) -> None:
    """Let a job run each night: `G` is a good night, `B` a bad one."""
    for number, how in enumerate(course, start=since):
        at = story.at(NIGHTS[number])
        at.fails("etl", run=str(number)) if how == "B" else at.succeeds("etl", run=str(number))


def news(story: Story) -> list[tuple[str, str]]:
    """What was told, as the day of March and the kind of news; repeats within a trouble are left out."""
    told = story.heard_of("etl")
    days = [h.at.astimezone(story.zone).day for h in story.messages if h.message.job == "etl"]
    return [(f"{day}.", kind) for day, (_, _, kind) in zip(days, told, strict=True) if kind != "repeat"]


def test_the_turns_of_a_flapping_job_are_told_once_and_its_settling_once(story: Story) -> None:
    nightly(story, "GBGBGBGBGBGGG")

    assert news(story)[:4] == [("11.", "firing"), ("12.", "resolved"), ("13.", "firing"), ("14.", "resolved")]
    assert news(story)[4:] == [("15.", "firing"), ("22.", "resolved")]
    assert "is good and bad by turns" in story.messages[-2].message.title
    assert "has settled" in story.last.text


def test_one_alert_stands_through_all_turns_with_its_reasons(story: Story) -> None:
    nightly(story, "GBGBGBGBGBGGG")

    (last,) = [alert for alert in story.alerts() if alert.run == "9"]
    with story.server.store.reading() as reading:
        why = [entry.reason.value for entry in reading.history(last.id)]
    assert why == ["opened", "flapping", "told", "flapping", "flapping", "settled", "closed_at_receiver"]


def test_what_flaps_is_not_repeated(story: Story) -> None:
    nightly(story, "GBGBGB")

    assert story.silent_until("2026-03-16 01:59")


def test_what_has_settled_badly_is_told_at_once_and_repeated_from_then_on(story: Story) -> None:
    nightly(story, "GBGBGBGBBB")
    told = [h for h in story.messages if h.at > story.instant("2026-03-15 02:00")]

    assert [(h.at.day, h.at.hour, h.message.kind.value) for h in told] == [(19, 2, "repeat")]
    assert "by turns" not in told[0].message.title
    assert not story.silent_until("2026-03-19 06:00")


def test_whoever_took_it_in_hand_hears_nothing_of_the_turns(story: Story) -> None:
    nightly(story, "GBGBGB")
    story.at("2026-03-15 03:00").acknowledges("ann")
    nightly(story, "GBGB", since=6)

    assert story.silent_until("2026-03-20 01:00")
    assert [alert.acknowledged_by for alert in story.alerts() if alert.is_open] == ["ann"]


def test_a_level_of_escalation_waits_for_nobody_because_a_job_flaps(story: Story) -> None:
    story.rule("job_failure", severity="page")
    nightly(story, "GBGBGB")

    assert story.heard[-1][1:] == ("page", "firing")


def test_resolved_by_hand_is_resolved_and_the_turns_before_count_no_more(story: Story) -> None:
    nightly(story, "GBGBGB")
    story.at("2026-03-15 03:00").resolves("ann")
    nightly(story, "GBG", since=6)

    assert story.open == []
    assert news(story)[-3:] == [("15.", "resolved"), ("17.", "firing"), ("18.", "resolved")]


def test_partitions_are_no_turns_of_each_other(story: Story) -> None:
    for night in range(8):
        moment = story.at(NIGHTS[night])
        moment.fails("etl", run=f"eu {night}", partition="eu").succeeds(
            "etl", run=f"us {night}", partition="us"
        )

    (alert,) = story.alerts()
    assert not alert.flapping


def test_flapping_survives_the_death_of_the_server(story: Story) -> None:
    nightly(story, "GBGBGB")
    story.down("2026-03-15 10:00", "2026-03-15 11:00")
    nightly(story, "GB", since=6)

    assert [kind for _, kind in news(story)][4:] == ["firing"]


def test_without_the_recognition_each_turn_is_told(story: Story) -> None:
    story.policy = replace(story.policy, flapping=None)
    nightly(story, "GBGBGBGB")

    assert [kind for _, kind in news(story)] == ["firing", "resolved"] * 3 + ["firing"]


def test_the_limits_are_those_of_the_configuration(story: Story) -> None:
    flapping = Flapping(runs=4, changes=3, settled_runs=2)
    story.policy = replace(story.policy, flapping=flapping)
    nightly(story, "GBGBGG")

    assert news(story) == [("11.", "firing"), ("12.", "resolved"), ("13.", "firing"), ("15.", "resolved")]


def test_a_flapping_job_that_is_bad_and_never_runs_again_is_told_again_more_seldom(story: Story) -> None:
    nightly(story, "GBGBGB")
    story.until("2026-03-18 12:00")

    last = [h for h in story.messages if h.at > story.instant("2026-03-15 03:00")]
    told = [(h.at.day, h.at.hour, h.message.kind.value) for h in last]
    assert told == [(16, 8, "repeat"), (17, 14, "repeat")]


def test_a_flapping_job_whose_last_run_was_good_is_left_in_peace(story: Story) -> None:
    nightly(story, "GBGBGBG")

    assert story.silent_until("2026-03-25 12:00")


def test_a_job_that_goes_on_flapping_is_not_repeated(story: Story) -> None:
    nightly(story, "GBGBGB")
    told = len(story.messages)
    nightly(story, "GBGBGBGB", since=6)

    assert len(story.messages) == told
