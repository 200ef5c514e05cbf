"""Somebody takes a storm in hand: who tracks that is told, once, when it holds of all of it."""

from tests.stories.story import Story


def a_storm(story: Story, jobs: int = 10) -> None:
    story.receiver("pager").tracks = True
    story.routes(("severity=critical", "pager", "continue"), ("severity=critical", "team"))
    for number in range(jobs):
        story.at("02:00").fails(f"job-{number}")
    story.until("02:05")


def of_many(story: Story, target: str) -> list[tuple[str, str, str]]:
    heard = zip(story.messages, story.heard, strict=True)
    return [
        (at, kind, one.message.text)
        for one, (at, _, kind) in heard
        if one.target == target and one.message.tells_of_many
    ]


def test_who_tracks_it_is_told_once_when_all_of_a_storm_is_in_hand(story: Story) -> None:
    a_storm(story)
    story.at("02:10").acknowledges_all("ann")
    story.until("05:00")

    assert of_many(story, "pager")[1:] == [("02:10", "acknowledged", "ann has all of it in hand.")]
    assert [kind for _, kind, _ in of_many(story, "team")] == ["firing"]
    assert story.messages[-1].message.alert_id == story.messages[2].message.alert_id


def test_taking_the_group_is_the_same(story: Story) -> None:
    story.receiver("team").tracks = True
    for number in range(10):
        story.at("02:00").fails(f"job-{number}")
    story.at("02:10").acknowledges_the_group("ann")
    story.until("05:00")

    assert [kind for _, kind, _ in of_many(story, "team")] == ["firing", "acknowledged"]


def test_while_one_is_in_nobodys_hand_it_is_not_said(story: Story) -> None:
    a_storm(story)
    story.at("02:10").fails("job-late").acknowledges_the_group("ann")
    story.until("02:20")
    before = len(of_many(story, "pager"))
    for number in range(5):
        story.at("02:30").fails(f"other-{number}")
    story.until("02:40")

    told = of_many(story, "pager")[before:]
    assert [kind for _, kind, _ in told] == ["firing"]
    story.at("02:50").acknowledges_all("bob")
    assert [kind for _, kind, _ in of_many(story, "pager")[before:]] == ["firing", "acknowledged"]


def test_the_end_is_told_afterwards_all_the_same(story: Story) -> None:
    a_storm(story)
    story.at("02:10").acknowledges_all("ann")
    for number in range(10):
        story.at("03:00").succeeds(f"job-{number}")

    assert [kind for _, kind, _ in of_many(story, "pager")] == ["firing", "acknowledged", "resolved"]
    assert [kind for _, kind, _ in of_many(story, "team")] == ["firing", "resolved"]


def test_after_a_crash_it_is_said_once(story: Story) -> None:
    a_storm(story)
    story.at("02:10").acknowledges_all("ann")
    story.down("02:10", "02:11")
    story.until("05:00")

    assert [kind for _, kind, _ in of_many(story, "pager")] == ["firing", "acknowledged"]
