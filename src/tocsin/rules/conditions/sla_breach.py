"""`sla_breach`: a promise about the end of a run is about to break, or has broken."""

from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from tocsin.jobs.job import Definition
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.quality.expecting import ORDINARY_SPREADS, expected_at
from tocsin.quality.series import unscaled
from tocsin.rules.evidence import last_good_of, of_failure, of_run, variables_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Unknown, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, life_of, some
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.too_fast import is_lost, too_fast
from tocsin.rules.wording import clock_time, span

NAME = "sla_breach"
GOES_BY = frozenset(
    {
        "max_duration_seconds",
        "min_duration_seconds",
        "warning_minutes_before",
        "critical_minutes_before",
        "warns_by_the_clock",
    }
)
_NEAR_STEPS = 2
_LATE = timedelta(minutes=15)
_LONGEST_SECONDS = timedelta(days=3_650).total_seconds()


class _Stage(Struct, frozen=True, kw_only=True, gc=False):
    """From an instant on, this is how bad it is."""

    at: datetime
    severity: Severity
    step: int
    why: Why


class _Promise(Struct, frozen=True, kw_only=True, gc=False):
    """One promise of one occurrence or run.

    A warning that would not come after `not_before` is left out. `ended_at` is set when nothing can get
    worse any more.
    """

    limit_at: datetime
    not_before: datetime
    run: Run | None = None
    occurrence: Occurrence | None = None
    ended_at: datetime | None = None


class _Ahead(Struct, frozen=True, kw_only=True, gc=False):
    """How long before the limit the two warnings come; what is not positive is not promised."""

    warning: timedelta
    critical: timedelta

    def first_at(self, promise: _Promise) -> datetime:
        """Return when the promise first gives cause to speak."""
        limit_at = promise.limit_at
        first_at = limit_at
        for ahead in (self.warning, self.critical):
            at = limit_at - ahead
            if at < first_at and at > promise.not_before:
                first_at = at
        return first_at


@lru_cache(maxsize=256)
def _ahead(warning_minutes: float, critical_minutes: float) -> _Ahead:
    return _Ahead(warning=timedelta(minutes=warning_minutes), critical=timedelta(minutes=critical_minutes))


class _Reached(Struct, frozen=True, kw_only=True, gc=False):
    """The stage that a promise has reached."""

    promise: _Promise
    stage: _Stage
    since_at: datetime


def concerns(rule: Rule, definition: Definition) -> bool:  # noqa: ARG001 -- every condition is asked alike
    """Whether anything is promised of an end or a duration."""
    lengths = {definition.sla.max_duration_seconds, definition.sla.min_duration_seconds}
    return definition.has_deadline or lengths != {None}


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold from the first warning before a deadline or a longest duration until a good run.

    Deadline (also by offset): warning and critical so many minutes before it, critical when it is
    missed, page when it is missed by as long as the critical warning came before it. A warning that
    would not come after the expected start is left out. Longest duration of a run: the same, but a
    warning is left out when it would come before half of the allowed time is over. No warning comes before
    a run has taken longer than nearly all such runs do, unless somebody has written when. Shortest duration:
    a good run that was too fast. The rule's own severity is the most that this can reach. N in a row
    and M of N count occurrences (deadline) and runs (duration) that broke the promise.
    """
    if _promises_nothing(facts):
        return QUIET
    sla, forgiven = facts.job.definition.sla, facts.forgiven_until(NAME)
    promises, lost = _deadlines(facts, forgiven)
    promises += _durations(facts)
    if not promises and not lost and sla.min_duration_seconds is None:
        return QUIET
    ahead = _ahead(sla.warning_minutes_before, sla.critical_minutes_before)
    asks: list[datetime] = []
    reached: list[_Reached] = []
    unknown: Unknown | None = None
    for promise in promises:
        first_at = ahead.first_at(promise)
        if promise.limit_at <= forgiven:
            continue
        if now < first_at and not facts.blind and promise.ended_at is None:
            asks.append(first_at)
            continue
        found, ask_at, window = _stage_of(facts, _beyond_usual(facts, promise), ahead, now)
        if ask_at is not None:
            asks.append(ask_at)
        if window is not None:
            unknown = Unknown(window=window, what=_what(promise))
        elif found is not None and found.stage.at > forgiven:
            reached.append(found)
    if not reached and unknown is None and sla.min_duration_seconds is None:
        return Verdict(ask_again_at=min(asks, default=None), cannot_tell=lost)
    findings = [f for f in (_broken(rule, facts, reached), too_fast(rule, facts, NAME)) if f is not None]
    worst = max(findings, key=lambda f: (f.severity, f.step), default=None)
    return Verdict(
        finding=worst,
        ask_again_at=min(asks, default=None),
        unknown=unknown,
        cannot_tell=lost or is_lost(rule, facts, NAME),
    )


def _promises_nothing(facts: Facts) -> bool:
    sla = facts.job.definition.sla
    if sla.max_duration_seconds is not None or sla.min_duration_seconds is not None:
        return False
    return not any(occurrence.deadline_at is not None for occurrence in facts.state.occurrences)


def _stage_of(
    facts: Facts, promise: _Promise, ahead: _Ahead, now: datetime
) -> tuple[_Reached | None, datetime | None, int | None]:
    """Return the stage reached, the next instant to ask, and the window that hides the truth, if any."""
    stages = _stages(promise, ahead)
    if promise.ended_at is not None:
        return _worst(promise, [s for s in stages if s.at <= promise.ended_at]), None, None
    window = facts.blind_at(promise.limit_at)
    if window is not None and now >= window.hold_until and not _heard_since(facts, promise, window.to_at):
        return None, None, window.id
    reached: list[_Stage] = []
    for stage in stages:
        hidden = facts.blind_at(stage.at)
        at = stage.at if hidden is None else hidden.hold_until
        if now < at:
            return _worst(promise, reached), at, None
        reached.append(stage)
    return _worst(promise, reached), None, None


def _worst(promise: _Promise, stages: list[_Stage]) -> _Reached | None:
    if not stages:
        return None
    worst = max(stages, key=lambda stage: (stage.severity, stage.step))
    since_at = min(stage.at for stage in stages if stage.why is worst.why)
    return _Reached(promise=promise, stage=worst, since_at=since_at)


def _stages(promise: _Promise, ahead: _Ahead) -> list[_Stage]:
    limit_at, stages = promise.limit_at, []
    near, broken = Why.DURATION_NEAR, Why.DURATION_EXCEEDED
    if promise.occurrence is not None:
        near, broken = Why.DEADLINE_NEAR, Why.DEADLINE_MISSED
    before = ((ahead.warning, Severity.WARNING, 1), (ahead.critical, Severity.CRITICAL, _NEAR_STEPS))
    for wait, severity, step in before:
        if wait > timedelta(0) and limit_at - wait > promise.not_before:
            stages.append(_Stage(at=limit_at - wait, severity=severity, step=step, why=near))
    stages.append(_Stage(at=limit_at, severity=Severity.CRITICAL, step=_NEAR_STEPS + 1, why=broken))
    late = ahead.critical if ahead.critical > timedelta(0) else _LATE
    stages.append(_Stage(at=limit_at + late, severity=Severity.PAGE, step=_NEAR_STEPS + 2, why=broken))
    stages.sort(key=lambda stage: stage.at)
    return stages


def _heard_since(facts: Facts, promise: _Promise, instant: datetime) -> bool:
    """Whether the run has shown itself after we could hear again, so that it is known not to be done."""
    run = promise.run or _run_of(facts, promise.occurrence)
    return run is not None and run.last_sign_at >= instant


def _deadlines(facts: Facts, forgiven: datetime) -> tuple[list[_Promise], bool]:
    """Return the deadlines to be kept, and whether there is one of which nobody can say what became of it."""
    scheduled = facts.job.definition.schedule is not None
    promises, lost = [], False
    for occurrence in facts.state.occurrences:
        limit_at = occurrence.deadline_at
        if limit_at is None or occurrence.let_off is not None:
            continue
        if occurrence.status.is_unknown and occurrence.run is None:
            lost = lost or limit_at > forgiven
            continue
        not_before = occurrence.nominal_at if scheduled else occurrence.opens_at
        promises.append(_Promise(limit_at=limit_at, not_before=not_before, occurrence=occurrence))
    return promises, lost


def _durations(facts: Facts) -> list[_Promise]:
    state, most = facts.state, facts.job.definition.sla.max_duration_seconds
    if most is None or not (state.open_runs or state.failures):
        return []
    allowed = timedelta(seconds=most)
    runs = list(state.open_runs)
    if state.failures:
        open_keys = {r.key for r in runs}
        runs += [f for f in state.failures if f.key not in open_keys]
    promises = [_duration(facts, run, run.started_at, allowed) for run in runs if run.started_at is not None]
    return [p for p in promises if p is not None]


def _duration(facts: Facts, run: Run, started_at: datetime, allowed: timedelta) -> _Promise | None:
    limit_at = started_at + allowed
    is_overtaken = run.overtaken_at is not None and run.overtaken_at >= limit_at
    if is_overtaken or (run.ended_at is not None and run.ended_at <= limit_at):
        return None
    if run.ended_at is None:
        limit_at = facts.counted_anew(limit_at, allowed)
    return _Promise(limit_at=limit_at, not_before=started_at + allowed / 2, run=run, ended_at=run.ended_at)


def _beyond_usual(facts: Facts, promise: _Promise) -> _Promise:
    """Return the promise with no warning before its run has taken longer than nearly all such runs do.

    Where somebody has written when to be warned, it is done by the clock alone.
    """
    definition, normal = facts.job.definition, facts.learned.normal
    run = promise.run or _run_of(facts, promise.occurrence)
    if definition.sla.warns_by_the_clock or normal is None or run is None or not run.status.is_running:
        return promise
    if run.started_at is None or promise.ended_at is not None:
        return promise
    expected = expected_at(normal, run.started_at, definition.timezone)
    if expected is None:
        return promise
    nearly_all = unscaled(expected.kind, expected.mu + ORDINARY_SPREADS * expected.scale, expected.offset)
    usual = timedelta(seconds=min(nearly_all, _LONGEST_SECONDS))
    return replace(promise, not_before=max(promise.not_before, run.started_at + usual))


def _broken(rule: Rule, facts: Facts, reached: list[_Reached]) -> Finding | None:
    """Return the finding about the worst broken promise; the other kind of promise adds to it."""
    late = [r for r in reached if r.promise.occurrence is not None]
    long = [r for r in reached if r.promise.run is not None]
    kinds = []
    if late and _too_many(rule, _late_marks(facts), len(late)):
        kinds.append(_oldest_of_worst(late))
    if long and _too_many(rule, _long_marks(facts, long), len(long)):
        kinds.append(_oldest_of_worst(long))
    if not kinds:
        return None
    kinds.sort(key=lambda r: (r.stage.severity, r.stage.step, r.stage.at), reverse=True)
    return _finding(rule, facts, *kinds)


def _oldest_of_worst(reached: list[_Reached]) -> _Reached:
    return max(reached, key=lambda r: (r.stage.severity, r.stage.step, -r.stage.at.timestamp()))


def _too_many(rule: Rule, earlier: list[bool], now_broken: int) -> bool:
    marks = [*earlier, *[True] * now_broken]
    return exceeds_tolerance(rule, marks, range(len(earlier), len(marks)))


def _late_marks(facts: Facts) -> list[bool]:
    unsettled = {o.nominal_at for o in facts.state.occurrences}
    return [o.late for o in facts.outcomes(NAME) if o.order_at not in unsettled]


def _long_marks(facts: Facts, long: list[_Reached]) -> list[bool]:
    most = facts.job.definition.sla.max_duration_seconds or 0.0
    counted = {r.promise.run.key for r in long if r.promise.run is not None}
    return [(o.seconds or 0.0) > most for o in facts.outcomes(NAME) if o.run not in counted]


def _finding(rule: Rule, facts: Facts, worst: _Reached, other: _Reached | None = None) -> Finding:
    """`other` counts as further steps once it is broken, so that this is news; that it is near is none."""
    stage, promise, cap = worst.stage, worst.promise, rule.severity or Severity.PAGE
    run = promise.run or _run_of(facts, promise.occurrence)
    threshold = _threshold(facts, promise)
    evidence = [("limit", threshold), last_good_of(facts)]
    if run is None or run.occurrence_at is None:
        evidence += _expected(facts, promise.occurrence)
    if run is not None:
        evidence += of_run(facts.job, run)
        if run.phase.is_retrying:
            evidence += of_failure(facts.known_failures.failure_of(run), run)
    elif promise.occurrence is not None and promise.occurrence.run is None:
        evidence.append(("run", "has not started"))
    if other is not None:
        evidence.insert(0, ("also", _summary(facts, other)))
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=min(stage.severity, cap),
        why=stage.why,
        since_at=worst.since_at,
        summary=_summary(facts, worst),
        evidence=tuple(evidence),
        next_step=_next_step(stage, run),
        run=run.key if run is not None else "",
        step=stage.step + (other.stage.step if other is not None and _is_broken(other) else 0),
        template=rule.message,
        variables=(*(variables_of(run) if run is not None else ()), ("threshold", threshold)),
    )


def _is_broken(reached: _Reached) -> bool:
    return reached.stage.why in (Why.DEADLINE_MISSED, Why.DURATION_EXCEEDED)


def _run_of(facts: Facts, occurrence: Occurrence | None) -> Run | None:
    if occurrence is None or occurrence.run is None:
        return None
    known = (*facts.state.open_runs, *facts.state.failures)
    return next((run for run in known if run.key == occurrence.run), None)


def _threshold(facts: Facts, promise: _Promise) -> str:
    if promise.occurrence is not None:
        return f"done by {clock_time(promise.limit_at, facts.job.definition.timezone)}"
    return f"at most {span(facts.job.definition.sla.max_duration_seconds or 0)}"


def _expected(facts: Facts, occurrence: Occurrence | None) -> list[tuple[str, str]]:
    if occurrence is None:
        return []
    return [("expected at", clock_time(occurrence.nominal_at, facts.job.definition.timezone))]


def _summary(facts: Facts, reached: _Reached) -> str:
    stage, promise = reached.stage, reached.promise
    run = promise.run or _run_of(facts, promise.occurrence)
    zone = facts.job.definition.timezone
    if promise.occurrence is not None:
        limit = clock_time(promise.limit_at, zone)
        doing = "is not done" if run is None or run.status.is_open else "has failed"
        if promise.occurrence.run is None:
            doing = "has not started"
        if stage.why is Why.DEADLINE_MISSED:
            return f"missed its deadline {limit}: the run {doing}"
        return f"may miss its deadline {limit}: the run {doing}"
    allowed = span(facts.job.definition.sla.max_duration_seconds or 0)
    if stage.why is Why.DURATION_EXCEEDED:
        return f"has run longer than the {allowed} it may take"
    return f"has used most of the {allowed} it may take"


def _next_step(stage: _Stage, run: Run | None) -> str:
    if run is None:
        return "Find out why it has not started and whether it can still be done in time."
    if stage.why in (Why.DEADLINE_NEAR, Why.DURATION_NEAR):
        return "See how far it is and tell those who wait for the result if it will not be done in time."
    return "Tell those who wait for the result; see what holds it up. A good run closes this alert."


def _what(promise: _Promise) -> str:
    if promise.run is not None:
        return f"run {promise.run.key} should have ended"
    return "no good run was seen before its deadline"


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return each promise about an end, and how far the run has come that is to keep it."""
    promises = [*_deadlines(facts, facts.forgiven_until(NAME))[0], *_durations(facts)]
    shown = [_shown(facts, promise) for promise in promises] or [("promises", "none that waits for an end")]
    return (*some(shown, "promise"), *forgiven_of(facts, NAME))


def _shown(facts: Facts, promise: _Promise) -> tuple[str, str]:
    run, zone = promise.run or _run_of(facts, promise.occurrence), facts.job.definition.timezone
    named = (
        "no run has started" if promise.occurrence is None or promise.occurrence.run is None else "has ended"
    )
    what = f"{'to end by' if promise.run else 'deadline'} {clock_time(promise.limit_at, zone)}"
    return what, named if run is None else f"run {run.key} {life_of(run, zone)}"
