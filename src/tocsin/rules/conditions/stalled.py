"""`stalled`: a run that is open but shows no sign of life or of an end, or lives and gets nowhere."""

from datetime import datetime, timedelta

from msgspec import Struct

from tocsin.jobs.run import Run
from tocsin.jobs.state import BlindWindow, Outcome
from tocsin.rules.evidence import last_good_of, log_tail_of, of_run, variables_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Unknown, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, allowed_until, forgiven_of, life_of, some
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.unended import lost_in, says_nothing, unended_at
from tocsin.rules.wording import clock_time, plural, span

NAME = "stalled"
GOES_BY = frozenset({"stalled_after_seconds", "no_progress_after_seconds", "max_duration_seconds"})
MISSED_HEARTBEATS = 4
LEAST_SILENCE = timedelta(minutes=2)
IDLE_HEARTBEATS = 10
LEAST_IDLE = timedelta(minutes=15)
_NO_END = (
    "See on its host whether it is still at work, and if not, how it ended: it may have been killed before "
    "it could say so. Heartbeats, or a promise such as max_duration_minutes, let you hear of this sooner."
)


class _Stall(Struct, frozen=True, kw_only=True):
    run: Run
    why: Why
    last_at: datetime
    since_at: datetime


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold while any open run is silent, or beats without progress, for longer than it may.

    Silence: the job's `stalled_after_seconds`, else MISSED_HEARTBEATS times the run's own mean
    heartbeat interval and at least LEAST_SILENCE; a run that never sent a heartbeat and whose job
    promises nothing is judged by its schedule (`tocsin.rules.unended`). No progress:
    `no_progress_after_seconds`, else IDLE_HEARTBEATS intervals and at least LEAST_IDLE, for a run that has
    reported progress. A good run of the same or a later occurrence that ends afterwards makes up for it. N
    in a row and M of N count runs; earlier ones by their longest silence. A silence that would have ended
    in a blind window is unknown.
    """
    if not facts.state.open_runs:
        return QUIET
    stalls: list[_Stall] = []
    asks: list[datetime] = []
    unknown: Unknown | None = None
    forgiven = facts.forgiven_until(NAME)
    for run in facts.state.open_runs:
        for reading in _readings(facts, run, forgiven, now):
            if isinstance(reading, datetime):
                asks.append(reading)
            elif isinstance(reading, Unknown):
                unknown = reading
            else:
                stalls.append(reading)
    ask_again_at = min(asks) if asks else None
    if not stalls or not _too_many(rule, facts, stalls):
        return Verdict(ask_again_at=ask_again_at, unknown=unknown)
    return Verdict(finding=_finding(rule, facts, stalls), ask_again_at=ask_again_at, unknown=unknown)


def _readings(facts: Facts, run: Run, forgiven: datetime, now: datetime) -> list[_Stall | Unknown | datetime]:
    """Return how the run has stalled, what nobody can tell of it, or when to ask again."""
    is_wordless = run.heartbeats == 0 and says_nothing(facts, run)
    lost = lost_in(facts, run, NAME) if is_wordless and facts.blind else None
    if lost is not None:
        if run.overtaken_at is not None or lost.decide_at <= forgiven:
            return []
        what = f"run {run.key} has not reported an end"
        return [lost.decide_at if now < lost.decide_at else Unknown(window=lost.window.id, what=what)]
    readings: list[_Stall | Unknown | datetime] = []
    for why, last_at, limit_at in _limits(facts, run, now, is_wordless=is_wordless):
        since_at = limit_at
        if facts.state.forgiven:
            since_at = facts.counted_anew(limit_at, limit_at - last_at)
            if since_at <= forgiven:
                continue
        if run.overtaken_at is not None and run.overtaken_at >= limit_at:
            continue
        window = _hidden(facts, run, since_at) if facts.blind else None
        decide_at = since_at if window is None else window.hold_until
        if now < decide_at:
            readings.append(decide_at)
        elif window is not None:
            what = f"run {run.key} has shown no sign of life since"
            readings.append(Unknown(window=window.id, what=what))
        else:
            readings.append(_Stall(run=run, why=why, last_at=last_at, since_at=since_at))
    return readings


def _hidden(facts: Facts, run: Run, since_at: datetime) -> BlindWindow | None:
    """Return the window that hides whether the run has stalled; one that was heard since hides nothing."""
    window = facts.blind_at(since_at)
    return None if window is None or run.last_sign_at >= window.to_at else window


def _limits(
    facts: Facts, run: Run, now: datetime, *, is_wordless: bool
) -> list[tuple[Why, datetime, datetime]]:
    """Return why, since when unheard and from when on a run counts as stalled if nothing more is heard."""
    if not run.status.is_running or run.phase.is_retrying:
        return []
    limits = []
    if is_wordless:
        at = unended_at(facts, run, NAME, now)
        return [] if at is None else [(Why.NO_END, run.last_sign_at, at)]
    silence = _silence_allowed(facts, run)
    if silence is not None:
        at = run.last_sign_at
        limits.append((Why.NO_HEARTBEAT, at, at + silence))
    idle = _idle_allowed(facts, run)
    if idle is not None and run.progress_at is not None:
        at = run.progress_at
        limits.append((Why.NO_PROGRESS, at, at + idle))
    return limits


def _silence_allowed(facts: Facts, run: Run) -> timedelta | None:
    own = facts.job.definition.stalled_after_seconds
    if own is not None:
        return timedelta(seconds=own)
    if run.heartbeats == 0:
        return None
    return _at_least(LEAST_SILENCE, MISSED_HEARTBEATS * run.heartbeat_every_seconds)


def _idle_allowed(facts: Facts, run: Run) -> timedelta | None:
    own = facts.job.definition.no_progress_after_seconds
    if own is not None:
        return timedelta(seconds=own)
    if run.progress is None or run.heartbeats < 2:  # noqa: PLR2004 -- one heartbeat has no rhythm
        return None
    return _at_least(LEAST_IDLE, IDLE_HEARTBEATS * run.heartbeat_every_seconds)


def _at_least(least: timedelta, seconds: float) -> timedelta:
    # A span is dear to make, and the least is what most jobs that beat often get.
    return least if seconds <= least.total_seconds() else timedelta(seconds=seconds)


def _too_many(rule: Rule, facts: Facts, stalls: list[_Stall]) -> bool:
    earlier = [_was_silent(facts, outcome) for outcome in facts.outcomes(NAME)]
    now_stalled = len({stall.run.key for stall in stalls})
    marks = [*earlier, *[True] * now_stalled]
    return exceeds_tolerance(rule, marks, range(len(earlier), len(marks)))


def _was_silent(facts: Facts, outcome: Outcome) -> bool:
    own = facts.job.definition.stalled_after_seconds
    if own is not None:
        return outcome.silence_seconds > own
    if outcome.heartbeat_every_seconds == 0:
        return False
    usual = MISSED_HEARTBEATS * outcome.heartbeat_every_seconds
    return outcome.silence_seconds > max(usual, LEAST_SILENCE.total_seconds())


def _finding(rule: Rule, facts: Facts, stalls: list[_Stall]) -> Finding:
    worst = min(stalls, key=lambda s: (s.why is Why.NO_PROGRESS, s.since_at))
    zone = facts.job.definition.timezone
    count = len({stall.run.key for stall in stalls})
    allowed = span(worst.since_at - worst.last_at)
    next_step = "Look at the process on its host: what does it wait for? End it if it will not come back."
    if worst.why is Why.NO_HEARTBEAT:
        summary = f"shows no sign of life for more than {allowed}"
        evidence = [("last sign of life", clock_time(worst.last_at, zone))]
    elif worst.why is Why.NO_END:
        summary = f"never reported an end, {allowed} after it started"
        evidence = [("last sign of life", clock_time(worst.last_at, zone))]
        next_step = _NO_END
    else:
        summary = f"is alive but has made no progress for more than {allowed}"
        evidence = [("last progress", clock_time(worst.last_at, zone))]
    if count > 1:
        summary += f" ({plural(count, 'run')} stalled)"
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=rule.severity or Severity.CRITICAL,
        why=worst.why,
        since_at=worst.since_at,
        summary=summary,
        evidence=(*evidence, last_good_of(facts), *of_run(facts.job, worst.run)),
        next_step=next_step,
        run=worst.run.key,
        log_tail=log_tail_of(worst.run),
        template=rule.message,
        variables=(*variables_of(worst.run), ("threshold", allowed)),
    )


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return the runs that are open, each with its last sign of life and until when it may be silent."""
    shown = [pair for run in facts.state.open_runs for pair in _shown(facts, run, now)]
    return (*some(shown or [("open runs", "none")], "line"), *forgiven_of(facts, NAME))


def _shown(facts: Facts, run: Run, now: datetime) -> list[tuple[str, str]]:
    zone, name = facts.job.definition.timezone, f"run {run.key}"
    limits = _limits(facts, run, now, is_wordless=run.heartbeats == 0 and says_nothing(facts, run))
    if not limits:
        return [(name, f"{life_of(run, zone)}; nothing tells how long it may be silent")]
    shown = []
    for why, last_at, limit_at in limits:
        last = f"last {'progress' if why is Why.NO_PROGRESS else 'sign of life'} {clock_time(last_at, zone)}"
        shown.append((name, f"{last}; {allowed_until(limit_at, now, zone)}"))
    return shown
