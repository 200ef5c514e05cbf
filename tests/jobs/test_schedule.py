"""Stories of schedules: what was written, and when it comes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tocsin.errors import InvalidSchedule
from tocsin.jobs.schedule import Schedule, ScheduleKind, latest_at, next_after, read_schedule

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = "UTC", *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def coming(text: str, since: str, count: int, zone: str = BERLIN) -> list[str]:
    """The next nominal instants as a clock in the zone shows them, with their offset."""
    schedule, instant, shown = read_schedule(text, zone), at(since, zone), []
    for _ in range(count):
        found = next_after(schedule, instant)
        assert found is not None
        instant = found
        shown.append(found.astimezone(ZoneInfo(zone)).strftime("%d %H:%M%z")[:-2])
    return shown


def test_a_fixed_hour_that_spring_skips_is_moved_to_the_end_of_the_jump() -> None:
    assert coming("30 2 * * *", "2026-03-28T12:00", 2) == ["29 03:00+02", "30 02:30+02"]


def test_a_fixed_hour_that_autumn_repeats_comes_once_and_first() -> None:
    assert coming("30 2 * * *", "2026-10-24T12:00", 2) == ["25 02:30+02", "26 02:30+01"]


def test_three_o_clock_comes_once_on_both_nights() -> None:
    assert coming("0 3 * * *", "2026-03-28T12:00", 2) == ["29 03:00+02", "30 03:00+02"]
    assert coming("0 3 * * *", "2026-10-24T12:00", 2) == ["25 03:00+01", "26 03:00+01"]


def test_a_wildcard_hour_follows_the_clock_through_both_nights() -> None:
    assert coming("30 * * * *", "2026-03-29T01:00", 2) == ["29 01:30+01", "29 03:30+02"]
    assert coming("30 * * * *", "2026-10-25T02:00", 3) == ["25 02:30+02", "25 02:30+01", "25 03:30+01"]


def test_a_wildcard_minute_in_a_skipped_hour_is_left_out_and_in_a_repeated_one_comes_twice() -> None:
    assert coming("*/30 2 * * *", "2026-03-28T12:00", 2) == ["30 02:00+02", "30 02:30+02"]
    repeated = coming("*/30 2 * * *", "2026-10-24T12:00", 5)
    assert repeated == ["25 02:00+02", "25 02:30+02", "25 02:00+01", "25 02:30+01", "26 02:00+01"]


def test_oncalendar_leaves_out_what_spring_skips_and_repeats_nothing_in_autumn() -> None:
    assert coming("*-*-* 02:30", "2026-03-28T12:00", 1) == ["30 02:30+02"]
    assert coming("*-*-* 02:30", "2026-10-24T12:00", 2) == ["25 02:30+02", "26 02:30+01"]
    assert coming("*-*-* *:30", "2026-10-25T02:00", 2) == ["25 02:30+02", "25 03:30+01"]


def test_asked_in_the_second_of_two_equal_hours_the_next_is_tomorrow_and_not_the_past() -> None:
    second_two_fifteen = at("2026-10-25T02:15", BERLIN, fold=1)

    for text in ("30 2 * * *", "*-*-* 02:30"):
        schedule = read_schedule(text, BERLIN)
        assert next_after(schedule, second_two_fifteen) == at("2026-10-26T02:30", BERLIN)
        assert latest_at(schedule, second_two_fifteen) == at("2026-10-25T02:30", BERLIN)


def test_every_line_of_an_oncalendar_schedule_counts_and_may_name_its_own_zone() -> None:
    text = "Mon..Fri 09:00\nSat 10:00 america/new_york"

    assert coming(text, "2026-03-06T08:00", 3) == ["06 09:00+01", "07 16:00+01", "09 09:00+01"]


def test_a_weekday_begins_at_local_midnight() -> None:
    assert coming("sunday", "2026-03-28T12:00", 2) == ["29 00:00+01", "05 00:00+02"]
    assert coming("monday, thursday", "2026-03-28T12:00", 3) == ["30 00:00+02", "02 00:00+02", "06 00:00+02"]


def test_a_midnight_that_does_not_exist_is_the_first_instant_of_that_day() -> None:
    assert coming("sunday", "2026-03-28T12:00", 1, "Asia/Beirut") == ["29 01:00+03"]


@pytest.mark.parametrize(
    ("zone", "since", "expected"),
    [
        ("Asia/Kolkata", "2026-03-28T12:10", ["28 13:00+05", "28 14:00+05"]),
        (BERLIN, "2026-10-25T01:10", ["25 02:00+02", "25 02:00+01", "25 03:00+01"]),
        ("Australia/Lord_Howe", "2026-10-04T01:10", ["04 03:00+11", "04 04:00+11"]),
        ("Australia/Lord_Howe", "2026-04-05T00:10", ["05 01:00+11", "05 02:00+10"]),
    ],
)
def test_hourly_comes_whenever_the_local_clock_shows_a_full_hour(
    zone: str, since: str, expected: list[str]
) -> None:
    schedule = Schedule(expression="hourly", kind=ScheduleKind.HOURLY, timezone=zone)
    instant, shown = at(since, zone), []
    for _ in expected:
        found = next_after(schedule, instant)
        assert found is not None
        instant = found
        shown.append(found.astimezone(ZoneInfo(zone)).strftime("%d %H:%M%z")[:-2])

    assert shown == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("every 15m", 900),
        ("every 2 hours", 7200),
        ("every 90s", 90),
        ("Every  1h 30m", 5400),
        ("every 1 hour and 30 minutes", 5400),
        ("every hour", 3600),
        ("every 10 s", 10),
        ("every 400 days", 34_560_000),
    ],
)
def test_an_interval_is_counted_from_the_last_start(text: str, seconds: int) -> None:
    schedule = read_schedule(text, BERLIN)
    started_at = datetime(2026, 3, 28, 23, 59, 59, 123456, tzinfo=UTC)

    assert schedule.kind is ScheduleKind.INTERVAL
    assert next_after(schedule, started_at) == started_at + timedelta(seconds=seconds)
    assert latest_at(schedule, started_at) is None


@pytest.mark.parametrize(
    ("text", "kind", "expression"),
    [
        ("  0   2 * * *  ", ScheduleKind.CRON, "0 2 * * *"),
        ("0 2 * * MON-FRI", ScheduleKind.CRON, "0 2 * * MON-FRI"),
        ("@daily", ScheduleKind.CRON, "0 0 * * *"),
        ("@weekly", ScheduleKind.CRON, "0 0 * * 0"),
        ("daily", ScheduleKind.ONCALENDAR, "daily"),
        ("weekly", ScheduleKind.ONCALENDAR, "weekly"),
        ("Sun 23:00", ScheduleKind.ONCALENDAR, "Sun 23:00"),
        ("SUNDAY", ScheduleKind.WEEKLY, "sunday"),
        ("thu, mon", ScheduleKind.WEEKLY, "monday,thursday"),
        ("monday and friday", ScheduleKind.WEEKLY, "monday,friday"),
        ("mon-wed", ScheduleKind.WEEKLY, "monday,tuesday,wednesday"),
        ("sat..mon", ScheduleKind.WEEKLY, "monday,saturday,sunday"),
        ("every sunday", ScheduleKind.WEEKLY, "sunday"),
        ("every 2 hours", ScheduleKind.INTERVAL, "every 7200s"),
    ],
)
def test_each_notation_is_recognised_and_tidied(text: str, kind: ScheduleKind, expression: str) -> None:
    schedule = read_schedule(text, "europe/berlin")

    assert schedule == Schedule(expression=expression, kind=kind, timezone=BERLIN)


def test_a_tidied_schedule_reads_as_itself() -> None:
    for text in ("30 2 * * 1-5", "@hourly", "Mon..Fri 09:00\n12:00 UTC", "mon,thu", "every 1h 30m"):
        schedule = read_schedule(text, BERLIN)

        assert read_schedule(schedule.expression, schedule.timezone) == schedule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; write cron '0 2 * * *'"),
        ("* * * * * *", "seconds are not read; write '* * * * *'"),
        ("0 2 * *", "has 4 fields, not five (minute, hour, day of month, month, weekday)"),
        ("1 2 3 4 5 6 7", "has 7 fields, not five"),
        ("61 * * * *", "'61' is no minute that ever comes; use 0-59"),
        ("0 2 * * mom", "'mom' is no day of week that ever comes"),
        ("0 0 30 2 *", "'30' is no day of month that ever comes"),
        ("*-02-30", "never comes"),
        ("*-*-* *:*:*", "more often than every 10 seconds"),
        ("sunnday", "did you mean 'sunday'?"),
        ("every sunnday", "did you mean 'sunday'?"),
        ("dayly", "did you mean 'daily'?"),
        ("@dayly", "did you mean '@daily'?"),
        ("@reboot", "leave the schedule out"),
        ("Mon 25:00", "its hour cannot be read"),
        ("Sun 23:00 Berlin", "did you mean 'Europe/Berlin'?"),
        ("every", "names no length"),
        ("every 0 minutes", "names no length"),
        ("every 9s", "from 10 seconds to 400 days"),
        ("every 401 days", "from 10 seconds to 400 days"),
        ("every 2 months", "has no fixed length; write cron '0 0 1 * *'"),
        ("every 5 mintes", "did you mean 'minutes'?"),
        ("every 1.5 hours", "cannot be read; write 'every 15m'"),
        ("every 500 ms", "milliseconds are not read"),
        ("0 " * 300, "characters; at most 500 are read"),
        ("12:00\n" * 11, "at most 10 are read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_help(text: str, says: str) -> None:
    with pytest.raises(InvalidSchedule) as refusal:
        read_schedule(text, BERLIN)

    assert says in str(refusal.value)


def test_a_date_that_is_past_never_comes_again_but_came_once() -> None:
    schedule = read_schedule("2020-01-01 06:00", "UTC")

    assert next_after(schedule, at("2026-01-01T00:00")) is None
    assert latest_at(schedule, at("2026-01-01T00:00")) == at("2020-01-01T06:00")
    assert latest_at(schedule, at("2019-01-01T00:00")) is None


def test_the_rarest_of_days_is_found_in_both_directions() -> None:
    fifth_monday_of_february = read_schedule("0 0 * 2 mon#5", "UTC")

    assert next_after(fifth_monday_of_february, at("2026-01-01T00:00")) == at("2044-02-29T00:00")
    assert latest_at(fifth_monday_of_february, at("2044-02-28T23:59")) == at("2016-02-29T00:00")


def test_nothing_comes_beyond_the_years_that_are_searched() -> None:
    daily = read_schedule("0 2 * * *", "UTC")

    assert next_after(daily, datetime(9999, 12, 31, tzinfo=UTC)) is None
    assert next_after(daily, datetime(1, 1, 1, tzinfo=UTC)) == at("2000-01-01T02:00")
    assert latest_at(daily, datetime(1, 1, 1, tzinfo=UTC)) is None


def test_the_last_nominal_instant_is_the_one_that_is_now() -> None:
    every_five = read_schedule("*/5 * * * *", "UTC")

    assert latest_at(every_five, at("2026-01-01T12:05")) == at("2026-01-01T12:05")
    assert latest_at(every_five, at("2026-01-01T12:04:59.999999")) == at("2026-01-01T12:00")
    assert next_after(every_five, at("2026-01-01T12:05")) == at("2026-01-01T12:10")
