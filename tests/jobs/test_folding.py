"""What check-ins make of all that is known of a job."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tocsin.jobs.checkin import Answered, CheckIn, CheckInKind
from tocsin.jobs.folding import fold, makes_up_for, run_named
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.state import JobState

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
JOB = Job(name="etl", environment="production", registered_at=NOON, definition=Definition())
K = CheckInKind


def run(key: str = "a", minute: float = 0, **more: object) -> Run:
    started_at = NOON + minute * MINUTE
    return replace(
        Run(key=key, last_sign_at=started_at, status=RunStatus.RUNNING, started_at=started_at), **more
    )


def ended(key: str, begin: float, end: float, **more: object) -> Run:
    ended_at = NOON + end * MINUTE
    plain = run(key, begin, status=RunStatus.SUCCESS, ended_at=ended_at, last_sign_at=ended_at)
    return replace(plain, **more)


def says(kind: CheckInKind, name: str | None = None, minute: float = 0) -> CheckIn:
    return CheckIn(
        job="etl", kind=kind, run=name, at=NOON + minute * MINUTE, received_at=NOON + minute * MINUTE
    )


PENDING = run("queued", status=RunStatus.PENDING, started_at=None, queued_at=NOON)


@pytest.mark.parametrize(
    ("open_runs", "kind", "found"),
    [
        ((), K.SUCCESS, None),
        ((run("a"),), K.SUCCESS, "a"),
        ((run("a"), run("b")), K.HEARTBEAT, "b"),
        ((run("a"),), K.START, None),
        ((run("a"),), K.QUEUED, None),
        ((run("a"),), K.SCHEDULED, None),
        ((run("a"), PENDING), K.START, "queued"),
        ((run("a"), PENDING), K.QUEUED, None),
        ((run("a"), PENDING), K.SCHEDULED, "queued"),
    ],
)
def test_without_an_id_a_check_in_speaks_of_the_newest_run_that_it_fits(
    open_runs: tuple[Run, ...], kind: CheckInKind, found: str | None
) -> None:
    named = run_named(JobState(open_runs=open_runs), says(kind))

    assert (named.key if named is not None else None) == found


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        (ended("g", 10, 20), ended("b", 0, 5), True),
        (ended("g", 0, 20), ended("b", 0, 5), True),
        (ended("g", 0, 20), ended("b", 1, 5), False),
        (ended("g", 10, 20), ended("b", 0, 25), False),
        (ended("g", 10, 20, partition="eu"), ended("b", 0, 5), False),
        (ended("g", 10, 20, partition="eu"), ended("b", 0, 5, partition="eu"), True),
        (ended("g", 10, 20, occurrence_at=NOON), ended("b", 0, 5, occurrence_at=NOON + MINUTE), False),
        (ended("g", 10, 20, occurrence_at=NOON), ended("b", 0, 5, occurrence_at=NOON), True),
        (ended("g", 10, 20, backfill=True), ended("b", 0, 5), False),
        (ended("g", 10, 20, backfill=True), ended("b", 0, 5, backfill=True), True),
        (ended("g", 10, 20, backfill=True, occurrence_at=NOON), ended("b", 0, 5, occurrence_at=NOON), True),
        (ended("g", 10, 20, backfill=True, partition="eu"), ended("b", 0, 5, partition="eu"), True),
        (ended("g", 10, 20), ended("b", 0, 90, closed_by_us=True, last_sign_at=NOON), True),
    ],
    ids=[
        "a later run",
        "the same start",
        "an earlier run that took longer",
        "ended before the bad one",
        "another partition",
        "the same partition",
        "an earlier occurrence",
        "the same occurrence",
        "a backfill of nobody knows what",
        "two such backfills",
        "a backfill of the same occurrence",
        "a backfill of the same partition",
        "one that we gave up long after its last sign",
    ],
)
def test_which_good_runs_make_up_for_which_bad_ones(good: Run, bad: Run, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert makes_up_for(good, bad) is expected


def test_a_log_of_an_unknown_run_makes_no_run() -> None:
    folded = fold(JOB, JobState(), says(K.LOG, "x"), known=None, new_key="")

    assert folded.state == JobState(last_seen_at=NOON)
    assert folded.runs == ()


def test_a_run_that_goes_on_is_not_over_but_still_has_failed() -> None:
    failed = fold(JOB, JobState(), says(K.FAIL, "a"), known=None, new_key="")
    again = fold(JOB, failed.state, says(K.START, "a", 5), known=failed.state.last, new_key="")

    assert [r.key for r in again.state.open_runs] == ["a"]
    assert again.state.recent == ()
    assert [r.key for r in again.state.failures] == ["a"]

    good = fold(JOB, again.state, says(K.SUCCESS, "a", 9), known=again.state.open_runs[0], new_key="")
    assert good.state.failures == ()
    assert [o.status for o in good.state.recent] == [RunStatus.SUCCESS]


def test_a_good_run_notes_whom_it_has_overtaken() -> None:
    before = JobState(open_runs=(run("old", 0), run("new", 20), run("other", 0, partition="eu")))

    after = fold(JOB, before, says(K.SUCCESS, "mid", 30), known=run("mid", 10), new_key="").state

    overtaken = {r.key: r.overtaken_at for r in after.open_runs}
    assert overtaken == {"old": NOON + 30 * MINUTE, "new": None, "other": None}


def test_only_what_must_be_kept_is_given_to_the_store() -> None:
    begun = fold(JOB, JobState(), says(K.START, "a"), known=None, new_key="")
    beat = fold(JOB, begun.state, says(K.HEARTBEAT, "a", 1), known=begun.state.open_runs[0], new_key="")

    assert [r.key for r in begun.runs] == ["a"]
    assert beat.runs == ()


def test_of_the_run_that_ended_last_no_old_reading_is_kept() -> None:
    failed = fold(JOB, JobState(), says(K.FAIL, "a", 5), known=None, new_key="x")

    again = replace(says(K.SUCCESS, "a", 4), attempt=2, seq=7)
    mended = fold(JOB, failed.state, again, known=run_named(failed.state, again), new_key="x")

    assert mended.state.last == mended.runs[-1]
    told_twice = fold(JOB, mended.state, again, known=run_named(mended.state, again), new_key="x")
    assert told_twice.answered is Answered.DUPLICATE
