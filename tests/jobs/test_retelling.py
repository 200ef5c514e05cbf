"""Check-ins made from a run make that run again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.histories import START, lives
from tests.laws.histories import Life as Lived
from tocsin.jobs.checkin import CheckInKind
from tocsin.jobs.folding import fold, run_named
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.retelling import check_ins_of
from tocsin.jobs.run import Attempt, Phase, Run, RunStatus
from tocsin.jobs.state import JobState

KEY = JobKey("production", "etl")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def again(run: Run) -> Run | None:
    """Return what the check-ins made from a run make."""
    job = Job(name="etl", environment="production", registered_at=START - 1000 * MINUTE)
    state, kept = JobState(), None
    for check_in in check_ins_of(KEY, run):
        known = run_named(state, check_in) or kept
        folded = fold(job, state, check_in, known=known, new_key="none")
        state = folded.state
        kept = next((one for one in (*folded.runs, *state.open_runs) if one.key == run.key), kept)
    return kept


@settings(derandomize=True, database=None, deadline=None, max_examples=80)
@given(life=lives(), number=st.integers(0, 5))
def test_a_run_that_has_ended_is_made_again_with_its_end_and_its_records(life: Lived, number: int) -> None:
    ended = [run for run in life.kept.values() if run.ended_at is not None and not run.closed_by_us]
    for run in ended[: number + 1]:
        made = again(run)
        assert made is not None
        told = (
            made.key,
            made.status,
            made.ended_at,
            made.records_ok,
            made.backfill,
            made.partition,
            made.detail,
        )
        assert told == (
            *(run.key, run.status, run.ended_at, run.records_ok),
            *(run.backfill, run.partition, run.detail),
        )
        assert run.started_at in (None, made.started_at)


def test_each_failed_attempt_is_told_and_none_twice() -> None:
    run = Run(
        key="r",
        last_sign_at=NOON + 9 * MINUTE,
        status=RunStatus.SUCCESS,
        phase=Phase.COMPLETED,
        started_at=NOON,
        ended_at=NOON + 9 * MINUTE,
        attempt=2,
        max_attempts=3,
        attempts=(
            Attempt(number=1, ended_at=NOON + 4 * MINUTE),
            Attempt(number=2, ended_at=NOON + 9 * MINUTE, good=True),
        ),
    )

    told = [(one.kind, one.attempt) for one in check_ins_of(KEY, run)]

    assert told == [(CheckInKind.START, None), (CheckInKind.RETRYING, 1), (CheckInKind.SUCCESS, 2)]


def test_what_a_run_says_it_was_for_is_told_only_where_its_start_does_not() -> None:
    run = Run(key="r", last_sign_at=NOON, status=RunStatus.RUNNING, started_at=NOON, occurrence_at=NOON)
    late = replace(run, occurrence_at=NOON - timedelta(hours=9))
    backfill = replace(run, backfill=True)

    told = [check_ins_of(KEY, one)[0].nominal_at for one in (run, late, backfill)]

    assert told == [None, NOON - timedelta(hours=9), NOON]


def test_a_run_that_never_reported_its_end_has_none() -> None:
    run = Run(
        key="r",
        last_sign_at=NOON,
        status=RunStatus.TIMEOUT,
        started_at=NOON,
        ended_at=NOON + timedelta(days=7),
        closed_by_us=True,
    )

    assert [one.kind for one in check_ins_of(KEY, run)] == [CheckInKind.START]
