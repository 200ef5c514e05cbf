"""What holds for every time interval, in every zone, around every clock change from 2020 to 2035."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.laws.transitions import Transition, transitions
from tocsin.alerts.timeinterval import NamedInterval, Span, TimeInterval

MINUTE = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)
LOOKED_AT = 36 * 60

law = settings(derandomize=True, database=None, deadline=None, max_examples=150)
slow_law = settings(law, max_examples=40)


def spans(least: int, most: int) -> st.SearchStrategy[Span]:
    numbers = st.integers(least, most)
    return st.tuples(numbers, numbers).map(lambda pair: Span(first=min(pair), last=max(pair)))


def some(one: st.SearchStrategy[Span]) -> st.SearchStrategy[tuple[Span, ...]]:
    return st.one_of(st.just(()), st.lists(one, min_size=1, max_size=3).map(tuple))


from_the_end = st.tuples(st.integers(-31, -1), st.integers(-31, -1)).map(
    lambda pair: Span(first=min(pair), last=max(pair))
)
small_hours = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(
    lambda pair: Span(first=min(pair) * 15, last=max(pair) * 15 + 14)
)
intervals = st.builds(
    TimeInterval,
    times=some(st.one_of(small_hours, spans(0, 24 * 60 - 1))),
    weekdays=some(spans(0, 6)),
    days_of_month=some(st.one_of(spans(1, 31), from_the_end)),
    months=some(spans(1, 12)),
    years=some(spans(2019, 2037)),
)
zone_changes = st.sampled_from(transitions())
around = st.timedeltas(min_value=timedelta(hours=-40), max_value=timedelta(hours=40))


def within(interval: TimeInterval, zone: str) -> TimeInterval:
    return TimeInterval(
        times=interval.times,
        weekdays=interval.weekdays,
        days_of_month=interval.days_of_month,
        months=interval.months,
        years=interval.years,
        timezone=zone,
    )


def looked_up(interval: TimeInterval, instant: datetime) -> bool:
    """Say the same as `is_in` in another way: the local time is written down and every number looked up."""
    local = instant.astimezone(ZoneInfo(interval.timezone))
    words = local.strftime("%H %M %w %d %m %Y").split()
    hour, minute, weekday, day, month, year = (int(word) for word in words)
    next_month = (local.replace(day=28, tzinfo=None) + timedelta(days=4)).replace(day=1)
    from_end = day - (next_month - timedelta(days=1)).day - 1
    return all(
        not spans or any(number in range(span.first, span.last + 1) for span in spans for number in numbers)
        for spans, numbers in (
            (interval.times, [hour * 60 + minute]),
            (interval.weekdays, [weekday]),
            (interval.days_of_month, [day, from_end]),
            (interval.months, [month]),
            (interval.years, [year]),
        )
    )


def next_by_minutes(is_in: Callable[[datetime], bool], since: datetime) -> datetime | None:
    """Find the next change by looking at every full minute of three days."""
    first = is_in(since)
    at = since.replace(second=0, microsecond=0)
    for _ in range(LOOKED_AT):
        at += MINUTE
        if is_in(at) != first:
            return at
    return None


@law
@given(change=zone_changes, interval=intervals, after=around)
def test_an_instant_lies_in_an_interval_when_its_local_time_fits_every_kind(
    change: Transition, interval: TimeInterval, after: timedelta
) -> None:
    placed, instant = within(interval, change.zone), change.at + after

    assert placed.is_in(instant) is looked_up(placed, instant)


@law
@given(change=zone_changes, interval=intervals, after=around)
@example(
    change=Transition.of("Asia/Beirut", 2024, 3),
    interval=TimeInterval(weekdays=(Span(first=0, last=0),)),
    after=timedelta(hours=-30),
)
@example(
    change=Transition.of("America/Havana", 2024, 11),
    interval=TimeInterval(times=(Span(first=0, last=59),)),
    after=timedelta(hours=-3),
)
@example(
    change=Transition.of("Africa/Cairo", 2024, 4),
    interval=TimeInterval(days_of_month=(Span(first=-1, last=-1),)),
    after=timedelta(hours=-20),
)
@example(
    change=Transition.of("Australia/Lord_Howe", 2024, 4),
    interval=TimeInterval(times=(Span(first=90, last=104),)),
    after=timedelta(hours=-2),
)
def test_the_next_change_is_the_first_and_a_change(
    change: Transition, interval: TimeInterval, after: timedelta
) -> None:
    placed, instant = within(interval, change.zone), change.at + after

    found = placed.changes_after(instant)
    wanted = next_by_minutes(placed.is_in, instant)

    if wanted is not None:
        assert found == wanted
    elif found is not None:
        assert found > instant + (LOOKED_AT - 1) * MINUTE
        assert placed.is_in(found) is not placed.is_in(found - INSTANT)
        assert placed.is_in(found - INSTANT) is placed.is_in(instant)


@slow_law
@given(
    change=zone_changes,
    several=st.lists(intervals, min_size=1, max_size=3),
    zones=st.lists(st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]), min_size=3, max_size=3),
    after=around,
)
def test_several_intervals_under_one_name_are_one(
    change: Transition, several: list[TimeInterval], zones: list[str], after: timedelta
) -> None:
    placed = tuple(within(one, zone) for one, zone in zip(several, zones, strict=False))
    named, instant = NamedInterval(name="x", intervals=placed), change.at + after

    found, wanted = named.changes_after(instant), next_by_minutes(named.is_in, instant)

    assert named.is_in(instant) is any(one.is_in(instant) for one in placed)
    assert found == wanted if wanted is not None else found is None or found > instant


@law
@given(year=st.integers(2020, 2034), interval=intervals)
def test_an_interval_in_utc_changes_on_full_minutes_alone(year: int, interval: TimeInterval) -> None:
    at = datetime(year, 6, 1, 12, 34, 56, 789, tzinfo=UTC)
    for _ in range(5):
        found = interval.changes_after(at)
        if found is None:
            return
        assert (found.second, found.microsecond) == (0, 0)
        at = found
