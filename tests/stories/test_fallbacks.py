"""Who stands in for a receiver that cannot be reached hears the whole story, in its order, and its end."""

from tests.stories.story import Story


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
