from datetime import UTC, datetime, timedelta

import pytest

from tocsin.jobs.skew import TOLERATED, corrected

RECEIVED = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("wrong_by", [-3 * HOUR, -10 * SECOND, 10 * SECOND, 3 * HOUR, timedelta(days=20_000)])
def test_a_clock_that_is_wrong_moves_nothing(wrong_by: timedelta) -> None:
    happened_at = RECEIVED - timedelta(minutes=7)

    told = corrected(happened_at + wrong_by, sent_at=RECEIVED + wrong_by, received_at=RECEIVED)

    assert told == happened_at


def test_what_was_put_aside_for_hours_keeps_its_distance_to_the_sending() -> None:
    told = corrected(RECEIVED - 5 * HOUR + HOUR, sent_at=RECEIVED + HOUR, received_at=RECEIVED)

    assert told == RECEIVED - 5 * HOUR


@pytest.mark.parametrize("on_the_way", [timedelta(0), SECOND, TOLERATED])
def test_the_way_through_the_network_is_not_a_wrong_clock(on_the_way: timedelta) -> None:
    sent_at = RECEIVED - on_the_way

    assert corrected(sent_at - SECOND, sent_at=sent_at, received_at=RECEIVED) == sent_at - SECOND


def test_without_the_instant_of_sending_the_senders_clock_is_believed() -> None:
    assert corrected(RECEIVED - HOUR, sent_at=None, received_at=RECEIVED) == RECEIVED - HOUR


@pytest.mark.parametrize("sent_at", [None, RECEIVED])
def test_nothing_has_happened_after_it_was_received(sent_at: datetime | None) -> None:
    assert corrected(RECEIVED + HOUR, sent_at=sent_at, received_at=RECEIVED) == RECEIVED
