"""Runs of several attempts: what those before took, and the waits between them, is nothing unusual."""

import pytest

from tests.stories.story import Story
from tests.stories.test_unusual_durations import MARCH, nights


@pytest.fixture
def march(story: Story) -> Story:
    story.begins("2026-03-01")
    story.job("etl")
    return story


def test_a_retried_run_that_succeeds_is_not_called_slow_for_its_failed_attempts(march: Story) -> None:
    day = MARCH.format(nights(march))
    march.at(f"{day} 00:00").starts("etl", run="retried", attempt=1, max_attempts=3)
    march.at(f"{day} 00:14").will_retry("etl", run="retried", attempt=1)
    march.at(f"{day} 00:40").starts("etl", run="retried", attempt=2)
    march.at(f"{day} 00:54").fails("etl", run="retried", attempt=2, max_attempts=3)
    march.at(f"{day} 01:30").starts("etl", run="retried", attempt=3)
    march.at(f"{day} 01:45").succeeds("etl", run="retried", attempt=3)

    assert march.silent_until(f"{day} 20:00")
    assert march.heard == []
    assert [judged.run for judged in march.watch("etl").learned.judged][-1] == "20"


def test_an_attempt_of_which_no_start_was_told_is_one_too(march: Story) -> None:
    day = MARCH.format(nights(march))
    march.at(f"{day} 00:00").starts("etl", run="retried")
    march.at(f"{day} 00:14").will_retry("etl", run="retried", attempt=1, max_attempts=2)
    march.at(f"{day} 01:05").succeeds("etl", run="retried", attempt=2)

    assert march.silent_until(f"{day} 20:00")
    assert march.heard == []


def test_a_first_attempt_that_is_too_slow_is_not_called_normal_again_because_it_failed(march: Story) -> None:
    day = MARCH.format(nights(march))
    march.at(f"{day} 00:00").starts("etl", run="slow", max_attempts=2)
    march.at(f"{day} 01:30").will_retry("etl", run="slow", attempt=1, max_attempts=2)
    march.until(f"{day} 01:40")
    assert [kind for _, _, kind in march.heard] == ["firing"]

    march.at(f"{day} 01:40").starts("etl", run="slow", attempt=2)
    march.until(f"{day} 01:50")
    assert march.open == [("etl", "duration_anomaly", "warning")]

    march.at(f"{day} 01:55").succeeds("etl", run="slow", attempt=2)
    assert march.open == []


def test_a_run_that_was_too_slow_stays_told_after_one_that_had_to_be_retried(march: Story) -> None:
    day = nights(march)
    march.at(f"{MARCH.format(day)} 00:00").starts("etl", run="slow")
    march.at(f"{MARCH.format(day)} 01:40").succeeds("etl", run="slow")
    march.at(f"{MARCH.format(day + 1)} 00:00").starts("etl", run="retried", max_attempts=2)
    march.at(f"{MARCH.format(day + 1)} 00:10").will_retry("etl", run="retried", attempt=1)
    march.at(f"{MARCH.format(day + 1)} 00:25").succeeds("etl", run="retried", attempt=2)
    march.until(f"{MARCH.format(day + 1)} 20:00")
    assert march.open == [("etl", "duration_anomaly", "warning")]

    nights(march, day + 2, day + 3)
    assert march.open == []
