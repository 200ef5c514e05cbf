"""What a wall time means in a zone."""

from datetime import UTC, date, datetime, time

import pytest

from tocsin.errors import InvalidSchedule
from tocsin.jobs.walltime import check_timezone, instant_of, local_date


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        (" AMERICA/NEW_YORK ", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_zone_is_spelled_as_iana_spells_it(written: str, zone: str) -> None:
    assert check_timezone(written) == zone


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("Europe/Berln", "did you mean 'Europe/Berlin'?"),
        ("Berlin", "did you mean 'Europe/Berlin'?"),
        ("new york", "did you mean 'America/New_York'?"),
        ("PST", "use a name like 'Europe/Berlin'"),
        ("localtime", "is not an IANA time zone"),
        ("../../etc/passwd", "is not an IANA time zone"),
        ("", "is not an IANA time zone"),
    ],
)
def test_what_is_no_zone_is_refused_with_the_one_that_was_meant(written: str, says: str) -> None:
    with pytest.raises(InvalidSchedule) as refusal:
        check_timezone(written)

    assert says in str(refusal.value)


def test_a_time_that_spring_skips_is_the_first_instant_after_the_jump() -> None:
    assert instant_of(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == datetime(
        2026, 3, 29, 1, 0, tzinfo=UTC
    )
    assert instant_of(date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe") == datetime(
        2026, 10, 3, 15, 30, tzinfo=UTC
    )


def test_of_a_time_that_autumn_repeats_the_first_is_meant() -> None:
    assert instant_of(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_a_day_that_a_country_left_out_is_the_first_instant_of_the_next() -> None:
    midnight_after = instant_of(date(2011, 12, 31), time(), "Pacific/Apia")

    assert instant_of(date(2011, 12, 30), time(12), "Pacific/Apia") == midnight_after
    assert local_date(midnight_after, "Pacific/Apia") == date(2011, 12, 31)
