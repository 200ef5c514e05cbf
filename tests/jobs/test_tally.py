"""Runs that are counted by time once they are not among the last outcomes any more."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tocsin.jobs.run import RunStatus
from tocsin.jobs.state import Outcome
from tocsin.jobs.tally import HORIZON, MAX_TALLIES, Tally, counted, read_tallies, tallies_by, uncounted

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def ended(at: datetime, status: RunStatus | None = RunStatus.SUCCESS, **more: object) -> Outcome:
    return replace(Outcome(at=at, order_at=at, status=status, run=str(at)), **more)


def told(*outcomes: Outcome, newest_at: datetime = NOON + 100 * HOUR) -> str:
    text = ""
    for outcome in outcomes:
        text = counted(text, outcome, newest_at)
    return text


def numbers(text: str) -> list[tuple[int, ...]]:
    return [(t.runs, t.bad, t.ok, t.failed) for t in read_tallies(text)]


def test_few_runs_are_each_counted_by_themselves() -> None:
    text = told(
        ended(NOON, records=5, records_failed=2),
        ended(NOON + MINUTE, RunStatus.FAILED),
        ended(NOON + HOUR, RunStatus.TIMEOUT, records=1),
    )

    assert numbers(text) == [(1, 0, 5, 2), (1, 1, 0, 0), (1, 1, 1, 0)]
    first, second, _ = read_tallies(text)
    assert (first.from_at, first.to_at, second.middle_at) == (NOON, NOON, NOON + MINUTE)


@pytest.mark.parametrize(
    "outcome",
    [
        ended(NOON, None),
        ended(NOON, RunStatus.SKIPPED),
        ended(NOON, RunStatus.FAILED, backfill=True),
        ended(NOON - HORIZON),
    ],
)
def test_what_did_no_work_or_makes_up_for_old_runs_or_is_long_ago_is_not_counted(outcome: Outcome) -> None:
    assert counted("", outcome, NOON + MINUTE) == ""
    assert uncounted("", outcome) == ""


def test_a_run_that_is_told_late_is_counted_where_it_ended() -> None:
    text = told(ended(NOON), ended(NOON + 2 * HOUR))

    between = counted(text, ended(NOON + HOUR, RunStatus.FAILED), NOON + 9 * HOUR)
    assert numbers(between) == [(1, 0, 0, 0), (1, 1, 0, 0), (1, 0, 0, 0)]
    before = counted(text, ended(NOON - HOUR, RunStatus.FAILED), NOON + 9 * HOUR)
    assert numbers(before)[0] == (1, 1, 0, 0)
    at_once = counted(text, ended(NOON, RunStatus.FAILED), NOON + 9 * HOUR)
    assert numbers(at_once) == [(2, 1, 0, 0), (1, 0, 0, 0)]


def test_a_run_that_goes_on_is_taken_out_again() -> None:
    bad = ended(NOON + HOUR, RunStatus.FAILED, records=3, records_failed=4)
    text = told(ended(NOON), bad, ended(NOON + 2 * HOUR))

    assert numbers(uncounted(text, bad)) == [(1, 0, 0, 0), (1, 0, 0, 0)]
    assert uncounted(text, ended(NOON + 3 * HOUR)) == text
    assert uncounted(text, ended(NOON + HOUR)) == text, "that was another one"


def test_out_of_a_stretch_of_many_only_the_one_is_taken() -> None:
    text = "[1773144000,1773147600,5,2,100,7]"

    inside = datetime.fromtimestamp(1773145000, UTC)
    less = uncounted(text, ended(inside, RunStatus.FAILED, records=10, records_failed=1))
    assert numbers(less) == [(4, 1, 90, 6)]
    assert uncounted(text, ended(inside - HOUR, RunStatus.FAILED)) == text


def test_no_stretch_is_longer_than_an_eighth_of_its_age_for_a_job_that_runs_each_hour() -> None:
    text, runs, tallies, at = "", 1_500, list[Tally](), NOON
    for number in range(runs):
        at = NOON + number * HOUR
        newest_at = at + 20 * HOUR
        text = counted(text, ended(at), newest_at)
        tallies = read_tallies(text)
        assert len(tallies) <= MAX_TALLIES
        assert all((newest_at - t.to_at) / 8 >= t.to_at - t.from_at for t in tallies)
    assert sum(t.runs for t in tallies) >= 31 * 24 - 20
    assert tallies[0].from_at > at - HORIZON - timedelta(days=5)


def test_a_job_that_runs_every_few_seconds_takes_no_more_room_and_is_still_counted_within_a_half() -> None:
    text, every, at = "", timedelta(seconds=15), NOON
    for number in range(20_000):
        at = NOON + number * every
        text = counted(text, ended(at), at + 20 * every)
    tallies = read_tallies(text)

    assert len(tallies) <= MAX_TALLIES
    assert len(text) < 3_000
    assert sum(t.runs for t in tallies) == 20_000
    assert all((at + 20 * every - t.to_at) / 2 >= t.to_at - t.from_at for t in tallies)


def test_after_the_clock_was_set_back_nothing_ended_later_than_now() -> None:
    text = told(ended(NOON), ended(NOON + HOUR), ended(NOON + 3 * HOUR))

    early = read_tallies(tallies_by(text, NOON + 2 * HOUR))
    assert [t.to_at for t in early] == [NOON, NOON + HOUR, NOON + 2 * HOUR]
    assert tallies_by(text, NOON + 4 * HOUR) is text
    assert tallies_by("", NOON) == ""


def test_the_text_is_that_of_a_list_of_numbers() -> None:
    assert told(ended(NOON, records=2)) == "[1773144000,1773144000,1,0,2,0]"
    assert read_tallies("[1,2,3,4,5,6],[7,8,9,0,1,2]") == [Tally(1, 2, 3, 4, 5, 6), Tally(7, 8, 9, 0, 1, 2)]
