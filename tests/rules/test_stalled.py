"""The condition `stalled`, as tables."""

import pytest
from msgspec.structs import replace

from tests.rules.facts import MINUTE, NOON, asked, at, facts, good, running
from tocsin.jobs.checkin import Progress
from tocsin.jobs.run import Phase, Run, RunStatus
from tocsin.jobs.state import BlindWindow, JobState, Outcome
from tocsin.rules.finding import QUIET, Why

NAME = "stalled"
BEATING = running(heartbeats=10, heartbeat_every_seconds=60.0)
MOVING = replace(BEATING, progress=Progress(done=5), progress_at=NOON)


def test_a_job_that_does_not_run_costs_one_look() -> None:
    assert asked(NAME, facts(JobState(), stalled_after_seconds=60.0), "23:00") is QUIET


@pytest.mark.parametrize(
    ("run", "own", "minutes"),
    [
        (BEATING, None, 4),
        (BEATING, 600.0, 10),
        (replace(BEATING, heartbeat_every_seconds=10.0), None, 2),
        (replace(BEATING, heartbeat_every_seconds=600.0), None, 40),
        (running(), 600.0, 10),
        (running(), None, None),
        (running(phase=Phase.RETRYING), 600.0, None),
        (running(status=RunStatus.PENDING), 600.0, None),
    ],
    ids=[
        "four heartbeats",
        "the job's own word",
        "two minutes at least",
        "slow heartbeats",
        "no heartbeat but a promise",
        "no heartbeat and no promise",
        "waits for its retry",
        "has not started",
    ],
)
def test_how_long_a_run_may_be_silent(run: Run, own: float | None, minutes: float | None) -> None:
    known = facts(JobState(open_runs=(run,)), stalled_after_seconds=own)

    verdict = asked(NAME, known, "12:00:30")
    assert verdict.finding is None
    assert verdict.ask_again_at == (None if minutes is None else NOON + minutes * MINUTE)
    if verdict.ask_again_at is not None:
        found = asked(NAME, known, f"{verdict.ask_again_at:%H:%M:%S}").finding
        assert found is not None
        assert (found.why, found.since_at) == (Why.NO_HEARTBEAT, verdict.ask_again_at)


@pytest.mark.parametrize(
    ("run", "own", "minutes"),
    [
        (MOVING, None, 15),
        (replace(MOVING, heartbeat_every_seconds=300.0), None, 50),
        (MOVING, 600.0, 10),
        (replace(MOVING, heartbeats=1), None, None),
        (replace(MOVING, progress=None, progress_at=None), 600.0, None),
    ],
    ids=[
        "a quarter of an hour at least",
        "ten heartbeats",
        "the job's own word",
        "no rhythm yet",
        "never said any",
    ],
)
def test_how_long_a_run_may_make_no_progress(run: Run, own: float | None, minutes: float | None) -> None:
    alive = replace(run, last_sign_at=at("12:59"))
    known = facts(JobState(open_runs=(alive,)), no_progress_after_seconds=own)

    found = asked(NAME, known, "13:00").finding

    assert (found.since_at if found is not None else None) == (
        None if minutes is None else NOON + minutes * MINUTE
    )
    assert found is None or found.why is Why.NO_PROGRESS


@pytest.mark.parametrize(
    ("overtaken", "forgiven", "found"),
    [
        (None, None, True),
        ("12:04", None, False),
        ("12:03", None, True),
        (None, "12:04", False),
        (None, "12:03", True),
    ],
)
def test_what_ends_a_stall_besides_a_sign_of_life(
    overtaken: str | None,
    forgiven: str | None,
    found: bool,  # noqa: FBT001 - a column of the table
) -> None:
    run = replace(BEATING, overtaken_at=at(overtaken) if overtaken else None)
    state = JobState(open_runs=(run,), forgiven=((NAME, at(forgiven)),) if forgiven else ())

    assert (asked(NAME, facts(state), "13:00").finding is not None) is found


@pytest.mark.parametrize(
    ("run", "now", "said"),
    [
        (BEATING, "12:30", "waits"),
        (BEATING, "12:35", "unknown"),
        (replace(MOVING, last_sign_at=at("12:32")), "12:33", Why.NO_PROGRESS),
        (MOVING, "12:35", "unknown"),
    ],
    ids=["waits", "silent", "heard again without progress", "silent, progress or not"],
)
def test_a_stall_that_fell_into_a_blind_window(run: Run, now: str, said: object) -> None:
    window = BlindWindow(id=1, from_at=at("12:02"), to_at=at("12:30"), hold_until=at("12:35"))
    known = replace(facts(JobState(open_runs=(run,))), blind=(window,))

    verdict = asked(NAME, known, now)

    heard = verdict.finding.why if verdict.finding else "unknown" if verdict.unknown else "waits"
    assert heard == said


def test_the_silent_one_is_told_before_the_idle_one_and_both_are_counted() -> None:
    idle = replace(MOVING, key="idle", last_sign_at=at("12:59"))

    found = asked(NAME, facts(JobState(open_runs=(idle, BEATING))), "13:00").finding

    assert found is not None
    assert (found.run, found.summary) == ("a", "shows no sign of life for more than 4 min (2 runs stalled)")


@pytest.mark.parametrize(
    ("earlier", "own", "found"),
    [
        (good("b", "11:00", silence_seconds=400.0), 300.0, True),
        (good("b", "11:00", silence_seconds=200.0), 300.0, False),
        (good("b", "11:00", silence_seconds=400.0, heartbeat_every_seconds=60.0), None, True),
        (good("b", "11:00", silence_seconds=200.0, heartbeat_every_seconds=60.0), None, False),
        (good("b", "11:00", silence_seconds=400.0), None, False),
    ],
)
def test_two_in_a_row_counts_earlier_runs_by_their_longest_silence(
    earlier: Outcome,
    own: float | None,
    found: bool,  # noqa: FBT001 - a column of the table
) -> None:
    known = facts(JobState(open_runs=(BEATING,), recent=(earlier,)), stalled_after_seconds=own)

    assert (asked(NAME, known, "13:00", in_a_row=2).finding is not None) is found
