"""Days and months of a zone, also those on which clocks change."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tocsin.engine.span import LONGEST_DAYS, Span, before, fault_of, last_month, month

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def days(first: str, last: str, timezone: str = "UTC") -> Span:
    return Span(first=date.fromisoformat(first), last=date.fromisoformat(last), timezone=timezone)


def test_a_month_begins_and_ends_at_midnight_of_its_zone() -> None:
    october = month(2026, 10, BERLIN)

    assert october.from_at == datetime(2026, 9, 30, 22, 0, tzinfo=UTC)
    assert october.to_at == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    assert october.to_at - october.from_at == timedelta(days=31, hours=1)


def test_a_month_in_which_clocks_jump_ahead_is_an_hour_shorter() -> None:
    march = month(2026, 3, BERLIN)

    assert march.to_at - march.from_at == timedelta(days=31) - timedelta(hours=1)


def test_where_midnight_is_skipped_the_day_begins_with_its_first_instant() -> None:
    # In Beirut clocks went from 2026-03-29 00:00 to 01:00.
    beirut = days("2026-03-29", "2026-03-29", "Asia/Beirut")

    assert beirut.from_at == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert beirut.to_at - beirut.from_at == timedelta(hours=23)


@pytest.mark.parametrize(
    ("now", "timezone", "wanted"),
    [
        (NOW, "UTC", "October 2026"),
        (datetime(2026, 11, 30, 23, 30, tzinfo=UTC), "UTC", "October 2026"),
        (datetime(2026, 11, 30, 23, 30, tzinfo=UTC), BERLIN, "November 2026"),
        (datetime(2026, 12, 1, 3, 0, tzinfo=UTC), "America/New_York", "October 2026"),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "UTC", "December 2025"),
    ],
)
def test_the_last_month_is_the_last_that_is_over_there(now: datetime, timezone: str, wanted: str) -> None:
    assert last_month(now, timezone).words == wanted


@pytest.mark.parametrize(
    ("span", "earlier", "words"),
    [
        (month(2026, 1, "UTC"), month(2025, 12, "UTC"), "January 2026"),
        (month(2026, 3, BERLIN), month(2026, 2, BERLIN), "March 2026"),
        (
            days("2026-10-05", "2026-10-11"),
            days("2026-09-28", "2026-10-04"),
            "2026-10-05 to 2026-10-11",
        ),
        (days("2026-10-05", "2026-10-05"), days("2026-10-04", "2026-10-04"), "2026-10-05"),
    ],
)
def test_a_span_is_compared_with_the_one_before(span: Span, earlier: Span, words: str) -> None:
    assert (before(span), span.words) == (earlier, words)
    assert before(span).to_at == span.from_at


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (days("2026-10-05", "2026-10-04"), "before it begins"),
        (days("2026-12-01", "2026-12-31"), "has not begun"),
        (days("2026-11-22", "9999-12-31"), "days long"),
        (days("1999-12-31", "1999-12-31"), "before the year 2000"),
        (days("2026-11-22", "2026-11-22", "America/New_York"), "in America/New_York it is 2026-11-21"),
    ],
)
def test_a_span_that_cannot_be_looked_back_on_is_told_why(span: Span, words: str) -> None:
    assert words in (fault_of(span, NOW) or "")


def test_a_span_of_the_longest_kind_and_the_one_that_goes_on_are_good() -> None:
    last = date(2026, 11, 22)
    first = last - timedelta(days=LONGEST_DAYS - 1)

    assert fault_of(Span(first=first, last=last, timezone="UTC"), NOW) is None
    assert fault_of(month(2026, 11, "UTC"), NOW) is None
    longer = Span(first=first - timedelta(days=1), last=last, timezone="UTC")
    assert "401 days long; at most 400" in (fault_of(longer, NOW) or "")
