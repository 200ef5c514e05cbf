"""What a job's runs teach, one after the other."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from tocsin.jobs.history import Counts, unpacked
from tocsin.jobs.run import Phase, Run, RunStatus
from tocsin.jobs.state import Unlearned
from tocsin.quality.learned import (
    LEARN_EVERY,
    MAX_JUDGED,
    NOTHING_LEARNED,
    Learned,
    Taught,
    learn,
    learns_at,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
STEADY = (600.0, 605.0, 595.0, 610.0, 590.0, 600.0, 603.0, 597.0, 608.0, 592.0, 601.0, 599.0)


def run(day: float, seconds: float, *, status: RunStatus = RunStatus.SUCCESS, **more: object) -> Run:
    start = NOON + day * DAY
    known: dict[str, object] = {
        "key": f"day {day:g}",
        "last_sign_at": start + timedelta(seconds=seconds),
        "status": status,
        "phase": Phase.COMPLETED,
        "started_at": start,
        "ended_at": start + timedelta(seconds=seconds),
    }
    return replace(Run(key="", last_sign_at=start), **(known | more))


def days(seconds: tuple[float, ...], first: int = 0) -> list[Run]:
    return [run(first + number, took) for number, took in enumerate(seconds)]


def taught(runs: list[Run], before: Taught | None = None) -> Taught:
    known = before or Taught(learned=NOTHING_LEARNED, history=b"")
    return learn(known.learned, known.history, runs, "UTC", NOON + 100 * DAY)


def one_by_one(runs: list[Run], before: Taught | None = None) -> Taught:
    for one in runs:
        before = taught([one], before)
    assert before is not None
    return before


def test_nothing_is_expected_before_there_are_five_comparable_runs() -> None:
    known = taught(days(STEADY[:6]))

    assert [one.spreads is None for one in known.learned.judged] == [True] * 5 + [False]


def test_a_run_is_judged_by_what_was_known_before_it() -> None:
    known = taught([*days(STEADY), run(12, 2_400)])

    newest = known.learned.judged[-1]
    assert newest.spreads is not None
    assert newest.spreads > 5
    assert newest.expected is not None


def test_what_was_unusual_is_kept_and_not_learned_from() -> None:
    known = one_by_one([*days(STEADY), run(12, 2_400), run(13, 600)])

    flagged = [point.seconds for point in unpacked(known.history) if Counts.UNUSUAL in point.counts]
    assert flagged == [2_400]
    assert known.learned.judged[-1].spreads == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    "other",
    [
        run(6, 5.0, status=RunStatus.FAILED),
        run(6, 5.0, backfill=True),
        run(6, 5.0, attempt=2),
        run(6, 5.0, status=RunStatus.SKIPPED),
    ],
)
def test_runs_that_cannot_be_compared_teach_nothing(other: Run) -> None:
    with_it = one_by_one([*days(STEADY[:6]), other, *days(STEADY[6:], first=7)])
    without = one_by_one([*days(STEADY[:6]), *days(STEADY[6:], first=7)])

    assert with_it.learned.normal == without.learned.normal


def test_a_lasting_change_is_told_once_and_is_normal_from_then_on() -> None:
    known = one_by_one(days(STEADY * 2))
    told = []
    for number, took in enumerate(1_500 + second for second in STEADY):
        known = taught([run(24 + number, took)], known)
        told.append(known.learned.shifted)

    news = [one for one in told if one is not None]
    assert len(news) == 1
    assert news[0].before_seconds == pytest.approx(600, rel=0.1)
    assert news[0].after_seconds == pytest.approx(2_100, rel=0.1)
    assert not known.learned.judged[-1].is_notable


def test_a_run_told_late_is_learned_in_its_place() -> None:
    runs = days(STEADY)
    in_order = taught(runs)
    late = taught(runs[5:], taught([*runs[:5], *runs[6:]]))

    assert [point.at for point in unpacked(late.history)] == [
        point.at for point in unpacked(in_order.history)
    ]
    assert late.learned.normal is not None
    assert in_order.learned.normal is not None
    assert late.learned.normal.n == in_order.learned.normal.n == len(runs)


def test_the_same_runs_learned_twice_count_once() -> None:
    runs = days(STEADY)
    known = taught(runs)

    again = taught(runs[-3:], known)

    assert len(unpacked(again.history)) == len(runs)
    assert [one.run for one in again.learned.judged] == [one.run for one in known.learned.judged]


def test_where_the_history_is_lost_all_is_learned_anew() -> None:
    runs = days(STEADY)
    known = taught(runs)

    anew = taught(runs, Taught(learned=known.learned, history=b""))

    assert anew.history == known.history
    assert anew.learned.normal == known.learned.normal


def test_what_is_known_of_single_runs_is_bounded_and_in_order() -> None:
    known = taught(days(STEADY * 10))

    judged = known.learned.judged
    assert len(judged) == MAX_JUDGED
    assert all(a.order_at < b.order_at for a, b in pairwise(judged))


def test_an_unusual_run_is_not_forgotten_because_other_partitions_ran_since() -> None:
    known = one_by_one([*days(STEADY), run(12, 2_400, partition="eu")])

    known = one_by_one(days(STEADY * 3, first=13), known)
    assert "day 12" in [one.run for one in known.learned.judged]

    known = taught([run(60, 600, partition="eu")], known)
    assert "day 12" not in [one.run for one in known.learned.judged]


def test_a_job_that_runs_all_the_time_is_learned_from_in_portions() -> None:
    soon = Unlearned(from_at=NOON, due_at=NOON)

    assert learns_at(NOTHING_LEARNED, None) is None
    assert learns_at(NOTHING_LEARNED, Unlearned(from_at=NOON)) is None
    assert learns_at(NOTHING_LEARNED, soon) == NOON
    assert learns_at(Learned(learned_at=NOON - MINUTE), soon) == NOON - MINUTE + LEARN_EVERY
