"""What nobody hears of explains nothing: whoever needs the job then hears of their own."""

import pytest

from tests.stories.story import Story


@pytest.fixture
def chain(story: Story) -> Story:
    """A load at 02:00 that needs an extract at 01:00; neither of them runs."""
    story.job("extract", schedule="0 1 * * *")
    story.job("load", schedule="0 2 * * *", upstream=("extract",))
    return story


def test_what_needs_a_job_whose_alert_is_silenced_is_told(chain: Story) -> None:
    chain.at("00:30").silences("job=extract", until="2026-03-17 01:00")
    chain.until("12:00")

    assert chain.heard_of("extract") == []
    assert chain.heard_of("load")[0] == ("02:05:15", "critical", "firing")


def test_what_needs_a_job_in_maintenance_is_told(chain: Story) -> None:
    chain.maintains("upgrade", "job=extract", "00:00-23:59")
    chain.until("03:00")

    assert chain.heard == [("02:05:15", "critical", "firing")]


def test_what_needs_a_job_whose_alert_somebody_has_put_off_is_told(chain: Story) -> None:
    chain.at("01:10").snoozes("ann", until="2026-03-17 01:00")
    chain.until("03:00")

    assert chain.heard_of("load") == [("02:05:15", "critical", "firing")]


def test_what_needs_a_job_that_is_told_of_once_a_day_is_told(chain: Story) -> None:
    chain.receiver("letters").digest_at = "08:00"
    chain.routes(("job=extract", "letters"))
    chain.until("03:00")

    assert chain.heard == [("02:05:15", "critical", "firing")]


def test_what_needs_a_job_whose_way_is_muted_is_told(chain: Story) -> None:
    chain.time_interval("night", "00:00-07:00")
    chain.routes(("job=extract", "extractors", "mute=night"))
    chain.until("03:00")

    assert chain.heard == [("02:05:15", "critical", "firing")]


def test_what_is_muted_is_told_when_its_cause_is_put_off(chain: Story) -> None:
    chain.until("02:30")
    assert chain.heard_of("load") == []
    chain.at("02:30").snoozes("ann", job="extract", until="2026-03-17 01:00")
    chain.until("02:31")

    assert chain.heard_of("load") == [("02:30:15", "critical", "firing")]


def test_what_is_muted_is_told_when_a_silence_of_its_cause_begins(chain: Story) -> None:
    chain.at("00:30").silences("job=extract", since="03:00", until="2026-03-17 01:00")
    chain.until("02:59")
    assert chain.heard_of("load") == []
    chain.until("03:01")

    assert chain.heard_of("load") == [("03:00:15", "critical", "firing")]


def test_what_somebody_has_in_hand_explains_what_follows_though_it_is_silenced(chain: Story) -> None:
    chain.at("01:10").acknowledges("ann").silences("job=extract", until="2026-03-17 01:00")
    chain.until("06:00")

    assert chain.heard_of("load") == []


def test_what_is_told_again_after_a_silence_explains_what_follows(chain: Story) -> None:
    chain.at("00:30").silences("job=extract", until="01:30")
    chain.until("06:00")

    assert chain.heard_of("extract")[0][0] == "01:30"
    assert chain.heard_of("load") == []
