"""`throughput`: a run gets through fewer records per second than it must, now or from start to end."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from tocsin.jobs.run import Run
from tocsin.jobs.state import Outcome
from tocsin.rules.evidence import of_run, variables_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.good_runs import good_by_partition, has_lost, row_of, standing
from tocsin.rules.rows import finding_of, how_many, of_newest
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, some
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.wording import clock_time, span

NAME = "throughput"
LEAST_SECONDS = 60.0


class _Pace(Struct, frozen=True, kw_only=True):
    """How fast a run at work was over the span that its last reports cover."""

    run: Run
    per_second: float
    over_seconds: float
    since_at: datetime


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:  # noqa: ARG001 -- every condition is asked alike
    """Hold while a run at work, or the newest good run of a partition, is slower than the rule's `threshold`.

    A run at work: how much more it reported as done (`progress.done`, else records ok and failed) than five
    to ten minutes before, or than in its first report, by the seconds between the two; nothing is judged
    between its reports, for silence is `stalled`'s. A good run: its records, ok and failed, by its duration.
    Neither speaks for a span shorter than the rule's `least` seconds, nor does a good run that says nothing
    of records: it neither is slow nor calls that over. N in a row and M of N count good runs
    of the partition, and runs at work after them.
    """
    least = rule.threshold
    if least is None:
        return QUIET
    is_slow = _slower_than(rule, least)
    paces = [pace for pace in _paces(rule, facts) if pace.per_second < least]

    def says(outcome: Outcome) -> bool:
        return _speed(rule, outcome) is not None

    cannot_tell = has_lost(rule, facts, NAME, is_slow, says)
    if paces and _too_many(rule, facts, len(paces), is_slow):
        return Verdict(finding=_now(rule, facts, paces, least), cannot_tell=cannot_tell)
    slow = standing(rule, facts, NAME, is_slow, says)
    if not slow:
        return Verdict(cannot_tell=True) if cannot_tell else QUIET
    worst = min(slow, key=lambda outcomes: _speed(rule, outcomes[-1]) or 0.0)
    return Verdict(finding=_ended(rule, facts, worst, least), cannot_tell=cannot_tell)


def _least_seconds(rule: Rule) -> float:
    return LEAST_SECONDS if rule.least is None else rule.least


def _slower_than(rule: Rule, least: float) -> Callable[[Outcome], bool]:
    def is_slow(outcome: Outcome) -> bool:
        speed = _speed(rule, outcome)
        return speed is not None and speed < least

    return is_slow


def _speed(rule: Rule, outcome: Outcome) -> float | None:
    records, seconds = outcome.records, outcome.seconds
    if records is None or not seconds or seconds < _least_seconds(rule):
        return None
    return (records + (outcome.records_failed or 0)) / seconds


def _paces(rule: Rule, facts: Facts) -> list[_Pace]:
    forgiven, paces = facts.forgiven_until(NAME), []
    for run in facts.state.open_runs:
        if not run.readings or not run.status.is_running or run.phase.is_retrying or run.overtaken_at:
            continue
        first, done = run.readings[0], run.done or 0.0
        seconds = (run.last_sign_at - first.at).total_seconds()
        if seconds > 0 and seconds >= _least_seconds(rule) and first.at > forgiven:
            pace = (done - first.done) / seconds
            paces.append(_Pace(run=run, per_second=pace, over_seconds=seconds, since_at=first.at))
    return paces


def _too_many(rule: Rule, facts: Facts, now_slow: int, is_slow: Callable[[Outcome], bool]) -> bool:
    earlier = [is_slow(o) for good in good_by_partition(facts, NAME).values() for o in good]
    marks = [*earlier, *[True] * now_slow]
    return exceeds_tolerance(rule, marks, range(len(earlier), len(marks)))


def _now(rule: Rule, facts: Facts, paces: list[_Pace], least: float) -> Finding:
    worst = min(paces, key=lambda pace: pace.per_second)
    evidence = [
        ("limit", f"at least {_per_second(least)}"),
        ("throughput", f"{_per_second(worst.per_second)} over the last {span(worst.over_seconds)}"),
    ]
    if len(paces) > 1:
        evidence.append(("slow runs", f"{len(paces)} at work"))
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=rule.severity or Severity.WARNING,
        why=Why.TOO_SLOW,
        since_at=worst.since_at,
        summary=f"gets through {_per_second(worst.per_second)}, fewer than {least:,.4g}",
        evidence=(*evidence, *of_run(facts.job, worst.run)),
        next_step="See what it waits for: its source, its target, or the machine that it shares.",
        run=worst.run.key,
        template=rule.message,
        variables=(*variables_of(worst.run), *_variables(worst.per_second, least)),
    )


def _ended(rule: Rule, facts: Facts, outcomes: list[Outcome], least: float) -> Finding:
    zone, row = facts.job.definition.timezone, row_of(outcomes, _slower_than(rule, least))
    newest = row[0]
    speed, seconds = _speed(rule, newest) or 0.0, newest.seconds or 0.0
    evidence = (
        ("limit", f"at least {_per_second(least)}"),
        ("throughput", f"{_per_second(speed)} over {span(seconds)}"),
        *of_newest(row, zone),
        ("records", f"{(newest.records or 0) + (newest.records_failed or 0):,}"),
        *how_many("slow runs", row, zone),
    )
    return finding_of(
        rule,
        NAME,
        row,
        why=Why.TOO_SLOW,
        summary=f"ended well but got through {_per_second(speed)}, fewer than {least:,.4g}",
        evidence=evidence,
        next_step="See what it waited for: its source, its target, or the machine that it shares.",
        variables=(("duration", span(seconds)), *_variables(speed, least)),
    )


def _per_second(speed: float) -> str:
    return f"{speed:,.4g} records per second"


def _variables(speed: float, least: float) -> Pairs:
    return (
        ("threshold", _per_second(least)),
        ("breach_percentage", f"{100 * (least - speed) / least:.1f}"),
        ("direction", "slow"),
    )


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return the limit, how fast the runs at work are, and how fast the newest good runs were."""
    zone, shown = facts.job.definition.timezone, list[tuple[str, str]]()
    limit = "the rule names none" if rule.threshold is None else f"at least {_per_second(rule.threshold)}"
    for pace in _paces(rule, facts):
        said = f"{_per_second(pace.per_second)} over the last {span(pace.over_seconds)}"
        shown.append((f"run {pace.run.key}", f"at work, {said}"))
    for partition, outcomes in good_by_partition(facts, NAME).items():
        newest = outcomes[-1]
        speed = _speed(rule, newest)
        said = "too short, or does not say its records" if speed is None else _per_second(speed)
        name = f"last good run of {partition}" if partition else "last good run"
        shown.append((name, f"{said}, run {newest.run}, ended {clock_time(newest.at, zone)}"))
    return (
        ("limit", limit),
        *some(shown or [("throughput", "no run has said how fast it is")], "line"),
        *forgiven_of(facts, NAME),
    )
