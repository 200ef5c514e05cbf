"""Who stands in for a receiver that cannot be reached hears the whole story, in its order, and its end."""

from tests.stories.story import Heard, Story
from tocsin.oncall.escalation import Level


def test_who_stands_in_hears_the_end_although_it_came_before_they_did(story: Story) -> None:
    story.routes(("severity=critical", "on-call"))
    story.receivers["on-call"].is_down = True

    story.at("02:00").fails("etl", run="a")
    story.at("02:00:30").succeeds("etl", run="b")
    story.until("02:30")

    assert [kind for _, _, kind in story.heard_by("team")] == ["firing", "resolved"]
    story.receivers["on-call"].is_down = False
    story.until("03:00")
    assert [kind for _, _, kind in story.heard_by("on-call")] == ["firing", "resolved"]
    assert [kind for _, _, kind in story.heard_by("team")] == ["firing", "resolved"]


def test_who_stands_in_hears_no_old_news_after_the_end(story: Story) -> None:
    story.routes(("severity=~critical|page", "on-call"))
    story.job("report", deadline="08:00", warn=60, critical=30)
    story.receivers["on-call"].is_down = True

    story.at("08:01").succeeds("report")
    story.until("09:00")

    told = [kind for _, _, kind in story.heard_by("team")]
    assert told[0] == "firing"
    assert told[-1] == "resolved"
    assert told.count("resolved") == 1


def test_who_stands_in_is_told_once_and_for_whom(story: Story) -> None:
    story.routes(("severity=critical", "on-call"))
    story.receivers["on-call"].is_down = True

    story.at("02:00").fails("etl")
    story.until("02:30")

    assert [kind for _, _, kind in story.heard_by("team")] == ["firing"]
    assert "on-call could not be reached" in story.last.text


def test_who_stands_in_for_a_level_hears_no_old_news_of_many_after_newer(story: Story) -> None:
    a_storm_that_bob_does_not_take(story)
    for number in range(10, 16):
        story.at("02:15:40").fails(f"job-{number}")
    story.until("02:31")

    first, newer = of_many(story)
    assert [first.message.job, newer.message.job] == ["9 more jobs", "5 more jobs"]
    with story.server.store.reading() as reading:
        owed = [one for one in reading.notifications(first.message.alert_id) if one.target == "bob"]
    assert [(one.kind, one.fallback_key) for one in owed] == [("escalated", newer.message.key)]


def test_who_stands_in_for_a_level_hears_of_many_what_they_had_not_heard(story: Story) -> None:
    a_storm_that_bob_does_not_take(story)
    story.until("02:31")

    told = of_many(story)
    assert [one.message.kind.value for one in told] == ["firing", "escalated"]
    assert "bob could not be reached" in told[-1].message.text


def a_storm_that_bob_does_not_take(story: Story) -> None:
    levels = (Level(name=name, targets=(name,), timeout_minutes=15) for name in ("ann", "bob"))
    story.escalates(*levels)
    story.receivers["bob"].is_down = True
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")


def of_many(story: Story) -> list[Heard]:
    """Return what the team heard of many at once."""
    return [one for one in story.messages if one.target == "team" and one.message.tells_of_many]
