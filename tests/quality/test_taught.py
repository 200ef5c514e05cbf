"""What people say of runs, and what is learned then."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.quality.test_learned import DAY, NOON, STEADY, days, one_by_one, run, taught
from tocsin.jobs.history import Counts, unpacked
from tocsin.jobs.run import Meaning, Remark, Run
from tocsin.quality.baseline import expected_at, spreads
from tocsin.quality.learned import MAX_PRECEDENTS, Taught, has_precedent

PAST = STEADY * 3


def said(one: Run, meaning: Meaning) -> Run:
    return replace(one, remark=Remark(meaning=meaning, at=NOON + 99 * DAY, who="ann"))


def expected_of(known: Taught, day: float) -> float:
    """How long a run of a day is expected to take."""
    assert known.learned.normal is not None
    found = expected_at(known.learned.normal, NOON + day * DAY, "UTC")
    assert found is not None
    low, high = (spreads(found, seconds) for seconds in (500.0, 5_000.0))
    assert low < high
    return next(seconds for seconds in range(100, 10_000, 10) if spreads(found, seconds) >= 0)


@pytest.mark.parametrize("meaning", list(Meaning))
def test_a_run_of_which_somebody_has_spoken_is_not_judged(meaning: Meaning) -> None:
    known = taught([*days(PAST), said(run(36, 3_000.0), meaning)])

    assert known.learned.judged[-1].spreads is None
    assert known.learned.shifted is None


def test_an_excluded_run_stands_in_the_history_and_is_not_learned_from() -> None:
    known = taught([*days(PAST), said(run(36, 3_000.0), Meaning.EXCLUDED)])

    assert known.learned.normal is not None
    assert known.learned.normal.n == len(PAST)
    assert unpacked(known.history)[-1].counts & Counts.EXCLUDED


def test_an_expected_run_is_no_unusual_one_and_others_like_it_have_a_precedent() -> None:
    known = taught([*days(PAST), said(run(36, 3_000.0), Meaning.EXPECTED), run(37, 600.0)])

    assert not unpacked(known.history)[-2].counts & Counts.UNUSUAL
    assert known.learned.precedents == (3_000.0,)
    assert known.learned.normal is not None
    found = expected_at(known.learned.normal, NOON + 38 * DAY, "UTC")
    assert found is not None
    assert [has_precedent(known.learned, found, seconds) for seconds in (1_500, 2_950, 3_100, 5_000)] == [
        False,
        True,
        True,
        False,
    ]


def test_the_level_begins_anew_with_the_run_that_was_called_the_new_normal() -> None:
    before = taught([*days(PAST), run(36, 1_800.0)])
    known = taught([*days(PAST), said(run(36, 1_800.0), Meaning.NEW_NORMAL)])

    assert expected_of(before, 37) < 700
    assert 1_700 < expected_of(known, 37) < 1_900
    later = one_by_one([run(37 + n, 1_790.0 + 5 * n) for n in range(4)], known)
    assert all(abs(one.spreads or 0.0) < 2 for one in later.learned.judged[-4:])


def test_what_was_said_holds_when_all_is_learned_anew() -> None:
    later = [run(37 + n, 1_790.0 + 5 * n) for n in range(10)]
    runs = [*days(PAST), said(run(36, 1_800.0), Meaning.NEW_NORMAL), *later]
    known = one_by_one(runs)
    anew = taught([replace(later[-1], key="again", started_at=NOON + timedelta(days=46, hours=1))], known)

    assert 1_700 < expected_of(known, 47) < 1_900
    assert 1_700 < expected_of(anew, 47) < 1_900
    assert anew.learned.judged[-1].spreads is not None
    lost = taught([run(47, 1_800.0)], Taught(learned=known.learned, history=known.history[:-15]))
    assert 1_700 < expected_of(lost, 48) < 1_900


def test_taken_back_it_is_as_if_nobody_had_spoken() -> None:
    plain = [*days(PAST), run(36, 3_000.0), run(37, 600.0)]
    spoken = taught([*days(PAST), said(plain[-2], Meaning.EXPECTED), plain[-1]])

    assert taught(plain[-2:], spoken) == taught(plain[-2:], taught(plain))


def test_of_many_expected_runs_the_last_are_remembered() -> None:
    runs = [said(run(day, 600.0 + day), Meaning.EXPECTED) for day in range(20)]

    assert taught(runs).learned.precedents == tuple(600.0 + day for day in range(20))[-MAX_PRECEDENTS:]


def test_the_new_normal_of_a_job_that_is_hardly_known_is_no_more_than_a_run() -> None:
    known = taught([said(run(0, 600.0), Meaning.NEW_NORMAL), *days(STEADY[:3], 1)])

    assert known.learned.normal is not None
    assert known.learned.normal.learning is not None
