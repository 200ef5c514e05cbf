"""`deadline_risk`: a run will probably not be done in time, as far as its past and its progress tell."""

from datetime import datetime, timedelta
from operator import attrgetter

from msgspec import Struct

from tocsin.jobs.job import Definition
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.jobs.state import AtRisk
from tocsin.rules.evidence import last_good_of, of_run, variables_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import LEARNING, QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.foreseeing import (
    NOT_STARTED,
    Calm,
    Foreseen,
    calm_of_expected,
    calm_of_run,
    foreseen_of_expected,
    foreseen_of_run,
)
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, some, tolerance_of
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.wording import clock_time, plural, span

NAME = "deadline_risk"
GOES_BY = frozenset({"max_duration_seconds"})
PROBABILITY = 0.8
FEWEST_RUNS = 5
_FEWEST_SUCH = 2
# How far the probability has to fall before what was said is taken back.
CALM = 0.2
_LIMIT_AT = attrgetter("limit_at")


class _Promise(Struct, frozen=True, kw_only=True, gc=False):
    """What may be missed: the deadline of an expected run, or the longest duration of a run."""

    limit_at: datetime
    run: Run | None = None
    occurrence: Occurrence | None = None

    def is_meant(self, mark: AtRisk) -> bool:
        """Whether this promise is the one that was at risk."""
        if self.occurrence is not None:
            return mark.nominal_at == self.occurrence.nominal_at
        return self.run is not None and mark.nominal_at is None and mark.run == self.run.key


class _Reading(Struct, frozen=True, kw_only=True, gc=False):
    """What a rule makes of one promise.

    `mark` is set while it is at risk, or was when nothing more could be said of it; `foreseen` only while it
    is. `is_lost`: what was said is neither so any more nor over. `is_calm`: nor is
    it any risk before `ask_at`.
    """

    promise: _Promise
    mark: AtRisk | None = None
    foreseen: Foreseen | None = None
    ask_at: datetime | None = None
    is_lost: bool = False
    is_calm: bool = False


def concerns(rule: Rule, definition: Definition) -> bool:  # noqa: ARG001 -- every condition is asked alike
    """Whether an end is promised."""
    return definition.has_deadline or definition.sla.max_duration_seconds is not None


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold while a run will miss its deadline, or take longer than it may, with at least this probability.

    P(D > limit | D > elapsed), where D is how long comparable runs take (`tocsin.quality.forecast`), weighed
    against the run's own progress; a run that has not started begins as late as such runs do, and not before
    what it waits for is expected to have ended. It takes `fewest` comparable runs; where the rule says none,
    FEWEST_RUNS in all, and two of the same weekday or hour if it goes by that. Once it was found it holds
    until the probability is CALM below the threshold, so that it does not come and go with each heartbeat.
    When the promise is broken `sla_breach` speaks: nothing new is said here then, nor is what was said taken
    back before a good run has ended. Backfills are left alone, for they are unlike the runs that are
    compared. N in a row and M of N count runs that broke the promise before.
    """
    normal = facts.learned.normal
    if normal is None or facts.of_backfills:
        return QUIET
    promises = _promises(facts)
    if not promises:
        return QUIET
    if normal.learning is not None:
        return LEARNING
    marks: list[AtRisk] = []
    risky: list[_Reading] = []
    asks: list[datetime] = []
    is_lost = False
    for reading in _readings(rule, facts, promises, now):
        if reading.ask_at is not None:
            asks.append(reading.ask_at)
        if reading.mark is not None:
            marks.append(reading.mark)
            is_lost = is_lost or reading.is_lost
            risky += [] if reading.foreseen is None else [reading]
    if not marks:
        return Verdict(ask_again_at=min(asks)) if asks else QUIET
    return Verdict(
        finding=_finding(rule, facts, risky, now) if risky and _is_too_much(rule, facts, risky) else None,
        ask_again_at=min(asks, default=None),
        cannot_tell=is_lost,
        at_risk=tuple(marks),
    )


def _readings(rule: Rule, facts: Facts, promises: list[_Promise], now: datetime) -> list[_Reading]:
    """Return what is to be thought of each promise; a later end of a run that is calm is calmer still."""
    if facts.state.at_risk:
        return [_read(rule, facts, promise, now) for promise in promises]
    if len(promises) == 1:
        return [_read(rule, facts, promises[0], now)]
    readings: list[_Reading] = []
    calm: set[str] = set()
    for promise in sorted(promises, key=_LIMIT_AT):
        run = promise.run
        if run is not None and run.key in calm and run.started_at is not None:
            continue
        reading = _read(rule, facts, promise, now)
        readings.append(reading)
        if reading.is_calm and run is not None:
            calm.add(run.key)
    return readings


def _promises(facts: Facts) -> list[_Promise]:
    """Return what may still be missed, and what was missed and is not made good yet."""
    most, runs = facts.job.definition.sla.max_duration_seconds, facts.state.open_runs
    promises = []
    for occurrence in facts.state.occurrences:
        if occurrence.deadline_at is not None and occurrence.let_off is None:
            run = None if occurrence.run is None else _run_of(runs, occurrence.run)
            promises.append(_Promise(limit_at=occurrence.deadline_at, occurrence=occurrence, run=run))
    if most is not None:
        allowed = timedelta(seconds=most)
        for run in runs:
            if run.started_at is not None and run.overtaken_at is None:
                limit_at = facts.counted_anew(run.started_at + allowed, allowed)
                promises.append(_Promise(limit_at=limit_at, run=run))
    return promises


def _run_of(runs: tuple[Run, ...], key: str) -> Run | None:
    for run in runs:
        if run.key == key:
            return run
    return None


def _read(rule: Rule, facts: Facts, promise: _Promise, now: datetime) -> _Reading:
    """Return what is to be thought of one promise now, and when to ask again."""
    marks, occurrence = facts.state.at_risk, promise.occurrence
    mark = next((m for m in marks if m.rule == rule.name and promise.is_meant(m)), None) if marks else None
    if mark is None and occurrence is not None and _is_too_early(facts, promise, occurrence, now):
        return _Reading(promise=promise, ask_at=occurrence.nominal_at)
    threshold = PROBABILITY if rule.threshold is None else rule.threshold
    calm = _surely_calm(facts, promise, threshold) if mark is None and now < promise.limit_at else None
    if calm is not None and now < calm.until_at:
        ask_at = None if _lacking(rule, calm.runs, calm.known) else calm.until_at
        return _Reading(promise=promise, ask_at=ask_at, is_calm=ask_at is not None)
    foreseen = _foreseen(facts, promise) if now < promise.limit_at else None
    if foreseen is None:
        return _Reading(promise=promise, mark=mark, is_lost=mark is not None)
    if _lacking(rule, foreseen.runs, foreseen.known):
        return _Reading(promise=promise)
    forecast = foreseen.forecast
    if mark is not None and forecast.probability(promise.limit_at, now) >= threshold - CALM:
        return _held(facts, promise, foreseen, mark)
    calm_until_at = _calm_until(promise, foreseen, threshold, now)
    if calm_until_at is not None:
        return _Reading(promise=promise, ask_at=calm_until_at, is_calm=True)
    since_at = forecast.crossing_at(promise.limit_at, threshold, foreseen.told_at)
    window = facts.blind_at(since_at) if facts.blind else None
    decide_at = since_at if window is None else window.hold_until
    if decide_at >= promise.limit_at:
        return _Reading(promise=promise)
    if now < decide_at:
        return _Reading(promise=promise, ask_at=decide_at)
    nominal_at = None if promise.occurrence is None else promise.occurrence.nominal_at
    run = "" if promise.run is None else promise.run.key
    found = AtRisk(rule=rule.name, since_at=since_at, nominal_at=nominal_at, run=run)
    return _held(facts, promise, foreseen, found)


def _is_too_early(facts: Facts, promise: _Promise, occurrence: Occurrence, now: datetime) -> bool:
    """Whether nothing need be reckoned of a run yet.

    Nothing is said of it before its time has come, and what is heard and learned until then counts.
    """
    if promise.run is not None or now >= occurrence.nominal_at:
        return False
    return bool(facts.state.open_runs) or facts.state.unlearned is not None


def _lacking(rule: Rule, runs: int, known: int) -> str:
    """Return which runs there are too few of to say anything, in words; nothing where there are enough."""
    fewest = _FEWEST_SUCH if rule.fewest is None else rule.fewest
    if runs < fewest:
        return f"{runs} of {fewest} comparable runs"
    if rule.fewest is None and known < FEWEST_RUNS:
        return f"{known} of {FEWEST_RUNS} comparable runs"
    return ""


def _surely_calm(facts: Facts, promise: _Promise, threshold: float) -> Calm | None:
    """Return until when nothing need be foreseen of a promise, as far as that is sure without a forecast."""
    run, occurrence = promise.run, promise.occurrence
    if run is not None and run.started_at is not None:
        return calm_of_run(facts, run, promise.limit_at, threshold)
    if run is not None or occurrence is None or occurrence.run or occurrence.status not in NOT_STARTED:
        return None
    begins_by = occurrence.start_by or occurrence.nominal_at
    return calm_of_expected(facts, occurrence, promise.limit_at, begins_by, threshold)


def _calm_until(promise: _Promise, foreseen: Foreseen, threshold: float, now: datetime) -> datetime | None:
    """Return an instant to come at which it is still too unlikely, if one of a few is.

    The probability never falls while nothing is heard, so that it need not be reckoned before then at which
    instant it becomes certain: most runs have ended, or begun, by then.
    """
    limit_at, told_at, occurrence = promise.limit_at, foreseen.told_at, promise.occurrence
    forecast = foreseen.forecast
    if promise.run is None and occurrence is not None:
        stops = [occurrence.start_by or occurrence.nominal_at]
    else:
        stops = [
            forecast.mostly_over_at(),
            told_at + (limit_at - told_at) / 2,
            told_at + (limit_at - told_at) / 8,
        ]
    for at in stops:
        if now < at < limit_at and forecast.stays_below(threshold, limit_at, at):
            return at
    return None


def _held(facts: Facts, promise: _Promise, foreseen: Foreseen, mark: AtRisk) -> _Reading:
    """Return that a promise is at risk, unless a person has said since that this is over."""
    if mark.since_at <= facts.forgiven_until(NAME):
        return _Reading(promise=promise, mark=mark)
    return _Reading(promise=promise, mark=mark, foreseen=foreseen, ask_at=promise.limit_at)


def _foreseen(facts: Facts, promise: _Promise) -> Foreseen | None:
    run, occurrence = promise.run, promise.occurrence
    if run is not None and run.started_at is not None:
        return foreseen_of_run(facts, run)
    if occurrence is None or (occurrence.run is not None and run is None):
        return None
    if run is None and occurrence.status not in NOT_STARTED:
        return None
    return foreseen_of_expected(facts, occurrence)


def _is_too_much(rule: Rule, facts: Facts, risky: list[_Reading]) -> bool:
    most = facts.job.definition.sla.max_duration_seconds
    unsettled = {o.nominal_at for o in facts.state.occurrences}
    earlier = [
        o.late or (most is not None and (o.seconds or 0.0) > most)
        for o in facts.outcomes(NAME)
        if o.order_at not in unsettled
    ]
    marks = [*earlier, *[True] * len(risky)]
    return exceeds_tolerance(rule, marks, range(len(earlier), len(marks)))


def _finding(rule: Rule, facts: Facts, risky: list[_Reading], now: datetime) -> Finding:
    """Return the finding about the promise that breaks first."""
    first = min(risky, key=lambda one: one.promise.limit_at)
    promise, foreseen, mark = first.promise, first.foreseen, first.mark
    assert foreseen is not None  # noqa: S101 -- what is risky was foreseen, and is marked
    assert mark is not None  # noqa: S101 -- the same
    run = promise.run
    limit = _limit_of(facts, promise)
    of_the_run: Pairs = (("run", "has not started"),)
    if run is not None:
        of_the_run = of_run(facts.job, run)
    elif promise.occurrence is not None:
        nominal = clock_time(promise.occurrence.nominal_at, facts.job.definition.timezone)
        of_the_run = (("expected at", nominal), *of_the_run)
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=rule.severity or Severity.WARNING,
        why=Why.DEADLINE_AT_RISK,
        since_at=mark.since_at,
        summary=_summary(facts, promise),
        evidence=(*_odds(facts, promise, foreseen, now), ("limit", limit), last_good_of(facts), *of_the_run),
        next_step=_next_step(foreseen),
        run=run.key if run is not None else "",
        template=rule.message,
        variables=(*(variables_of(run) if run is not None else ()), ("threshold", limit)),
    )


def _limit_of(facts: Facts, promise: _Promise) -> str:
    if promise.occurrence is not None:
        return f"done by {clock_time(promise.limit_at, facts.job.definition.timezone)}"
    return f"at most {span(facts.job.definition.sla.max_duration_seconds or 0)}"


def _summary(facts: Facts, promise: _Promise) -> str:
    if promise.occurrence is None:
        allowed = span(facts.job.definition.sla.max_duration_seconds or 0)
        return f"will probably run longer than the {allowed} it may take"
    return f"will probably miss its deadline {clock_time(promise.limit_at, facts.job.definition.timezone)}"


def _odds(facts: Facts, promise: _Promise, foreseen: Foreseen, now: datetime) -> Pairs:
    """Return how likely it is, when the run is expected to end, and by what that was reckoned."""
    zone, forecast = facts.job.definition.timezone, foreseen.forecast
    finish, low, high = (
        clock_time(at, zone)
        for at in (forecast.expected_finish_at(now), forecast.low_at(now), forecast.high_at(now))
    )
    held_up = (("waits for", foreseen.awaits),) if foreseen.awaits else ()
    such = plural(foreseen.runs, "comparable run")
    of_which = "" if foreseen.method == "all runs" else f" ({foreseen.method})"
    return (
        ("probability", f"{min(forecast.probability(promise.limit_at, now), 0.99):.0%}"),
        ("expected finish", finish),
        ("in 80 % of cases", f"from {low} to {high}"),
        ("reckoned from", f"{such}{of_which}"),
        *held_up,
    )


def _next_step(foreseen: Foreseen) -> str:
    if foreseen.awaits:
        return f"See what holds {foreseen.awaits} up; tell those who wait for the result while there is time."
    if foreseen.run is None:
        return "Find out why it has not started, or start it, while it can still be done in time."
    return "See what holds it up while there is time, and tell those who wait for the result."


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:
    """Return, for each promise, how likely it will be missed and when the run is expected to end."""
    normal = facts.learned.normal
    if facts.of_backfills:
        return (("compared", "runs that were due, not backfills"),)
    if normal is None or normal.learning is not None:
        runs = 0 if normal is None or normal.learning is None else normal.learning.runs
        return (("learning", f"{runs} of 5 comparable runs"),)
    shown = [_shown(rule, facts, promise, now) for promise in _promises(facts)]
    nothing = [("promises", "none that waits for an end")]
    speaks_from = f"{PROBABILITY if rule.threshold is None else rule.threshold:.0%}"
    return (
        *some(shown or nothing, "promise"),
        ("speaks from", speaks_from),
        *tolerance_of(rule),
        *forgiven_of(facts, NAME),
    )


def _shown(rule: Rule, facts: Facts, promise: _Promise, now: datetime) -> tuple[str, str]:
    zone = facts.job.definition.timezone
    name = f"{'deadline' if promise.occurrence else 'to end by'} {clock_time(promise.limit_at, zone)}"
    foreseen = _foreseen(facts, promise) if now < promise.limit_at else None
    if foreseen is None:
        return name, "has passed" if now >= promise.limit_at else "nothing can be foreseen"
    missed = foreseen.forecast.probability(promise.limit_at, now)
    finish = clock_time(foreseen.forecast.expected_finish_at(now), zone)
    lacking = _lacking(rule, foreseen.runs, foreseen.known)
    too_few = f"; nothing is said, from {lacking}" if lacking else ""
    return name, f"missed with a probability of {missed:.0%}; the run is expected to end {finish}{too_few}"
