"""What failures are known by, as tables of what programs really say."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.rules.facts import failed
from tocsin.jobs.checkin import Detail
from tocsin.jobs.run import Phase, RunStatus
from tocsin.rules.evidence import of_failure
from tocsin.rules.failure import Failure, FailureClass, KnownFailure, table_of
from tocsin.rules.failure_causes import CAUSES
from tocsin.rules.known_failures import KNOWN_FAILURES, OUR_TABLE

TRANSIENT, PERMANENT, UNKNOWN = FailureClass.TRANSIENT, FailureClass.PERMANENT, FailureClass.UNKNOWN


def said() -> Iterator[tuple[str, str, str]]:
    """What programs say of their end, and what it is known as."""
    for line in Path(__file__).with_name("said.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            cause, error_type, message = line.split(" | ", 2)
            yield cause, error_type, message.replace("\\n", "\n")


def failure_of(*own: KnownFailure, status: RunStatus = RunStatus.FAILED, **detail: Any) -> Failure:  # noqa: ANN401 - as Detail takes it
    table = table_of(OUR_TABLE.rows, own=own, timed_out=OUR_TABLE.timed_out) if own else OUR_TABLE
    return table.failure_of(failed(status=status, detail=Detail(**detail)))


@pytest.mark.parametrize(("cause", "error_type", "message"), list(said()))
def test_a_failure_is_known_by_what_programs_say(cause: str, error_type: str, message: str) -> None:
    failure = failure_of(error_type=error_type, error_message=message)

    assert (failure.cause, failure.failure_class) == (cause, CAUSES[cause].failure_class)
    assert failure.words.startswith(CAUSES[cause].said)


@pytest.mark.parametrize(
    ("detail", "cause", "words"),
    [
        ({"exit_code": 137}, "killed", "killed (signal 9, SIGKILL)"),
        ({"exit_code": -9}, "killed", "killed (signal 9, SIGKILL)"),
        (
            {"signal": 9, "log_tail": "Memory cgroup out of memory: Killed process 7"},
            "out_of_memory",
            "out of memory",
        ),
        (
            {"exit_code": 137, "log_tail": "peak memory 3.9 GiB\nKilled"},
            "out_of_memory",
            "out of memory (memory)",
        ),
        ({"exit_code": 143}, "interrupted", "interrupted (signal 15, SIGTERM)"),
        ({"exit_code": 130}, "interrupted", "interrupted (signal 2, SIGINT)"),
        ({"exit_code": 139}, "crash", "the program crashed (signal 11, SIGSEGV)"),
        ({"exit_code": 134}, "crash", "the program crashed (signal 6, SIGABRT)"),
        ({"exit_code": 3221225477}, "crash", "the program crashed (exit code 3221225477)"),
        ({"exit_code": 127}, "command_not_found", "command not found (exit code 127)"),
        (
            {"exit_code": 126, "log_tail": "job.sh: Permission denied"},
            "not_executable",
            "command cannot be executed (exit code 126)",
        ),
        ({"exit_code": 124}, "time_out", "time-out (exit code 124)"),
        ({"exit_code": 75}, "temporary", "temporary, by its exit code (exit code 75)"),
    ],
)
def test_a_failure_is_known_by_its_exit_code_or_signal(
    detail: dict[str, Any], cause: str, words: str
) -> None:
    failure = failure_of(**detail)

    assert (failure.cause, failure.words) == (cause, words)


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"exit_code": 1},
        {"exit_code": 1, "error_type": "exit_code", "error_message": "exit code 1"},
        {"error_message": "the moon was full"},
        {"exit_code": 300},
    ],
)
def test_of_what_nobody_knows_nothing_is_made_up(detail: dict[str, Any]) -> None:
    failure = failure_of(**detail)

    assert (failure.failure_class, failure.cause, failure.next_step) == (UNKNOWN, "", "")
    assert of_failure(failure, failed()) == ()


@pytest.mark.parametrize(
    "said",
    [
        {"error_type": "exit_code", "error_message": "exit code 1"},
        {
            "error_type": "CalledProcessError",
            "error_message": "Command '['load']' returned non-zero exit status 1.",
        },
        {
            "error_type": "AirflowException",
            "error_message": "Bash command failed. The command returned a non-zero exit code 1.",
        },
        {"error_message": "job failed"},
        {"error_type": "SystemExit", "error_message": "1"},
        {"exit_code": 1},
    ],
)
def test_the_end_of_the_log_is_read_where_the_error_says_no_more_than_that_there_was_one(
    said: dict[str, Any],
) -> None:
    failure = failure_of(**said, log_tail="loading 12 files\npsql: error: connection refused\n\n")

    assert failure.cause == "connection"
    assert failure.signature == "psql: error: connection refused"


def test_what_the_error_says_goes_before_what_the_log_says() -> None:
    failure = failure_of(
        error_message="no space left on device", log_tail="WARN connection refused, trying again"
    )

    assert failure.cause == "out_of_disk"
    assert failure.signature == "no space left on device"


def test_the_end_of_the_log_is_read_where_nobody_knows_what_the_error_says() -> None:
    failure = failure_of(error_message="the load went wrong", log_tail="write: No space left on device")

    assert failure.cause == "out_of_disk"
    assert failure.signature == "the load went wrong"


def test_only_the_last_lines_of_a_log_count() -> None:
    tail = "connection refused\n" + "all is well\n" * 20

    assert failure_of(exit_code=1, log_tail=tail).cause == ""


def test_a_run_that_says_itself_that_it_took_too_long_has_timed_out_whatever_ended_it() -> None:
    killed = failure_of(
        status=RunStatus.TIMEOUT, exit_code=124, signal=9, error_message="took longer than 60 s"
    )

    assert (killed.cause, killed.failure_class) == ("time_out", TRANSIENT)
    assert OUR_TABLE.failure_of(failed(status=RunStatus.TIMEOUT)).cause == "time_out"


def test_a_run_that_said_nothing_of_its_end_is_of_no_class() -> None:
    assert OUR_TABLE.failure_of(failed()) == Failure()


def test_a_users_row_goes_before_ours_and_says_what_to_do() -> None:
    own = KnownFailure(
        name="vendor_closed",
        failure_class=TRANSIENT,
        pattern="connection refused by vendor",
        next_step="Wait.",
    )

    failure = failure_of(own, error_message="connection refused by vendor")

    assert (failure.cause, failure.words, failure.next_step) == (
        "vendor_closed",
        "vendor closed (connection refused by vendor)",
        "Wait.",
    )
    assert failure_of(own, error_message="connection refused").cause == "connection"


@pytest.mark.parametrize(
    ("detail", "fits"),
    [
        ({"exit_code": 3, "error_type": "app.Busy", "error_message": "queue 7 is full"}, True),
        ({"exit_code": 4, "error_type": "app.Busy", "error_message": "queue 7 is full"}, False),
        ({"exit_code": 3, "error_type": "Idle", "error_message": "queue 7 is full"}, False),
        ({"exit_code": 3, "error_type": "Busy", "error_message": "queue 7 is empty"}, False),
    ],
)
def test_a_row_fits_when_all_fits_that_it_asks_for(detail: dict[str, Any], fits: bool) -> None:  # noqa: FBT001 -- a column of the table
    own = KnownFailure(
        name="busy",
        failure_class=TRANSIENT,
        exit_codes=(3,),
        error_types=("busy",),
        pattern="queue [0-9]+ is full",
    )

    assert (failure_of(own, **detail).cause == "busy") is fits


def test_each_cause_has_its_words_and_what_to_do() -> None:
    assert {row.name for row in KNOWN_FAILURES} == set(CAUSES)
    for name, cause in CAUSES.items():
        assert cause.said, name
        assert cause.next_step.endswith("."), name


def test_two_tables_of_the_same_rows_are_the_same() -> None:
    row = KNOWN_FAILURES[0]
    mild = replace(row, failure_class=TRANSIENT)

    assert table_of([row]) == table_of([row])
    assert table_of([row]) != table_of([mild])


def test_that_retries_will_hardly_help_is_said_while_some_are_left() -> None:
    permanent = failure_of(error_message="password authentication failed")
    waiting = failed(phase=Phase.RETRYING, attempt=1, max_attempts=3)
    none_left = failed(phase=Phase.RETRYING, attempt=3, max_attempts=3)

    assert of_failure(permanent, waiting)[-1] == (
        "retries",
        "2 attempts left, which will hardly help: it is permanent",
    )
    assert len(of_failure(permanent, none_left)) == len(of_failure(permanent, failed()))
