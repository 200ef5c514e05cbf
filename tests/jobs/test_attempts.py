"""A run remembers its attempts, so that flakiness shows although the run ended well."""

from datetime import UTC, datetime, timedelta

from tocsin.jobs.applying import MAX_ATTEMPTS, apply
from tocsin.jobs.checkin import CheckIn, CheckInKind, Detail
from tocsin.jobs.run import Phase, Run, RunStatus

NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)


def _said(kind: CheckInKind, minute: int, *, attempt: int, error: str = "") -> CheckIn:
    at = NOW + timedelta(minutes=minute)
    detail = Detail(exit_code=1, error_message=error) if error else None
    return CheckIn(
        job="etl", kind=kind, at=at, received_at=at, run="r", attempt=attempt, max_attempts=3, detail=detail
    )


def _after(*check_ins: CheckIn) -> Run:
    run = Run(key="r", last_sign_at=NOW)
    for check_in in check_ins:
        run, _ = apply(run, check_in)
    return run


def test_a_run_that_needed_three_attempts_lists_all_of_them() -> None:
    run = _after(
        _said(CheckInKind.START, 0, attempt=1),
        _said(CheckInKind.RETRYING, 1, attempt=1, error="no route"),
        _said(CheckInKind.RETRYING, 2, attempt=2, error="refused"),
        _said(CheckInKind.SUCCESS, 3, attempt=3),
    )

    assert [(a.number, a.good, a.error) for a in run.attempts] == [
        (1, False, "no route"),
        (2, False, "refused"),
        (3, True, ""),
    ]
    assert run.status is RunStatus.SUCCESS


def test_a_failure_with_attempts_left_is_kept_as_an_attempt_and_the_run_goes_on() -> None:
    run = _after(_said(CheckInKind.START, 0, attempt=1), _said(CheckInKind.FAIL, 1, attempt=1, error="no"))

    assert [(a.number, a.exit_code) for a in run.attempts] == [(1, 1)]
    assert (run.status, run.phase) == (RunStatus.RUNNING, Phase.RETRYING)


def test_the_last_failure_is_an_attempt_like_the_others() -> None:
    run = _after(
        _said(CheckInKind.RETRYING, 1, attempt=1, error="first"),
        _said(CheckInKind.FAIL, 2, attempt=3, error="last"),
    )

    assert [a.error for a in run.attempts] == ["first", "last"]
    assert run.phase is Phase.DEAD_LETTER


def test_a_run_with_one_attempt_lists_none() -> None:
    assert (
        _after(_said(CheckInKind.START, 0, attempt=1), _said(CheckInKind.SUCCESS, 1, attempt=1)).attempts
        == ()
    )


def test_too_many_attempts_keep_the_first_and_the_newest() -> None:
    tries = [
        CheckIn(
            job="etl", kind=CheckInKind.RETRYING, at=NOW, received_at=NOW, run="r", attempt=n, max_attempts=99
        )
        for n in range(1, 40)
    ]

    attempts = _after(*tries).attempts

    assert [attempts[0].number, attempts[-1].number, len(attempts)] == [1, 39, MAX_ATTEMPTS + 1]
