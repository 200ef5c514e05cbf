"""How runs of a job usually go, for people to look at."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from tocsin.jobs.history import Counts, Point, packed
from tocsin.quality.habits import Habit, habits_of
from tocsin.quality.normal import Normal
from tocsin.quality.season import Season
from tocsin.quality.series import Kind

MONDAY = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # a Tuesday in Berlin
PLAIN = Counts.GOOD | Counts.COMPARABLE


def point(day: int, seconds: float, **more: object) -> Point:
    at = int((MONDAY + timedelta(days=day)).timestamp())
    return replace(Point(at=at, seconds=seconds, counts=PLAIN), **more)


def normal(season: Season) -> Normal:
    return Normal(kind=Kind.DURATION, n=20, season=season)


def test_of_a_job_without_a_rhythm_all_runs_are_alike() -> None:
    history = packed([point(0, 60.0), point(1, 80.0), point(2, 90.0, counts=Counts.BAD)])

    assert habits_of(history, None, "UTC") == (Habit(of="all runs", good=2, bad=1, seconds=70.0),)
    assert habits_of(b"", None, "UTC") == ()


def test_where_weekdays_differ_each_is_told_in_the_zone_of_the_job() -> None:
    history = packed([point(day, 60.0 + 10 * (day % 7)) for day in range(21)])
    habits = habits_of(history, normal(Season.WEEKDAY), "Europe/Berlin")

    assert [one.of for one in habits][:2] == ["Mondays", "Tuesdays"]
    assert [one.seconds for one in habits] == [120.0, 60.0, 70.0, 80.0, 90.0, 100.0, 110.0]
    assert {one.good for one in habits} == {3}


def test_records_throughput_failed_share_and_delay_are_medians_of_what_is_known() -> None:
    history = packed(
        [
            point(0, 100.0, records=1_000, failed_share=0.5, delay_seconds=8.0),
            point(1, 100.0),
            point(2, 50.0, records=1_000, failed_share=0.25, delay_seconds=4.0, counts=Counts.GOOD),
            point(3, 9_999.0, records=1, counts=PLAIN | Counts.EXCLUDED),
            point(4, 1.0, counts=Counts.NOTHING),
        ]
    )
    (habit,) = habits_of(history, normal(Season.NONE), "UTC")

    assert (habit.good, habit.bad, habit.seconds, habit.delay_seconds) == (3, 0, 100.0, 8.0)
    assert habit.records is not None
    assert abs(habit.records - 1_000) < 5
    assert habit.per_second is not None
    assert abs(habit.per_second - 15) < 0.1
    assert habit.failed_share == 0.375
