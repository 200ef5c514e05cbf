"""What is said of a run that takes too long or too short, and when it is certain."""

import re
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.rules.facts import HOUR, MINUTE, NOON, asked, at, facts, good, learned_from_runs, rule, running
from tocsin.jobs.run import Phase, Run, RunStatus
from tocsin.jobs.state import BlindWindow, JobState, Unlearned
from tocsin.quality.learned import Learned, learn
from tocsin.rules.conditions.duration_anomaly import NAME
from tocsin.rules.facts import Facts
from tocsin.rules.finding import LEARNING, QUIET, Severity, Why
from tocsin.rules.judge import CONDITIONS

JITTER = (1.0, 1.06, 0.95, 1.03, 0.98, 1.08, 0.93)


def of_tuesdays() -> Facts:
    """A job that takes 15 minutes on Tuesdays and five on other days, for half a year; NOON is a Tuesday."""
    days = range(26 * 7, 0, -1)
    took = tuple(
        (900.0 if (NOON - timedelta(days=day)).weekday() == 1 else 300.0) * JITTER[day // 7 % 7]
        for day in days
    )
    return learned_from_runs(facts(JobState(open_runs=(running(),))), *took)


def test_the_evidence_says_what_is_normal_for_such_a_run_and_of_how_many() -> None:
    found = asked(NAME, of_tuesdays(), "12:41").finding

    assert found is not None
    assert found.why is Why.UNUSUALLY_SLOW
    normal = dict(found.evidence)["normal"]
    assert normal.endswith("min on Tuesdays (26 runs)")
    low, _, high = normal.partition(" ")[0].partition("–")
    assert 11 <= int(low) < 15 < int(high) <= 20


def test_it_is_asked_again_at_the_instant_at_which_it_becomes_certain() -> None:
    known = of_tuesdays()
    first = asked(NAME, known, "12:05")
    assert first.finding is None
    assert first.ask_again_at is not None

    warned = CONDITIONS[NAME](rule(NAME), known, first.ask_again_at)
    assert warned.finding is not None
    assert (warned.finding.severity, warned.finding.since_at) == (Severity.WARNING, first.ask_again_at)
    assert warned.ask_again_at is not None
    paged = CONDITIONS[NAME](rule(NAME), known, warned.ask_again_at)
    assert paged.finding is not None
    assert (paged.finding.severity, paged.ask_again_at) == (Severity.PAGE, None)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, Severity.PAGE),
        ({"severity": Severity.CRITICAL}, Severity.CRITICAL),
        ({"page_threshold": 100.0}, Severity.WARNING),
        ({"threshold": 100.0}, None),
        ({"least": 40.0 * 3600}, None),
        ({"direction": "fast"}, None),
        ({"direction": "slow"}, Severity.PAGE),
    ],
)
def test_a_rule_says_how_far_off_is_too_far(more: dict[str, object], expected: Severity | None) -> None:
    found = asked(NAME, of_tuesdays(), "14:00", **more).finding

    assert (None if found is None else found.severity) == expected


def test_before_five_comparable_runs_it_is_learning() -> None:
    known = learned_from_runs(facts(JobState(open_runs=(running(),))), 600.0, 610.0, 590.0, 600.0)

    assert CONDITIONS[NAME](rule(NAME), known, at("20:00")) is LEARNING


def test_a_run_that_was_overtaken_or_whose_limit_is_forgiven_is_left_alone() -> None:
    known = of_tuesdays()
    overtaken = replace(known.state, open_runs=(running(overtaken_at=at("12:10")),))
    forgiven = replace(known.state, forgiven=(("*", at("13:00")),))

    assert asked(NAME, replace(known, state=overtaken), "14:00").finding is None
    assert asked(NAME, replace(known, state=forgiven), "13:10").finding is None


def test_a_run_whose_end_may_not_have_been_heard_is_waited_for_and_then_unknown() -> None:
    window = BlindWindow(id=1, from_at=at("12:10"), to_at=at("13:00"), hold_until=at("13:05"))
    known = replace(of_tuesdays(), blind=(window,))

    waiting = asked(NAME, known, "13:01")
    assert (waiting.finding, waiting.ask_again_at) == (None, window.hold_until)
    assert asked(NAME, known, "13:06").unknown is not None

    heard = replace(known.state, open_runs=(replace(running(), last_sign_at=at("13:02")),))
    assert asked(NAME, replace(known, state=heard), "13:06").finding is not None


def test_a_run_is_judged_alike_before_and_after_it_was_learned_from() -> None:
    past = learn(Learned(), b"", [_ended(day, 600.0 * JITTER[day % 7]) for day in range(1, 21)], "UTC", NOON)
    outcome = good("slow", "13:00", seconds=3_600.0)
    unlearned = Unlearned(from_at=at("12:00"), due_at=at("13:02"))
    fresh = replace(facts(JobState(recent=(outcome,), unlearned=unlearned)), learned=past.learned)
    before = asked(NAME, fresh, "13:01").finding

    taught = learn(past.learned, past.history, [_ended(0, 3_600.0, key="slow")], "UTC", at("13:02"))
    known = replace(facts(JobState(recent=(outcome,))), learned=taught.learned)
    after = asked(NAME, known, "13:03").finding

    assert before is not None
    assert after is not None
    assert (before.severity, before.why, before.run) == (Severity.PAGE, Why.UNUSUALLY_SLOW, "slow")
    assert (after.severity, after.why, after.run) == (before.severity, before.why, before.run)


def _ended(days_ago: int, seconds: float, *, key: str = "") -> Run:
    """A good run that began at noon so many days ago."""
    start = NOON - timedelta(days=days_ago)
    end = start + timedelta(seconds=seconds)
    plain = replace(running(key or f"day -{days_ago}"), started_at=start, last_sign_at=end)
    return replace(plain, status=RunStatus.SUCCESS, phase=Phase.COMPLETED, ended_at=end)


def test_an_ordinary_run_that_nobody_has_learned_from_yet_is_over_with_it_at_once() -> None:
    known = learned_from_runs(facts(JobState()))
    odd = asked(NAME, _with_ends(known, ("slow", "12:00", 3_600.0)), "13:01").finding
    assert odd is not None

    both = _with_ends(known, ("slow", "12:00", 3_600.0), ("plain", "13:00", 600.0))
    assert asked(NAME, both, "13:01") is QUIET


def _with_ends(known: Facts, *ends: tuple[str, str, float]) -> Facts:
    recent = tuple(good(key, end, seconds=seconds) for key, end, seconds in ends)
    unlearned = Unlearned(from_at=recent[0].order_at - HOUR, due_at=NOON + 5 * MINUTE)
    return replace(known, state=JobState(recent=recent, unlearned=unlearned))


def test_nothing_was_learned_of_a_job_that_has_just_been_registered() -> None:
    assert facts(JobState()).learned == Learned()
    assert asked(NAME, facts(JobState(open_runs=(running(),))), "20:00") is QUIET


def test_a_span_of_what_is_normal_names_both_units_where_they_differ() -> None:
    took = [62 * 60.0 * JITTER[day % 7] for day in range(30)]
    known = learned_from_runs(facts(JobState(open_runs=(running(),))), *took)
    found = asked(NAME, known, "20:00").finding

    assert found is not None
    assert re.match(r"\d+ min–1 h \d+ min", dict(found.evidence)["normal"])


def test_a_rule_that_only_warns_tells_nothing_twice_and_asks_no_more() -> None:
    warns = asked(NAME, of_tuesdays(), "12:05", severity=Severity.WARNING)
    assert warns.ask_again_at is not None

    found = CONDITIONS[NAME](rule(NAME, severity=Severity.WARNING), of_tuesdays(), warns.ask_again_at)
    assert found.finding is not None
    assert (found.finding.step, found.ask_again_at) == (1, None)
    later = asked(NAME, of_tuesdays(), "20:00", severity=Severity.WARNING).finding
    assert later is not None
    assert (later.step, later.summary) == (found.finding.step, found.finding.summary)
