"""A configuration tried on the past: from files, from a server, and what cannot be tried."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Said, Tocsin
from tests.cli.test_real_server import eventually, run_job
from tocsin.cli.exits import Exit
from tocsin.jobs.checkin import CheckIn, CheckInKind
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.run import Phase, Run, RunStatus
from tocsin.web.lines import check_in_line, header_line, job_line, run_line

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
OLD = """
receivers:
  - {name: team, console: {}}
default_rules: false
rules:
  - {name: fails, condition: job_failure}
  - {name: slow, condition: sla_breach}
"""
NEW = """
defaults: {timezone: Europe/Berlin}
receivers:
  - {name: team, console: {}}
  - {name: on-call, console: {}}
route:
  receiver: team
  routes:
    - {receiver: on-call, matchers: ['severity="page"']}
default_rules: false
rules:
  - {name: fails, condition: job_failure, severity: page}
  - {name: slow, condition: sla_breach}
jobs:
  slow: {max_duration_minutes: 30}
  nobody: {schedule: "0 2 * * *"}
"""


def said(job: str, day: int, *, minutes: float, fails: bool = False) -> Iterator[CheckIn]:
    at = MIDNIGHT + day * ONE_DAY
    end = CheckInKind.FAIL if fails else CheckInKind.SUCCESS
    for kind, after in ((CheckInKind.START, 0.0), (end, minutes)):
        then = at + after * MINUTE
        yield CheckIn(job=job, kind=kind, at=then, received_at=then, run=f"{job}-{day}")


def history(path: str, *, days: int = 20) -> None:
    """Write what two jobs have said: one fails on the seventh day, the other is slow on the twelfth."""
    check_ins = [
        one
        for day in range(days)
        for one in (
            *said("fails", day, minutes=5, fails=day == 7),
            *said("slow", day, minutes=70 if day == 12 else 20),
        )
    ]
    check_ins.sort(key=lambda one: one.received_at)
    lines = [header_line(None, "")]
    lines += [
        job_line(Job(name=name, environment="production", registered_at=MIDNIGHT))
        for name in ("fails", "slow")
    ]
    lines += [check_in_line(JobKey("production", one.job), one) for one in check_ins]
    Path(path).write_bytes(b"".join(lines))


@pytest.fixture
def tried(tocsin: Tocsin) -> Said:
    """What is said of the difference."""
    Path("old.yaml").write_text(OLD)
    Path("new.yaml").write_text(NEW)
    history("h.jsonl")
    return tocsin("backtest", "new.yaml", "--against", "old.yaml", "--file", "h.jsonl")


def test_the_difference_is_told_by_job_receiver_and_night(tried: Said) -> None:
    assert tried.code == 0
    lines = [line.split() for line in tried.out.splitlines()]
    assert tried.out.startswith("19 days until 20 Mar 01:20 CET, of 2 jobs\n80 check-ins replayed\n")
    assert ["alerts", "1", "2", "+1"] in lines
    assert ["pages", "0", "2", "+2"] in lines
    assert ["fails", "1", "1", "0", "→", "1"] in [line[:6] for line in lines]
    assert ["on-call", "0", "→", "2", "0", "→", "2"] in [line[:7] for line in lines]
    assert "Sat 7 Mar 2026" in tried.out
    assert "gained: new.yaml tells these" in tried.out
    assert "has run longer than the 30 min it may take" in tried.out
    assert "alerts: 1 gained, 0 the same, 1 louder, 1 told to others" in tried.out
    assert "without any history here, and so not judged: nobody" in tried.err


def test_the_result_for_programs_is_the_same_twice(tocsin: Tocsin, tried: Said) -> None:
    words = ("backtest", "new.yaml", "--against", "old.yaml", "--file", "h.jsonl", "--format", "json")
    first, second = tocsin(*words), tocsin(*words)

    assert first == second
    told = json.loads(first.out)
    assert told["total"]["new"] == {
        "alerts": 2,
        "messages": 3,
        "pages": 2,
        "repeats": told["total"]["new"]["repeats"],
    }
    assert [life["job"] for life in told["gained"]] == ["slow"]
    (on_call, _) = told["by_receiver"]
    assert on_call["old"] == {"alerts": 0, "messages": 0, "pages": 0, "repeats": 0}
    assert (on_call["receiver"], on_call["new"]["pages"]) == ("on-call", 2)


def test_only_the_jobs_and_the_time_that_are_asked_for_count(tocsin: Tocsin, tried: Said) -> None:
    assert tried.code == 0
    words = ("backtest", "new.yaml", "--against", "old.yaml", "--file", "h.jsonl", "--format", "json")

    of_one = json.loads(tocsin(*words, "--jobs", "fails").out)
    later = json.loads(tocsin(*words, "--since", "2026-03-10T00:00").out)

    assert (of_one["jobs"], of_one["total"]["new"]["alerts"]) == (1, 1)
    assert later["total"]["old"]["alerts"] == 0
    assert later["since"] == "2026-03-09T23:00:00+00:00"


def test_where_only_runs_are_kept_they_are_replayed(tocsin: Tocsin, tried: Said) -> None:
    assert tried.code == 0
    runs = [
        Run(
            key=f"r{day}",
            last_sign_at=MIDNIGHT - day * ONE_DAY,
            status=RunStatus.FAILED if day == 4 else RunStatus.SUCCESS,
            phase=Phase.COMPLETED,
            started_at=MIDNIGHT - day * ONE_DAY - 5 * MINUTE,
            ended_at=MIDNIGHT - day * ONE_DAY,
        )
        for day in range(-3, 8)
    ]
    key = JobKey("production", "fails")
    lines = Path("h.jsonl").read_bytes().splitlines(keepends=True)
    Path("h.jsonl").write_bytes(b"".join([*lines[:3], *(run_line(key, run) for run in runs), *lines[3:]]))

    told = json.loads(
        tocsin("backtest", "new.yaml", "--against", "old.yaml", "--file", "h.jsonl", "--format", "json").out
    )

    assert told["total"]["old"]["alerts"] == 2
    assert told["check_ins"] == 80 + 2 * 7 + 1  # of the run that is on its way as the log begins, its start


def test_what_a_server_keeps_is_tried(tocsin: Tocsin, real_server: str) -> None:
    assert run_job(real_server, "tried", "sh", "-c", "exit 3") == 3
    eventually(tocsin, "runs", "tried", "--server", real_server, holds="failed")
    Path("tocsin.yaml").write_text(OLD)
    Path("new.yaml").write_text(NEW)

    said = tocsin("backtest", "new.yaml", "--jobs", "tried", "--server", real_server, "--format", "json")

    told = json.loads(said.out)
    assert (told["jobs"], told["check_ins"]) == (1, 2)
    assert told["total"]["old"]["pages"] == 0
    assert told["total"]["new"]["pages"] == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("new.yaml",), Exit.USAGE, "there is nothing to compare with; name it with: --against OLD.yaml"),
        (
            ("none.yaml", "--against", "old.yaml"),
            Exit.BAD_CONFIGURATION,
            "none.yaml: the file: cannot be read",
        ),
        (
            ("bad.yaml", "--against", "old.yaml"),
            Exit.BAD_CONFIGURATION,
            "bad.yaml:1:1: receiver: is not a known key; did you mean receivers?",
        ),
        (
            ("new.yaml", "--against", "old.yaml", "--file", "h.jsonl", "--jobs", "others"),
            Exit.FAILED,
            "no check-in of these jobs in this time is in the history: nothing to replay",
        ),
        (
            ("new.yaml", "--against", "old.yaml", "--file", "h.jsonl", "--jobs", "("),
            Exit.USAGE,
            "--jobs: the pattern '(' is not valid RE2",
        ),
        (
            ("new.yaml", "--against", "old.yaml", "--file", "none.jsonl"),
            Exit.FAILED,
            "none.jsonl cannot be read",
        ),
        (
            ("new.yaml", "--against", "old.yaml", "--file", "new.yaml"),
            Exit.FAILED,
            "new.yaml, line 2: is not",
        ),
        (
            ("new.yaml", "--against", "old.yaml", "--since", "soon"),
            Exit.USAGE,
            "'soon' is no instant; write 2d, 12h or 2026-03-01T06:00",
        ),
    ],
)
def test_what_cannot_be_tried_is_said(
    tocsin: Tocsin, tried: Said, words: tuple[str, ...], code: Exit, says: str
) -> None:
    assert tried.code == 0
    Path("bad.yaml").write_text("receiver: []\n")

    said = tocsin("backtest", *words)

    assert (said.code, said.out) == (code, "")
    assert says in said.err


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ((5, 3), "came at 2026-03-04 00:00 UTC, before one that came at 2026-03-06 00:05 UTC; sort them"),
        ((5, 2_000_000), "which is still to come"),
    ],
    ids=["out of order", "to come"],
)
def test_a_history_that_cannot_have_come_so_is_refused_and_never_replayed_to_nothing(
    tocsin: Tocsin, tried: Said, days: tuple[int, ...], says: str
) -> None:
    assert tried.code == 0
    told = [one for day in days for one in said("fails", day, minutes=5)]
    lines = [header_line(None, ""), *(check_in_line(JobKey("production", one.job), one) for one in told)]
    Path("odd.jsonl").write_bytes(b"".join(lines))

    refused = tocsin("backtest", "new.yaml", "--against", "old.yaml", "--file", "odd.jsonl")

    assert (refused.code, refused.out) == (Exit.FAILED, "")
    assert "odd.jsonl, line 4: came at " in refused.err
    assert says in refused.err


def test_the_file_in_force_is_not_compared_with_itself(tocsin: Tocsin) -> None:
    Path("tocsin.yaml").write_text(OLD)

    said = tocsin("backtest", "tocsin.yaml")

    assert said.code == Exit.USAGE
    assert "tocsin.yaml is what is in force" in said.err
