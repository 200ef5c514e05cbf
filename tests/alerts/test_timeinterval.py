"""Time intervals as people write them."""

from datetime import UTC, datetime

import pytest

from tocsin.alerts.timeinterval import (
    Span,
    TimeInterval,
    read_clock,
    read_days_of_month,
    read_months,
    read_times,
    read_weekdays,
    read_years,
)
from tocsin.errors import InvalidSchedule


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (read_times("09:00", "17:00"), (540, 1019)),
        (read_times("00:00", "24:00"), (0, 1439)),
        (read_weekdays("sunday"), (0, 0)),
        (read_weekdays(" Monday:FRIDAY "), (1, 5)),
        (read_days_of_month("7"), (7, 7)),
        (read_days_of_month("-3:-1"), (-3, -1)),
        (read_days_of_month("15:-1"), (15, -1)),
        (read_months("may:8"), (5, 8)),
        (read_months("12"), (12, 12)),
        (read_years("2026:2028"), (2026, 2028)),
    ],
)
def test_a_range_is_read(span: Span, expected: tuple[int, int]) -> None:
    assert (span.first, span.last) == expected


@pytest.mark.parametrize(
    ("reads", "words"),
    [
        (lambda: read_times("17:00", "09:00"), "must come after the start"),
        (lambda: read_times("9:00", "17:00"), "'9:00' is not a time from 00:00 to 24:00"),
        (lambda: read_clock("24:01"), "not a time"),
        (lambda: read_weekdays("saturday:sunday"), "the week begins on sunday"),
        (lambda: read_weekdays("mondy"), "did you mean 'monday'"),
        (lambda: read_weekdays("1:5"), "not a day of the week"),
        (lambda: read_weekdays("monday:"), "not a day of the week"),
        (lambda: read_days_of_month("0"), "1 to 31, or -1 to -31"),
        (lambda: read_days_of_month("32"), "1 to 31"),
        (lambda: read_days_of_month("-1:5"), "must end so, too"),
        (lambda: read_days_of_month("9:3"), "ends before it starts"),
        (lambda: read_days_of_month("30:-1"), "at least in short months"),
        (lambda: read_months("13"), "not a month"),
        (lambda: read_months("mai"), "did you mean 'may'"),
        (lambda: read_months("may:april"), "ends before it starts"),
        (lambda: read_years("next"), "not a year"),
        (lambda: read_years("2027:2026"), "ends before it starts"),
    ],
)
def test_what_cannot_be_read_is_told(reads: object, words: str) -> None:
    assert callable(reads)
    with pytest.raises(InvalidSchedule, match=words):
        reads()


@pytest.mark.parametrize(
    ("days", "day", "holds"),
    [
        ("-1", "2026-02-28", True),
        ("-1", "2028-02-28", False),
        ("-3:-1", "2026-04-27", False),
        ("-3:-1", "2026-04-28", True),
        ("29:31", "2026-02-28", False),
        ("25:31", "2026-02-28", True),
        ("-31:-1", "2026-02-01", True),
        ("15:-1", "2026-06-14", False),
        ("15:-1", "2026-06-30", True),
    ],
)
def test_days_are_counted_from_both_ends_of_the_month(days: str, day: str, holds: bool) -> None:  # noqa: FBT001 -- a column of the table
    interval = TimeInterval(days_of_month=(read_days_of_month(days),))

    assert interval.is_in(datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)) is holds


def test_what_never_changes_says_so() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    never = TimeInterval(days_of_month=(Span(first=31, last=31),), months=(Span(first=2, last=2),))

    assert TimeInterval().changes_after(now) is None
    assert never.changes_after(now) is None
    assert TimeInterval(years=(Span(first=2030, last=2030),)).changes_after(now) == datetime(
        2030, 1, 1, tzinfo=UTC
    )
