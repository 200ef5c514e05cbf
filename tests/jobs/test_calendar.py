"""Which days count."""

from datetime import date

import pytest

from tocsin.errors import InvalidSchedule
from tocsin.jobs.calendar import Calendar, check_calendar, is_business_day


def test_without_a_country_only_saturday_and_sunday_are_free() -> None:
    week = [is_business_day(Calendar(), date(2026, 12, day)) for day in range(21, 28)]

    assert week == [True, True, True, True, True, False, False]


@pytest.mark.parametrize(
    ("country", "region", "day", "works"),
    [
        ("DE", None, date(2026, 12, 25), False),
        ("DE", None, date(2026, 12, 24), True),
        ("DE", "BY", date(2026, 1, 6), False),
        ("DE", "BE", date(2026, 1, 6), True),
        ("US", None, date(2026, 11, 26), False),
        ("US", None, date(2021, 12, 31), False),
        ("GB", "SCT", date(2026, 11, 30), False),
        ("GB", "ENG", date(2026, 11, 30), True),
        ("SA", None, date(2026, 5, 8), False),
        ("SA", None, date(2026, 5, 10), True),
        ("HU", None, date(2026, 8, 8), True),
    ],
)
def test_public_holidays_and_weekends_are_those_of_the_country_and_region(
    country: str, region: str | None, day: date, *, works: bool
) -> None:
    assert is_business_day(check_calendar(country, region), day) is works


def test_far_beyond_the_known_holidays_only_weekends_are_free() -> None:
    christmas_on_a_friday = date(2116, 12, 25)

    assert is_business_day(check_calendar("DE", None), christmas_on_a_friday)


@pytest.mark.parametrize(
    ("country", "region", "calendar"),
    [
        (None, None, Calendar()),
        (" ", None, Calendar()),
        ("de", "by", Calendar(country="DE", region="BY")),
        ("DEU", "Bayern", Calendar(country="DE", region="BY")),
        ("germany", " ", Calendar(country="DE")),
        ("il", None, Calendar(country="IL", weekend=(4, 5))),
    ],
)
def test_a_country_and_region_are_read_by_code_or_name(
    country: str | None, region: str | None, calendar: Calendar
) -> None:
    assert check_calendar(country, region) == calendar


@pytest.mark.parametrize(
    ("country", "region", "says"),
    [
        ("Germny", None, "did you mean 'DE' (germany)?"),
        ("XX", None, "use an ISO code such as 'DE' or 'US'"),
        ("DE", "Bayren", "did you mean 'BY'?"),
        ("DE", "ZZZ", "known are Augsburg, BB, BE"),
        ("LI", "X", "leave 'X' out"),
        (None, "BY", "needs a country"),
    ],
)
def test_an_unknown_country_or_region_is_refused_with_what_was_meant(
    country: str | None, region: str | None, says: str
) -> None:
    with pytest.raises(InvalidSchedule) as refusal:
        check_calendar(country, region)

    assert says in str(refusal.value)
