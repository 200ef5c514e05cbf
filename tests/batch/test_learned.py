"""What one run keeps for the next, for how long it is believed, and that every version can read it."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.batch.learned import Learned, read, written

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
KNOWN = Learned(
    at=NOW, rate_low=50, rate_high=52, rate_best=60, ceiling_bytes=400_000, records=500, concurrency=8
)


def test_what_is_kept_is_read_back() -> None:
    assert read(written(KNOWN), NOW + timedelta(hours=23)) == KNOWN


def test_after_a_day_less_is_believed_and_after_a_month_nothing() -> None:
    later = read(written(KNOWN), NOW + timedelta(days=2))

    assert later == Learned(at=NOW, rate_low=45, rate_best=60, records=500, concurrency=8)
    assert read(written(KNOWN), NOW + timedelta(days=31)) is None


def test_what_the_first_version_wrote_and_what_a_later_one_adds_is_read() -> None:
    first = b'{"at":"2026-11-22T20:00:00Z","rate_low":50}'
    later = b'{"at":"2026-11-22T20:00:00Z","rate_low":50,"of_the_future":{"x":[1]}}'

    assert read(first, NOW) == read(later, NOW) == Learned(at=NOW, rate_low=50)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        b"",
        b"\xff\x00",
        b"[]",
        b"{}",
        b'{"at":"yesterday"}',
        b'{"at":"2026-11-22T20:00:00"}',
        b'{"at":"2026-11-22T20:00:00Z","rate_low":"fast"}',
        b'{"at":"2026-11-22T20:00:00Z","rate_low":-1}',
        b'{"at":"2026-11-22T20:00:00Z","records":0}',
        b'{"at":"2026-11-22T20:00:00Z","rate_low":1e400}',
    ],
)
def test_what_cannot_be_understood_is_as_good_as_nothing(kept: bytes | None) -> None:
    assert read(kept, NOW) is None
