import math
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tocsin.quality.baseline import (
    NEEDED_RUNS,
    Expected,
    Kind,
    Normal,
    Point,
    Series,
    advance,
    expected_at,
    fit,
    series_of,
    spreads,
    value_at,
)

FIRST_AT = datetime(2026, 1, 5, 2, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def runs(*values: float, every: timedelta = DAY, first_at: datetime = FIRST_AT) -> Series:
    return series_of(
        Point(order_at=(first_at + index * every).timestamp(), value=value)
        for index, value in enumerate(values)
    )


def wobbling(count: int, base: float = 600.0, share: float = 0.08) -> list[float]:
    """Return values about a base that differ by about a share, without rhythm."""
    chance = random.Random(5)
    return [base * math.exp(chance.gauss(0, share)) for _ in range(count)]


def normal_of(series: Series, timezone: str = "UTC", kind: Kind = Kind.DURATION) -> Normal:
    return fit(series, kind=kind, timezone=timezone)


def expected_of(series: Series, at: datetime, timezone: str = "UTC", kind: Kind = Kind.DURATION) -> Expected:
    expected = expected_at(normal_of(series, timezone, kind), at, timezone)
    assert expected is not None
    return expected


def next_at(series: Series, after: timedelta = DAY) -> datetime:
    return datetime.fromtimestamp(series.order_at[-1], UTC) + after


@pytest.mark.parametrize("count", range(NEEDED_RUNS))
def test_of_fewer_than_five_runs_nothing_is_expected(count: int) -> None:
    series = runs(*wobbling(count))
    normal = normal_of(series)

    assert normal.learning is not None
    assert (normal.learning.runs, normal.learning.needed) == (count, 5)
    assert expected_at(normal, next_at(series) if count else FIRST_AT, "UTC") is None


def test_from_five_runs_on_three_times_as_long_is_unusual_and_a_little_longer_is_not() -> None:
    series = runs(*wobbling(5))
    expected = expected_of(series, FIRST_AT + 7 * DAY)

    assert spreads(expected, 3 * 600) > 3.5
    assert abs(spreads(expected, 1.3 * 600)) < 3.5
    assert abs(spreads(expected, 600 / 1.3)) < 3.5


def test_a_band_gets_narrower_as_runs_are_added() -> None:
    widths = []
    for count in (6, 12, 60, 200):
        expected = expected_of(runs(*wobbling(count)), FIRST_AT + timedelta(days=210))
        widths.append(value_at(expected, 3.5) - value_at(expected, -3.5))

    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < widths[0] / 1.5


def test_earlier_incidents_do_not_hide_the_next() -> None:
    values = wobbling(40)
    for index in (20, 24, 27, 33, 36):
        values[index] *= 4
    series = runs(*values)

    assert spreads(expected_of(series, next_at(series)), 2 * 600) > 3.5


@pytest.mark.parametrize("count", [5, 9, 30, 200])
def test_a_job_that_always_takes_the_same_is_judged_to_both_sides(count: int) -> None:
    series = runs(*[600.0] * count)
    expected = expected_of(series, FIRST_AT + 7 * DAY)

    assert abs(spreads(expected, 601.0)) < 0.5
    assert spreads(expected, 1800.0) > 3.5
    assert spreads(expected, 0.0) < -3.5


def test_a_count_that_was_the_same_for_a_year_and_is_zero_is_unusual() -> None:
    series = runs(*[5_000.0] * 365)

    assert spreads(expected_of(series, next_at(series), kind=Kind.COUNT), 0.0) < -5


def test_a_job_of_less_than_a_second_may_take_a_second_more() -> None:
    series = runs(*[0.2] * 30)

    assert spreads(expected_of(series, next_at(series)), 1.2) < 3.5
    assert spreads(expected_of(series, next_at(series)), 60) > 3.5


def weekly(count: int) -> list[float]:
    return [
        value * (0.4 if (FIRST_AT + index * DAY).weekday() >= 5 else 1.0)
        for index, value in enumerate(wobbling(count))
    ]


def test_weekends_are_compared_with_weekends() -> None:
    series = runs(*weekly(70))
    saturday, monday = FIRST_AT + timedelta(days=75), FIRST_AT + timedelta(days=77)

    on_saturday, on_monday = expected_of(series, saturday), expected_of(series, monday)

    assert (on_saturday.method, on_monday.method) == ("weekends", "business days")
    assert (on_saturday.runs, on_monday.runs) == (20, 50)
    assert spreads(on_saturday, 600) > 3.5
    assert spreads(on_monday, 240) < -3.5
    assert abs(spreads(on_saturday, 240)) < 1.5


def test_a_long_monday_is_ordinary_on_mondays_alone() -> None:
    values = [
        value * (2.5 if (FIRST_AT + index * DAY).weekday() == 0 else 1.0)
        for index, value in enumerate(wobbling(84))
    ]
    series = runs(*values)
    monday = FIRST_AT + timedelta(days=84)

    assert expected_of(series, monday).method == "Mondays"
    assert abs(spreads(expected_of(series, monday), 1_500)) < 1.5
    assert spreads(expected_of(series, monday + DAY), 1_500) > 3.5


def test_an_hourly_job_is_compared_by_the_hour() -> None:
    values = [
        value * (3.0 if 8 <= (FIRST_AT + index * HOUR).hour < 18 else 1.0)
        for index, value in enumerate(wobbling(480))
    ]
    series = runs(*values, every=HOUR)
    noon, night = FIRST_AT + timedelta(days=20, hours=10), FIRST_AT + timedelta(days=20)

    assert expected_of(series, noon).method == "12:00"
    assert abs(spreads(expected_of(series, noon), 1_800)) < 1.5
    assert spreads(expected_of(series, night), 1_800) > 3.5


def test_hours_and_weekdays_are_those_of_the_jobs_zone_through_a_change_of_clocks() -> None:
    """A job at 02:00 and 14:00 in Berlin stays a job of these hours after 29 March 2026."""
    values: list[Point] = []
    for day in range(60):
        for hour, base in ((2, 300.0), (14, 1_200.0)):
            offset = 1 if day < 27 else 2  # from 2 March on; clocks change on day 27
            at = datetime(2026, 3, 2, hour, 30, tzinfo=UTC) + day * DAY - timedelta(hours=offset)
            values.append(Point(order_at=at.timestamp(), value=base * (1 + 0.05 * math.sin(day * day))))
    series = series_of(values)

    normal = normal_of(series, "Europe/Berlin")
    afternoon = expected_at(normal, datetime(2026, 5, 4, 12, 30, tzinfo=UTC), "Europe/Berlin")

    assert afternoon is not None
    assert afternoon.method == "14:00"
    assert value_at(afternoon, 0) == pytest.approx(1_200, rel=0.06)


def test_a_run_a_little_before_the_full_hour_belongs_to_it() -> None:
    points = []
    for day in range(40):
        for hour, base in ((2, 300.0), (14, 1_200.0)):
            at = FIRST_AT.replace(hour=hour) + day * DAY + timedelta(seconds=20 * math.sin(day * day))
            points.append(Point(order_at=at.timestamp(), value=base * (1 + 0.05 * math.sin(day))))
    series = series_of(points)
    normal = normal_of(series)

    for seconds in (-20, 20):
        at = FIRST_AT.replace(hour=14) + timedelta(days=40, seconds=seconds)
        expected = expected_at(normal, at, "UTC")
        assert expected is not None
        assert (expected.method, round(value_at(expected, 0), -2)) == ("14:00", 1_200)


def test_an_hour_that_was_never_seen_is_judged_by_what_it_is_part_of() -> None:
    """An irregular job that once runs at an hour of its own raises no alarm for an ordinary value."""
    points = [
        Point(order_at=(FIRST_AT + day * DAY + hour * HOUR).timestamp(), value=value)
        for day, value in enumerate(wobbling(60))
        for hour in (0, 3 + day % 5)
    ]
    series = series_of(points)

    expected = expected_of(series, FIRST_AT + timedelta(days=60, hours=17))

    assert abs(spreads(expected, 650)) < 3.5
    assert spreads(expected, 6_000) > 3.5


def test_a_first_saturday_is_judged_by_the_most_that_was_ever_seen() -> None:
    weekdays = [
        Point(order_at=(FIRST_AT + day * DAY).timestamp(), value=600.0 + day)
        for day in range(12)
        if day % 7 < 5
    ]
    series = series_of(weekdays)

    on_saturday = expected_of(series, FIRST_AT + timedelta(days=12))
    on_monday = expected_of(series, FIRST_AT + timedelta(days=14))

    assert spreads(on_monday, 1_500) > 3.5
    assert spreads(on_saturday, 1_500) < 3.5
    assert spreads(on_saturday, 2_400) > 3.5


def test_a_weekly_job_is_learnt_from_five_runs() -> None:
    series = runs(*wobbling(5), every=7 * DAY)
    expected = expected_of(series, FIRST_AT + timedelta(days=35))

    assert spreads(expected, 2_000) > 3.5
    assert abs(spreads(expected, 700)) < 3.5


def test_a_monthly_job_is_learnt_from_five_runs() -> None:
    points = [
        Point(order_at=datetime(2025, month, 1, 3, tzinfo=UTC).timestamp(), value=value)
        for month, value in enumerate(wobbling(8), start=1)
    ]
    expected = expected_of(series_of(points), datetime(2025, 9, 1, 3, tzinfo=UTC))

    assert spreads(expected, 2_000) > 3.5
    assert abs(spreads(expected, 700)) < 3.5


def month_ends(days: int, factor: float) -> Series:
    values = [
        value * (factor if (FIRST_AT + (index + 1) * DAY).day == 1 else 1.0)
        for index, value in enumerate(wobbling(days))
    ]
    return runs(*values)


def test_the_end_of_a_month_is_expected_once_it_was_seen_twice() -> None:
    series = month_ends(80, 2.5)  # with 31 January and 28 February
    last_of_march = datetime(2026, 3, 31, 2, tzinfo=UTC)
    expected = expected_of(series, last_of_march)

    assert expected.method in ("last days of the month", "last business days of the month")
    assert abs(spreads(expected, 1_500)) < 2
    assert spreads(expected_of(series, last_of_march - DAY), 1_500) > 3.5


def test_the_end_of_a_month_that_was_seen_once_is_a_precedent_to_its_side() -> None:
    series = month_ends(50, 2.5)
    expected = expected_of(series, datetime(2026, 2, 28, 2, tzinfo=UTC))

    assert spreads(expected, 1_500) < 3.5
    assert spreads(expected, 6_000) > 3.5
    assert spreads(expected, 200) < -3.5


def replayed(values: list[float]) -> tuple[Series, list[Normal]]:
    series, normal = Series(), fit(Series(), kind=Kind.DURATION, timezone="UTC")
    normals = []
    for index, value in enumerate(values):
        point = Point(order_at=(FIRST_AT + index * DAY).timestamp(), value=value)
        series, normal = advance(series, normal, point, timezone="UTC")
        normals.append(normal)
    return series, normals


def test_a_new_level_is_said_once_and_is_then_normal() -> None:
    series, normals = replayed([*wobbling(60), *wobbling(30, base=1_200)])

    said = {normal.shift.at: normal.shift for normal in normals if normal.shift}
    (shift,) = said.values()
    certain_at = series.order_at.index(shift.at)
    assert 60 <= certain_at < 65
    assert shift.old_level == pytest.approx(600, rel=0.1)
    assert shift.new_level == pytest.approx(1_200, rel=0.1)
    assert not shift.returned
    expected = expected_at(normals[-1], next_at(series), "UTC")
    assert expected is not None
    assert abs(spreads(expected, 1_200)) < 1
    assert not any(series.flagged[certain_at - 3 :])


def test_a_return_to_the_old_level_is_no_second_surprise() -> None:
    values = [*wobbling(60), *wobbling(12, base=1_500), *wobbling(20)]
    series, normals = replayed(values)

    back = expected_at(normals[71], next_at(series), "UTC")
    assert back is not None
    assert abs(spreads(back, 600)) <= 2
    assert spreads(back, 200) < -3.5
    assert spreads(back, value_at(back, -3.5) * 0.99) < -3.5
    assert spreads(back, value_at(back, -3.5) * 1.01) >= -2
    shifts = {normal.shift.at: normal.shift.returned for normal in normals if normal.shift}
    assert list(shifts.values()) == [False, True]


def test_a_single_outlier_shifts_nothing_and_is_not_learnt_from() -> None:
    values = wobbling(80)
    for index in (40, 47, 55, 61):
        values[index] *= 3
    series, normals = replayed(values)

    assert [normal.shift for normal in normals if normal.shift] == []
    assert [index for index, flagged in enumerate(series.flagged) if flagged] == [40, 47, 55, 61]


def test_a_history_that_comes_at_once_shows_the_same_shift() -> None:
    series = runs(*wobbling(60), *wobbling(30, base=1_200))
    normal = normal_of(series)

    assert normal.shift is not None
    assert series.order_at.index(normal.shift.first_at) == pytest.approx(60, abs=1)
    assert math.exp(normal.level) - normal.offset == pytest.approx(1_200, rel=0.1)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("off", [-5.0, -3.5, -1.0, 0.0, 1.0, 3.5])
def test_a_value_so_many_spreads_off_is_so_many_spreads_off(kind: Kind, off: float) -> None:
    scale = 1_000 if kind is Kind.RATE else 1
    series = runs(*[value / scale for value in wobbling(60)])
    expected = expected_of(series, next_at(series), kind=kind)

    assert spreads(expected, value_at(expected, off)) == pytest.approx(off, abs=1e-6)


def test_the_same_runs_give_the_same_normal_in_the_same_few_bytes() -> None:
    values = [
        value * (1 + index % 24 / 10) * (1 + (FIRST_AT + index * HOUR).weekday() / 5)
        for index, value in enumerate(wobbling(600))
    ]
    series = runs(*values, every=HOUR)

    first, second = normal_of(series, "Asia/Kolkata"), normal_of(series, "Asia/Kolkata")
    text = msgspec.json.encode(first)

    assert text == msgspec.json.encode(second)
    assert len(text) <= 1_300
    assert msgspec.json.decode(text, type=Normal) == first


def test_importing_the_room_does_not_load_numpy() -> None:
    program = "import sys, tocsin.quality.baseline; print('numpy' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
