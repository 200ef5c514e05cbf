"""Whoever tracks who has an alert in hand is told so; everybody else is left in peace."""

from tests.stories.story import Story


def test_a_receiver_that_tracks_it_is_told_who_has_it_in_hand(story: Story) -> None:
    story.receivers["team"].tracks = True

    story.at("02:00").fails("etl")
    story.at("02:10").acknowledges("ann")

    assert story.heard == [("02:00", "critical", "firing"), ("02:10", "critical", "acknowledged")]
    assert story.last.text == "etl: ann has it in hand."
    assert story.last.log_tail == ""
    assert story.history("etl")[-2:] == [("02:10", "acknowledged"), ("02:10", "told")]


def test_others_are_not_told(story: Story) -> None:
    story.at("02:00").fails("etl")
    story.at("02:10").acknowledges("ann")

    assert story.heard == [("02:00", "critical", "firing")]


def test_of_those_who_track_it_only_who_was_told_of_it_hears_of_it(story: Story) -> None:
    story.routes(("severity=page", "on-call"))
    story.receivers["on-call"].tracks = True

    story.at("02:00").fails("etl")
    story.at("02:10").acknowledges("ann")

    assert story.heard_by("on-call") == []


def test_it_counts_as_no_notification_of_its_own_and_the_end_is_told_as_ever(story: Story) -> None:
    story.receivers["team"].tracks = True

    story.at("02:00").fails("etl", run="a")
    story.at("02:10").acknowledges("ann")
    assert story.silent_until("08:00")
    story.at("08:30").succeeds("etl", run="b")

    assert [kind for _, _, kind in story.heard] == ["firing", "acknowledged", "resolved"]
    [alert] = story.alerts()
    assert len(alert.told.at) == 1
    keys = [heard.message.key for heard in story.messages]
    assert len(set(keys)) == 3


def test_acknowledging_twice_is_told_once(story: Story) -> None:
    story.receivers["team"].tracks = True

    story.at("02:00").fails("etl")
    story.at("02:10").acknowledges("ann").acknowledges("bob")

    assert [kind for _, _, kind in story.heard] == ["firing", "acknowledged"]


def test_one_that_was_down_hears_everything_in_its_order(story: Story) -> None:
    story.receivers["team"].tracks = True
    story.receivers["team"].is_down = True

    story.at("02:00").fails("etl")
    story.at("02:00:30").acknowledges("ann")
    story.receivers["team"].is_down = False
    story.until("02:30")

    assert [kind for _, _, kind in story.heard] == ["firing", "acknowledged"]
