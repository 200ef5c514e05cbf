"""The condition `sla_breach`, as tables."""

from datetime import time

import pytest
from msgspec.structs import replace

from tests.rules.facts import asked, at, expected, facts, failed, good, running
from tocsin.jobs.occurrence import OccurrenceStatus
from tocsin.jobs.run import Run
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import BlindWindow, JobState, Outcome
from tocsin.rules.finding import QUIET, Severity, Verdict, Why

NAME = "sla_breach"
S = OccurrenceStatus
NOON_DAILY = SLA(deadline=time(12), warning_minutes_before=60, critical_minutes_before=30)
TWO_HOURS = SLA(max_duration_seconds=7200, warning_minutes_before=30, critical_minutes_before=15)
DUE_AT_NOON = expected("09:00", deadline="12:00")
LONG_AGO = BlindWindow(id=9, from_at=at("01:00"), to_at=at("02:00"), hold_until=at("02:05"))


def told(verdict: Verdict) -> tuple[str, int] | None:
    return None if verdict.finding is None else (verdict.finding.severity.word, verdict.finding.step)


def test_a_job_without_promises_costs_one_look() -> None:
    assert asked(NAME, facts(JobState(open_runs=(running(),))), "23:00") is QUIET


@pytest.mark.parametrize(
    ("now", "said", "ask"),
    [
        ("10:59", None, "11:00"),
        ("11:00", ("warning", 1), "11:30"),
        ("11:30", ("critical", 2), "12:00"),
        ("12:00", ("critical", 3), "12:30"),
        ("12:30", ("page", 4), None),
        ("23:00", ("page", 4), None),
    ],
)
def test_a_deadline_gets_worse_in_four_stages(
    now: str, said: tuple[str, int] | None, ask: str | None
) -> None:
    verdict = asked(NAME, facts(JobState(occurrences=(DUE_AT_NOON,)), NOON_DAILY), now)

    assert told(verdict) == said
    assert verdict.ask_again_at == (at(ask) if ask else None)


@pytest.mark.parametrize("past", [(), (LONG_AGO,)], ids=["never blind", "once blind"])
@pytest.mark.parametrize(
    ("warning", "critical", "asks"),
    [
        (60, 30, ["11:00", "11:30", "12:00", "12:30"]),
        (0, 30, ["11:30", "12:00", "12:30"]),
        (60, 0, ["11:00", "12:00", "12:15"]),
        (0, 0, ["12:00", "12:15"]),
        (240, 60, ["11:00", "12:00", "13:00"]),
        (180, 60, ["11:00", "12:00", "13:00"]),
    ],
    ids=["both", "no warning", "no critical", "none", "before the start", "at the start"],
)
def test_stages_that_are_not_promised_or_not_after_the_start_are_left_out(
    warning: float, critical: float, asks: list[str], past: tuple[BlindWindow, ...]
) -> None:
    sla = SLA(deadline=time(12), warning_minutes_before=warning, critical_minutes_before=critical)
    known = facts(JobState(occurrences=(DUE_AT_NOON,)), sla, schedule=read_schedule("0 9 * * *", "UTC"))
    known = replace(known, blind=past)

    found, now = [], at("09:30")
    while (ask_at := asked(NAME, known, f"{now:%H:%M}").ask_again_at) is not None:
        found.append(f"{ask_at:%H:%M}")
        now = ask_at
    assert found == asks
    assert told(asked(NAME, known, "09:30")) is None


@pytest.mark.parametrize(
    ("status", "run", "summary"),
    [
        (S.EXPECTED, None, "missed its deadline 2026-03-10 12:00 UTC: the run has not started"),
        (S.MISSED, None, "missed its deadline 2026-03-10 12:00 UTC: the run has not started"),
        (S.STARTED, "open", "missed its deadline 2026-03-10 12:00 UTC: the run is not done"),
        (S.STARTED, "bad", "missed its deadline 2026-03-10 12:00 UTC: the run has failed"),
        (S.STARTED, "gone", "missed its deadline 2026-03-10 12:00 UTC: the run is not done"),
    ],
)
def test_a_missed_deadline_says_how_far_the_run_is(
    status: OccurrenceStatus, run: str | None, summary: str
) -> None:
    state = JobState(
        occurrences=(expected("09:00", status, deadline="12:00", run=run),),
        open_runs=(running("open", "09:00"),),
        failures=(failed("bad", "10:00"),),
    )

    finding = asked(NAME, facts(state, NOON_DAILY), "12:00").finding

    assert finding is not None
    assert (finding.summary, finding.since_at) == (summary, at("12:00"))


def test_a_run_that_is_unknown_has_no_deadline_but_nothing_is_taken_back() -> None:
    lost = facts(JobState(occurrences=(expected("09:00", S.UNKNOWN, deadline="12:00"),)), NOON_DAILY)

    verdict = asked(NAME, lost, "13:00")

    assert (verdict.finding, verdict.unknown, verdict.cannot_tell) == (None, None, True)


@pytest.mark.parametrize(
    ("now", "said", "ask"),
    [
        ("13:29", None, "13:30"),
        ("13:30", ("warning", 1), "13:45"),
        ("13:45", ("critical", 2), "14:00"),
        ("14:00", ("critical", 3), "14:15"),
        ("14:15", ("page", 4), None),
    ],
)
def test_a_long_run_gets_worse_in_four_stages(
    now: str, said: tuple[str, int] | None, ask: str | None
) -> None:
    verdict = asked(NAME, facts(JobState(open_runs=(running(),)), TWO_HOURS), now)

    assert told(verdict) == said
    assert verdict.ask_again_at == (at(ask) if ask else None)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (failed(end="13:59"), None),
        (failed(end="14:05"), ("critical", 3)),
        (failed(end="14:20"), ("page", 4)),
        (running(overtaken_at=at("14:00")), None),
        (running(overtaken_at=at("13:59")), ("page", 4)),
        (running(started_at=None), None),
    ],
    ids=[
        "failed in time",
        "failed late",
        "failed very late",
        "made up for",
        "overtaken before",
        "never started",
    ],
)
def test_what_can_become_of_a_long_run(run: Run, said: tuple[str, int] | None) -> None:
    state = JobState(open_runs=(run,)) if run.status.is_open else JobState(failures=(run,))

    verdict = asked(NAME, facts(state, TWO_HOURS), "23:00")

    assert told(verdict) == said
    assert verdict.ask_again_at is None


def test_a_second_kind_of_promise_that_breaks_is_a_further_step() -> None:
    sla = SLA(
        deadline=time(15), max_duration_seconds=7200, warning_minutes_before=0, critical_minutes_before=0
    )
    state = JobState(
        open_runs=(running(),), occurrences=(expected("09:00", S.STARTED, deadline="15:00", run="a"),)
    )

    before = asked(NAME, facts(state, sla), "14:59").finding
    after = asked(NAME, facts(state, sla), "15:00").finding

    assert before is not None
    assert after is not None
    assert (before.step, after.step) == (4, 7)
    assert after.why is Why.DURATION_EXCEEDED
    assert after.evidence[0] == ("also", "missed its deadline 2026-03-10 15:00 UTC: the run is not done")


@pytest.mark.parametrize(
    ("forgiven", "said"),
    [("11:10", ("page", 4)), ("12:00", None), ("12:10", None)],
    ids=["at the warning", "when it was missed", "after it was missed"],
)
def test_a_deadline_that_a_person_has_declared_over_says_nothing_more(
    forgiven: str, said: tuple[str, int] | None
) -> None:
    state = JobState(occurrences=(DUE_AT_NOON,), forgiven=((NAME, at(forgiven)),))

    assert told(asked(NAME, facts(state, NOON_DAILY), "13:00")) == said


def blind(since: str, until: str, hold: str) -> BlindWindow:
    return BlindWindow(id=3, from_at=at(since), to_at=at(until), hold_until=at(hold))


@pytest.mark.parametrize(
    ("window", "heard", "now", "said", "ask"),
    [
        (blind("11:50", "12:20", "12:25"), "11:45", "12:24", ("critical", 2), "12:25"),
        (blind("11:50", "12:20", "12:25"), "11:45", "12:25", "unknown", None),
        (blind("11:50", "12:20", "12:25"), "12:21", "12:25", ("critical", 3), "12:30"),
        (blind("11:10", "11:40", "11:45"), "11:05", "11:44", ("warning", 1), "11:45"),
        (blind("11:10", "11:40", "11:45"), "11:05", "11:45", ("critical", 2), "12:00"),
    ],
    ids=["waits", "unknown", "heard again: missed", "a hidden stage waits", "a hidden stage comes"],
)
def test_a_deadline_in_a_blind_window(
    window: BlindWindow, heard: str, now: str, said: object, ask: str | None
) -> None:
    state = JobState(
        open_runs=(running("a", "09:00", last_sign_at=at(heard)),),
        occurrences=(expected("09:00", S.STARTED, deadline="12:00", run="a"),),
    )
    known = replace(facts(state, NOON_DAILY), blind=(window,))

    verdict = asked(NAME, known, now)

    assert (told(verdict) if verdict.unknown is None else "unknown") == said
    assert verdict.ask_again_at == (at(ask) if ask else None)


@pytest.mark.parametrize(
    ("recent", "found"),
    [
        ([good("a", "11:00", seconds=30.0)], True),
        ([good("a", "11:00", seconds=600.0)], False),
        ([good("a", "11:00")], False),
        ([good("a", "11:00", seconds=30.0, backfill=True)], False),
        ([good("a", "11:00", seconds=30.0), good("b", "11:30", seconds=900.0)], False),
        ([good("a", "11:00", seconds=30.0), good("b", "11:30", seconds=900.0, partition="eu")], True),
    ],
)
def test_a_good_run_that_was_too_fast(recent: list[Outcome], found: bool) -> None:  # noqa: FBT001 - a column of the table
    finding = asked(
        NAME, facts(JobState(recent=tuple(recent)), SLA(min_duration_seconds=600)), "12:00"
    ).finding

    assert (finding is not None) is found
    assert finding is None or (finding.why, finding.severity) == (Why.TOO_FAST, Severity.WARNING)


@pytest.mark.parametrize("severity", list(Severity))
def test_a_rule_says_the_most_that_can_be_reached(severity: Severity) -> None:
    finding = asked(
        NAME, facts(JobState(occurrences=(DUE_AT_NOON,)), NOON_DAILY), "13:00", severity=severity
    ).finding

    assert finding is not None
    assert finding.severity is severity
