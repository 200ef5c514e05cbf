"""What holds for every schedule at every clock change of every zone from 2020 to 2035."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oncalendar import OnCalendar

from tests.laws.transitions import Transition, transitions
from tocsin.errors import InvalidSchedule
from tocsin.jobs.schedule import Schedule, ScheduleKind, latest_at, next_after, read_schedule
from tocsin.jobs.walltime import instant_of

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)

law = settings(derandomize=True, database=None, deadline=None, max_examples=250)

CRONS = (
    "30 2 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "*/30 2 * * *",
    "30 * * * *",
    "*/20 * * * *",
    "15,45 0-3 * * *",
    "0-59 1-2 * * *",
    "0 */6 * * *",
    "*/20 2 * * *",
    "* 6 * * *",
    "30 2 * * 1-5",
    "30 2 1-31 * 1",
    "15 1,2 * * 0,7",
    "0 3 1 * *",
)
CALENDARS = (
    "*-*-* 02:30",
    "*-*-* *:30",
    "*-*-* 00:00:30",
    "daily",
    "hourly",
    "Mon..Fri 09:00\nSat,Sun 02:15:10 UTC",
)
ALWAYS = ("sunday", "monday,thursday")

zone_changes = st.sampled_from(transitions())
offsets = st.timedeltas(min_value=timedelta(hours=-30), max_value=timedelta(hours=30))


def made(text: str, zone: str) -> Schedule:
    """A schedule as it is read, or one that an SLA implies."""
    if text in {"implied daily", "implied hourly"}:
        word = text.removeprefix("implied ")
        return Schedule(expression=word, kind=ScheduleKind(word), timezone=zone)
    return read_schedule(text, zone)


def following(schedule: Schedule, since: datetime, until: datetime) -> Iterator[datetime]:
    found = next_after(schedule, since)
    while found is not None and found <= until:
        yield found
        found = next_after(schedule, found)


def on_full_hours(change: Transition) -> bool:
    """Elsewhere the library misses hours that we do not."""
    return (change.at + change.before).minute == 0 and (change.at + change.after).minute == 0


def skips_midnight(change: Transition) -> bool:
    """Where midnight is skipped the library begins the day with it, at the end of the jump."""
    return (change.at + change.before).date() != (change.at + change.after).date() or (
        change.after > change.before and (change.at + change.before).time() == time()
    )


def near_the_change(change: Transition) -> Iterable[time]:
    """Wall times at the edges and in the middle of what the change skips or repeats."""
    first, last = sorted(((change.at + change.before), (change.at + change.after)))
    for wall in (first - MINUTE, first, first + MINUTE, first + (last - first) / 2, last - MINUTE, last):
        yield wall.time().replace(second=0, microsecond=0)


def test_a_daily_cron_comes_exactly_once_for_each_day_through_every_clock_change() -> None:
    for change in transitions():
        first_day = (change.at + change.before).date() - 2 * DAY
        for wall in near_the_change(change):
            schedule = read_schedule(f"{wall.minute} {wall.hour} * * *", change.zone)
            days = [first_day + ahead * DAY for ahead in range(5)]
            wanted = [instant_of(day, wall, change.zone) for day in days]

            found = list(following(schedule, wanted[0] - INSTANT, wanted[-1]))

            assert found == wanted, (change, wall)


def test_a_skipped_time_is_the_first_instant_after_the_jump_and_a_repeated_one_the_first_of_both() -> None:
    for change in transitions():
        for wall in near_the_change(change):
            day = (change.at + min(change.before, change.after)).date()
            found = instant_of(day, wall, change.zone)
            shown = found.astimezone(ZoneInfo(change.zone))

            if shown.replace(tzinfo=None) == datetime.combine(day, wall):
                assert shown.fold == 0, (change, wall)
            else:
                assert found == change.at, (change, wall)


@law
@given(
    text=st.sampled_from(CRONS),
    change=st.sampled_from([change for change in transitions() if on_full_hours(change)]),
)
def test_cron_comes_exactly_as_cronsim_walks_from_the_day_before(text: str, change: Transition) -> None:
    since, until = change.at - timedelta(hours=27), change.at + timedelta(hours=27)
    walk = (found.astimezone(UTC) for found in CronSim(text, since.astimezone(ZoneInfo(change.zone))))

    expected = list(takewhile(lambda found: found <= until, walk))

    assert list(following(read_schedule(text, change.zone), since, until)) == expected


@law
@given(
    text=st.sampled_from([text for text in CRONS if "*" in (text[0], text.split()[1][0])]),
    change=st.sampled_from([change for change in transitions() if not skips_midnight(change)]),
)
@example("*/20 2 * * *", Transition.of("Australia/Lord_Howe", 2026, 4))
@example("0 */6 * * *", Transition.of("Australia/Lord_Howe", 2026, 4))
@example("0 */6 * * *", Transition.of("Antarctica/Casey", 2020, 10))
@example("30 * * * *", Transition.of("Australia/Lord_Howe", 2026, 4))
@example("0 */6 * * *", Transition.of("Australia/Lord_Howe", 2026, 10))
def test_a_wildcard_cron_comes_at_each_minute_at_which_the_local_clock_fits(
    text: str, change: Transition
) -> None:
    since, until = change.at - timedelta(hours=27), change.at + timedelta(hours=27)
    fields, place = CronSim(text, datetime(2020, 1, 1)), ZoneInfo(change.zone)  # noqa: DTZ001  # only its fields
    clock = (
        ((since + count * MINUTE), (since + count * MINUTE).astimezone(place))
        for count in range(1, 54 * 60 + 1)
    )

    expected = [
        instant
        for instant, wall in clock
        if wall.minute in fields.minutes and wall.hour in fields.hours and fields.match_day(wall)
    ]

    assert list(following(read_schedule(text, change.zone), since, until)) == expected


@law
@given(text=st.sampled_from(CALENDARS), change=zone_changes)
def test_oncalendar_comes_exactly_as_its_library_walks_from_the_day_before(
    text: str, change: Transition
) -> None:
    since, until = change.at - timedelta(hours=27), change.at + timedelta(hours=27)
    walk = (found.astimezone(UTC) for found in OnCalendar(text, since.astimezone(ZoneInfo(change.zone))))

    expected = list(takewhile(lambda found: found <= until, walk))

    assert list(following(read_schedule(text, change.zone), since, until)) == expected


every_text = st.sampled_from((*CRONS, *CALENDARS, *ALWAYS, "implied daily", "implied hourly", "0 0 29 2 *"))


@law
@given(text=every_text, change=zone_changes, offset=offsets)
def test_the_next_instant_is_strictly_later_and_the_same_until_it_comes(
    text: str, change: Transition, offset: timedelta
) -> None:
    schedule, instant = made(text, change.zone), change.at + offset

    coming = next_after(schedule, instant)

    assert coming is not None
    assert coming > instant
    for moment in (instant + (coming - instant) / 3, instant + (coming - instant) * 0.9, coming - INSTANT):
        assert next_after(schedule, moment) == coming


@law
@given(text=every_text, change=zone_changes, offset=offsets)
def test_looking_back_and_looking_ahead_know_the_same_instants(
    text: str, change: Transition, offset: timedelta
) -> None:
    schedule, instant = made(text, change.zone), change.at + offset

    last, coming = latest_at(schedule, instant), next_after(schedule, instant)

    assert last is not None
    assert coming is not None
    assert last <= instant < coming
    assert next_after(schedule, last) == coming
    assert latest_at(schedule, last) == last
    assert latest_at(schedule, coming) == coming
    assert latest_at(schedule, coming - INSTANT) == last


@law
@given(change=zone_changes)
def test_hourly_comes_at_each_instant_at_which_the_local_clock_shows_a_full_hour(change: Transition) -> None:
    schedule = made("implied hourly", change.zone)
    since, until = change.at - timedelta(hours=5), change.at + timedelta(hours=5)
    minutes = (since + count * MINUTE for count in range(1, 601))

    expected = [minute for minute in minutes if minute.astimezone(ZoneInfo(change.zone)).minute == 0]

    assert list(following(schedule, since, until)) == expected


@law
@given(change=zone_changes, day=st.dates(date(2020, 1, 10), date(2035, 12, 20)))
def test_a_weekday_comes_once_a_week_on_that_day(change: Transition, day: date) -> None:
    schedule = read_schedule("sunday", change.zone)
    since = datetime.combine(day, time(), tzinfo=UTC)

    found = [at.astimezone(ZoneInfo(change.zone)) for at in following(schedule, since, since + 60 * DAY)]

    assert all(at.weekday() == 6 for at in found)
    assert all((later.date() - earlier.date()).days == 7 for earlier, later in pairwise(found))
    assert len(found) in {8, 9}


words = st.sampled_from(
    (
        *(
            "every",
            "15m",
            "2",
            "hours",
            "sunday",
            "Mon..Fri",
            "mon-fri",
            "jan",
            "mon#2",
            "@daily",
            "UTC",
            "\n",
        ),
        *("*", "*/5", "1-5", "0", "30", "L", "LW", "5L", ",", "-1", "~", "/"),
        *("02:30", "*:0/15", "*-*-*", "*-02~01", "2026-05-05"),
    )
)
texts = st.one_of(
    st.text(max_size=40),
    st.lists(words, max_size=7).map(" ".join),
    st.text(alphabet="0123456789*/,-#LW ", max_size=24),
    st.text(alphabet="0123456789*:.-~/, monWEDU", max_size=24),
)


def read_or_refused(text: str, zone: str) -> Schedule | str:
    try:
        return read_schedule(text, zone)
    except InvalidSchedule as refusal:
        return str(refusal)


@settings(law, max_examples=1000)
@given(text=texts)
@example("L/2 L/2 L/2 L/2 L/2")
@example("0 0 ²L * ²L")
@example("*-*~32")
@example("every \x00 day")
def test_any_text_is_either_read_or_refused_with_a_sentence(text: str) -> None:
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)

    answer = read_or_refused(text, "Europe/Berlin")

    if isinstance(answer, str):
        assert len(answer) > 20
    else:
        assert read_schedule(answer.expression, answer.timezone) == answer
        coming = next_after(answer, now)
        assert coming is None or coming > now


@law
@given(name=st.text(max_size=70))
@example("../UTC")
@example("utc")
def test_any_zone_is_either_read_or_refused(name: str) -> None:
    answer = read_or_refused("daily", name)

    if isinstance(answer, str):
        assert "is not an IANA time zone" in answer
    else:
        assert answer.timezone in available_timezones()
