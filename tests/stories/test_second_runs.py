"""More than one run a day, where one is expected: what was done today does not stand for tomorrow."""

import pytest

from tests.stories.story import Story


@pytest.mark.parametrize("again", ["06:30", "09:00", "12:30", "17:59"])
def test_a_second_run_by_day_does_not_stand_for_tomorrow(story: Story, again: str) -> None:
    story.job("etl", deadline="06:00")

    story.at("05:20").succeeds("etl", run="a")
    story.at(again).succeeds("etl", run="b")

    assert story.silent_until("Wed 05:29")
    story.until("Wed 06:00")
    assert story.heard == [
        ("Wed 05:30", "warning", "firing"),
        ("Wed 05:45", "critical", "louder"),
        ("Wed 06:00", "critical", "louder"),
    ]


def test_a_second_run_after_a_late_one_does_not_stand_for_tomorrow(story: Story) -> None:
    story.job("etl", deadline="06:00")

    story.at("07:00").succeeds("etl", run="late")
    story.at("07:30").succeeds("etl", run="again")
    story.until("Wed 05:30")

    assert story.heard[-1] == ("Wed 05:30", "warning", "firing")


def test_a_second_run_in_the_evening_is_not_early_by_however_long_a_grace(story: Story) -> None:
    story.job("etl", schedule="0 5 * * *", grace=600)

    story.at("05:00").succeeds("etl", run="a")
    story.at("20:00").succeeds("etl", run="b")

    assert story.silent_until("Wed 14:59")
    story.until("Wed 15:00")
    assert story.heard == [("Wed 15:00", "critical", "firing")]


def test_a_job_of_the_evening_is_well_every_day(story: Story) -> None:
    story.job("etl", deadline="06:00")

    for day in ("Tue", "Wed", "Thu", "Fri"):
        story.at(f"{day} 05:00" if day == "Tue" else f"{day} 18:30").succeeds("etl", run=day)
        if day == "Tue":
            story.at("18:30").succeeds("etl", run="evening")

    assert story.silent_until("Sat 05:29")


def test_a_job_of_the_evening_that_has_failed_once_is_well_again_from_the_next_evening_on(
    story: Story,
) -> None:
    story.job("etl", deadline="06:00")

    story.at("05:00").succeeds("etl")
    story.at("22:00").succeeds("etl")
    story.at("Wed 22:00").fails("etl")
    story.at("Thu 22:00").succeeds("etl")
    assert story.open == []
    story.at("Fri 22:00").succeeds("etl")

    assert story.heard[-1] == ("Thu 22:00", "critical", "resolved")
    assert story.silent_until("Sun 05:29")
