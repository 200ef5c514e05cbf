"""Two runs that end in the same instant: nothing bad is hidden by something good."""

from tests.stories.story import Story


def test_a_failure_heard_after_a_success_of_the_same_instant_is_told(story: Story) -> None:
    story.at("02:10").succeeds("etl", run="a").fails("etl", run="b", error="no disk")

    assert story.titles == ["failed: no disk"]


def test_a_success_heard_after_a_failure_of_the_same_instant_makes_up_for_it(story: Story) -> None:
    story.at("02:10").fails("etl", run="a", error="no disk").succeeds("etl", run="b")

    assert [kind for _, _, kind in story.heard] == ["firing", "resolved"]
