"""Runs that are as long as they always are are not told to be late, though their deadline is near."""

import pytest

from tests.stories.story import Story

USUAL = (60, 58, 62, 61, 59, 60, 63, 57, 61, 60)
CLOCK = "2026-03-{:02} {:02}:{:02}"


def nights(story: Story, first: int, last: int) -> None:
    """Let the job run each night from 01:00 for about an hour."""
    for day in range(first, last):
        hours, minutes = divmod(USUAL[day % len(USUAL)], 60)
        story.at(CLOCK.format(day, 1, 0)).starts("etl", run=str(day))
        story.at(CLOCK.format(day, 1 + hours, minutes)).succeeds("etl", run=str(day))


@pytest.fixture
def march(story: Story) -> Story:
    story.begins("2026-02-28", at="22:00")
    return story


@pytest.mark.parametrize("words", [{"deadline": "02:15"}, {"max_minutes": 75.0}], ids=["deadline", "longest"])
def test_a_job_that_ends_shortly_before_its_deadline_each_night_wakes_nobody(
    march: Story, words: dict[str, str | float]
) -> None:
    march.job("etl", schedule="0 1 * * *", **words)  # type: ignore[arg-type]  # each is of its word's type
    nights(march, 1, 7)
    known = len(march.messages)
    nights(march, 7, 28)

    assert march.messages[known:] == []


def test_one_that_is_longer_than_they_always_are_is_told_before_it_is_late(march: Story) -> None:
    march.job("etl", schedule="0 1 * * *", deadline="02:15")
    nights(march, 1, 20)
    known = len(march.messages)
    march.at(CLOCK.format(20, 1, 0)).starts("etl", run="slow")
    march.until(CLOCK.format(20, 2, 14))

    assert [h.message.condition for h in march.messages[known:]] == ["deadline_risk"]
    march.until(CLOCK.format(20, 2, 15))
    assert march.titles[-1] == "missed its deadline 2026-03-20 02:15 UTC: the run is not done"


def test_one_that_has_not_started_is_told_by_the_clock(march: Story) -> None:
    march.job("etl", schedule="0 1 * * *", deadline="02:15", grace=60)
    nights(march, 1, 20)
    march.rules = tuple(rule for rule in march.rules if rule.condition == "sla_breach")
    march.reloads()
    known = len(march.messages)
    march.until(CLOCK.format(20, 1, 46))

    assert [severity for _, severity, _ in march.heard[known:]] == ["warning"]


def test_whoever_has_written_when_to_be_warned_is_warned_then(march: Story) -> None:
    march.job("etl", schedule="0 1 * * *", deadline="02:15", warn=30)
    nights(march, 1, 20)

    warned = [at for at, severity, kind in march.heard if (severity, kind) == ("warning", "firing")]
    assert len(warned) == 19
    assert {at.rpartition(" ")[2] for at in warned} == {"01:45"}
