"""What one check-in makes of one run, as a table."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tocsin.jobs.applying import apply
from tocsin.jobs.checkin import Answered, CheckIn, CheckInKind, Detail, Progress, Records
from tocsin.jobs.numbers import Numbers
from tocsin.jobs.run import Phase, Run, RunStatus

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
K = CheckInKind


def says(kind: CheckInKind, minute: float = 0, **more: object) -> CheckIn:
    check_in = CheckIn(job="etl", kind=kind, at=NOON + minute * MINUTE, received_at=NOON + minute * MINUTE)
    return replace(check_in, **more)


def told(*check_ins: CheckIn) -> tuple[Run, list[str]]:
    """Return the run after these check-ins and how each was answered."""
    run, answers = Run(key="a", last_sign_at=check_ins[0].at), []
    for check_in in check_ins:
        run, answered = apply(run, check_in)
        answers.append(answered.value)
    return run, answers


@pytest.mark.parametrize(
    ("kind", "status", "phase"),
    [
        (K.SCHEDULED, RunStatus.PENDING, Phase.SCHEDULED),
        (K.QUEUED, RunStatus.PENDING, Phase.QUEUED),
        (K.START, RunStatus.RUNNING, Phase.RUNNING),
        (K.HEARTBEAT, RunStatus.RUNNING, Phase.RUNNING),
        (K.RETRYING, RunStatus.RUNNING, Phase.RETRYING),
        (K.SUCCESS, RunStatus.SUCCESS, Phase.COMPLETED),
        (K.FAIL, RunStatus.FAILED, Phase.FAILED),
        (K.TIMEOUT, RunStatus.TIMEOUT, Phase.FAILED),
        (K.SKIP, RunStatus.SKIPPED, Phase.COMPLETED),
        (K.LOG, RunStatus.PENDING, Phase.SCHEDULED),
    ],
)
def test_each_kind_makes_a_new_run_what_it_says(kind: CheckInKind, status: RunStatus, phase: Phase) -> None:
    run, _ = told(says(kind))

    assert (run.status, run.phase) == (status, phase)


@pytest.mark.parametrize(
    ("end", "then", "answer", "status"),
    [
        (says(K.SUCCESS, 5), says(K.HEARTBEAT, 6), "late", RunStatus.SUCCESS),
        (says(K.SUCCESS, 5), says(K.SUCCESS, 6), "late", RunStatus.SUCCESS),
        (says(K.SUCCESS, 5), says(K.SKIP, 6), "late", RunStatus.SUCCESS),
        (says(K.SUCCESS, 5), says(K.RETRYING, 6), "late", RunStatus.SUCCESS),
        (says(K.SUCCESS, 5), says(K.START, 4), "late", RunStatus.SUCCESS),
        (says(K.SUCCESS, 5), says(K.START, 6), "accepted", RunStatus.RUNNING),
        (says(K.SUCCESS, 5), says(K.FAIL, 6), "accepted", RunStatus.FAILED),
        (says(K.SUCCESS, 5), says(K.FAIL, 4), "late", RunStatus.SUCCESS),
        (says(K.SUCCESS, 5, attempt=2), says(K.FAIL, 6, attempt=1), "late", RunStatus.SUCCESS),
        (says(K.FAIL, 5), says(K.TIMEOUT, 6), "late", RunStatus.FAILED),
        (says(K.FAIL, 5), says(K.FAIL, 6, attempt=2), "accepted", RunStatus.FAILED),
        (says(K.FAIL, 5), says(K.RETRYING, 5), "accepted", RunStatus.RUNNING),
        (says(K.FAIL, 5), says(K.SUCCESS, 6), "accepted", RunStatus.SUCCESS),
        (says(K.FAIL, 5), says(K.SUCCESS, 4), "late", RunStatus.FAILED),
        (says(K.FAIL, 5), says(K.SUCCESS, 6, attempt=1), "late", RunStatus.FAILED),
        (says(K.FAIL, 5), says(K.SUCCESS, 6, attempt=2), "accepted", RunStatus.SUCCESS),
        (says(K.SKIP, 5), says(K.START, 6), "accepted", RunStatus.RUNNING),
        (says(K.SUCCESS, 5), says(K.LOG, 6), "accepted", RunStatus.SUCCESS),
        (says(K.SUCCESS, 5), says(K.QUEUED, -3), "accepted", RunStatus.SUCCESS),
        (says(K.SUCCESS, 5), says(K.SCHEDULED, -4), "accepted", RunStatus.SUCCESS),
    ],
)
def test_a_closed_run_takes_only_what_happened_after_or_fills_a_gap(
    end: CheckIn, then: CheckIn, answer: str, status: RunStatus
) -> None:
    run, answers = told(says(K.START), end, then)

    assert (answers[-1], run.status) == (answer, status)


@pytest.mark.parametrize("kind", [K.HEARTBEAT, K.START, K.SUCCESS, K.FAIL])
def test_a_run_that_we_gave_up_takes_whatever_comes(kind: CheckInKind) -> None:
    given_up = Run(
        key="a",
        last_sign_at=NOON,
        status=RunStatus.TIMEOUT,
        started_at=NOON,
        ended_at=NOON + 9 * MINUTE,
        closed_by_us=True,
    )

    run, answered = apply(given_up, says(kind, 10))

    assert answered is Answered.ACCEPTED
    assert not run.closed_by_us


def test_gaps_of_a_closed_run_are_filled_without_opening_it() -> None:
    run, _ = told(says(K.SUCCESS, 30), says(K.START, 10), says(K.QUEUED, 5), says(K.SCHEDULED, 0))

    assert run.status is RunStatus.SUCCESS
    assert (run.queue_wait, run.execution, run.total) == (5 * MINUTE, 20 * MINUTE, 30 * MINUTE)


@pytest.mark.parametrize(
    ("minutes", "mean"),
    [([1, 2, 3], 60.0), ([1, 3], 90.0), ([5], 300.0), ([2, 1], 120.0)],
    ids=["steady", "slower", "one", "out of order"],
)
def test_the_rhythm_of_a_run_is_the_mean_wait_for_a_heartbeat(minutes: list[float], mean: float) -> None:
    run, _ = told(says(K.START), *(says(K.HEARTBEAT, minute) for minute in minutes))

    assert run.heartbeat_every_seconds == mean


def test_the_longest_silence_is_kept() -> None:
    run, _ = told(says(K.START), says(K.HEARTBEAT, 1), says(K.HEARTBEAT, 8), says(K.SUCCESS, 9))

    assert run.longest_silence_seconds == 420


@pytest.mark.parametrize(
    ("second", "done", "minute"),
    [
        (says(K.HEARTBEAT, 2, progress=Progress(done=7)), 7, 2),
        (says(K.HEARTBEAT, 2, progress=Progress(done=5)), 5, 1),
        (says(K.HEARTBEAT, 2, progress=Progress(done=0)), 0, 2),
        (says(K.HEARTBEAT, 2), 5, 1),
        (says(K.HEARTBEAT, 0.5, progress=Progress(done=2)), 5, 1),
    ],
    ids=["more", "the same", "from the beginning again", "none said", "an older word"],
)
def test_progress_is_dated_by_its_last_change(second: CheckIn, done: float, minute: float) -> None:
    run, _ = told(says(K.START), says(K.HEARTBEAT, 1, progress=Progress(done=5)), second)

    assert run.progress is not None
    assert (run.progress.done, run.progress_at) == (done, NOON + minute * MINUTE)


def test_the_newest_word_on_records_holds_and_each_number_by_itself() -> None:
    run, _ = told(
        says(K.START),
        says(K.HEARTBEAT, 2, records=Records(ok=20)),
        says(K.HEARTBEAT, 1, records=Records(ok=10, failed=1)),
        says(K.SUCCESS, 3, records=Records(failed=4)),
    )

    assert (run.records_ok, run.records_failed) == (20, 4)


def test_details_are_gathered_and_newer_ones_win() -> None:
    run, _ = told(
        says(K.START, detail=Detail(context=(("host", "db1"),), error_message="first")),
        says(K.FAIL, 1, detail=Detail(error_message="second", exit_code=0)),
    )

    assert run.detail == Detail(context=(("host", "db1"),), error_message="second", exit_code=0)


@pytest.mark.parametrize(
    ("numbers", "through", "beyond"),
    [([1, 2, 3], 3, ()), ([2, 3], 0, ((2, 3),)), ([1, 3, 2], 3, ()), ([5, 1], 1, (5,))],
)
def test_numbers_are_remembered_in_little_room(numbers: list[int], through: int, beyond: Numbers) -> None:
    run, _ = told(*(says(K.HEARTBEAT, n, seq=n) for n in numbers))

    assert (run.seen_through, run.seen_beyond) == (through, beyond)


def test_an_attempt_that_will_be_retried_is_not_the_end() -> None:
    run, _ = told(says(K.START, attempt=1, max_attempts=3), says(K.FAIL, 1, attempt=1))
    assert (run.status, run.phase, run.ended_at) == (RunStatus.RUNNING, Phase.RETRYING, None)

    run, _ = told(says(K.START, attempt=3, max_attempts=3), says(K.FAIL, 1, attempt=3))
    assert (run.status, run.phase) == (RunStatus.FAILED, Phase.DEAD_LETTER)


def test_how_fast_a_run_is_is_read_over_its_last_five_to_ten_minutes() -> None:
    run = Run(key="a", last_sign_at=NOON, status=RunStatus.RUNNING, phase=Phase.RUNNING, started_at=NOON)
    for minute in range(1, 40):
        beat = CheckIn(
            job="etl",
            kind=CheckInKind.HEARTBEAT,
            run="a",
            at=NOON + minute * MINUTE,
            received_at=NOON + minute * MINUTE,
            progress=Progress(done=10 * minute),
        )
        run, _ = apply(run, beat)
        oldest = run.readings[0]
        assert run.done == 10 * minute
        assert oldest.done == (oldest.at - NOON) / MINUTE * 10
        assert min(5, minute - 1) * MINUTE <= beat.at - oldest.at <= 10 * MINUTE
        assert len(run.readings) <= 2


def test_a_count_that_begins_anew_is_read_anew() -> None:
    run = Run(key="a", last_sign_at=NOON, status=RunStatus.RUNNING, phase=Phase.RUNNING, started_at=NOON)
    for minute, done in ((1, 10), (2, 20), (3, 5), (4, 6)):
        at = NOON + minute * MINUTE
        beat = CheckIn(
            job="etl",
            kind=CheckInKind.HEARTBEAT,
            run="a",
            at=at,
            received_at=at,
            progress=Progress(done=done),
        )
        run, _ = apply(run, beat)

    assert [(reading.at, reading.done) for reading in run.readings] == [(NOON + 3 * MINUTE, 5)]
