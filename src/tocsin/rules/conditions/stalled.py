"""`stalled`: a run that is open but shows no sign of life, or lives and gets nowhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.jobs.run import Phase, Run, RunStatus
from tocsin.rules.evidence import log_tail_of, of_run, variables_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Unknown, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.wording import clock_time, plural, span

NAME = "stalled"
MISSED_HEARTBEATS = 4
LEAST_SILENCE = timedelta(minutes=2)
IDLE_HEARTBEATS = 10
LEAST_IDLE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stall:
    run: Run
    why: Why
    last_at: datetime
    since_at: datetime


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold while any open run is silent, or beats without progress, for longer than it may.

    Silence: the job's `stalled_after_seconds`, else MISSED_HEARTBEATS times the run's own mean
    heartbeat interval and at least LEAST_SILENCE; a run that never sent a heartbeat and whose job
    promises nothing is not judged. No progress: `no_progress_after_seconds`, else IDLE_HEARTBEATS
    intervals and at least LEAST_IDLE, for a run that has reported progress. N in a row and M of N
    count runs; earlier ones by their longest silence. A silence that would have ended in a blind
    window is unknown.
    """
    if facts.job.paused_at is not None or not facts.state.open_runs:
        return QUIET
    forgiven = facts.forgiven_until(NAME)
    stalls: list[_Stall] = []
    asks: list[datetime] = []
    unknown: Unknown | None = None
    for run in facts.state.open_runs:
        if run.status is not RunStatus.RUNNING or run.phase is Phase.RETRYING:
            continue
        for stall in _limits(facts, run):
            window = facts.blind_at(stall.since_at)
            decide_at = stall.since_at if window is None else window.hold_until
            if now < decide_at:
                asks.append(decide_at)
            elif window is not None:
                unknown = Unknown(window=window.id, what=f"run {run.key} was silent when it ended")
            elif forgiven is None or stall.since_at > forgiven:
                stalls.append(stall)
    ask_again_at = min(asks, default=None)
    if not stalls or not exceeds_tolerance(rule, _marks(facts), len({s.run.key for s in stalls})):
        return Verdict(ask_again_at=ask_again_at, unknown=unknown)
    return Verdict(finding=_finding(rule, facts, stalls), ask_again_at=ask_again_at, unknown=unknown)


def _limits(facts: Facts, run: Run) -> list[_Stall]:
    """Return the instants from which a run counts as stalled if nothing more is heard."""
    limits = []
    silence = _silence_allowed(facts, run)
    if silence is not None:
        at = run.last_sign_at
        limits.append(_Stall(run=run, why=Why.NO_HEARTBEAT, last_at=at, since_at=at + silence))
    idle = _idle_allowed(facts, run)
    if idle is not None and run.progress_at is not None:
        at = run.progress_at
        limits.append(_Stall(run=run, why=Why.NO_PROGRESS, last_at=at, since_at=at + idle))
    return limits


def _silence_allowed(facts: Facts, run: Run) -> timedelta | None:
    own = facts.job.definition.stalled_after_seconds
    if own is not None:
        return timedelta(seconds=own)
    if run.heartbeats == 0:
        return None
    return max(timedelta(seconds=MISSED_HEARTBEATS * run.heartbeat_every_seconds), LEAST_SILENCE)


def _idle_allowed(facts: Facts, run: Run) -> timedelta | None:
    own = facts.job.definition.no_progress_after_seconds
    if own is not None:
        return timedelta(seconds=own)
    if run.progress is None or run.heartbeats < 2:  # noqa: PLR2004 -- one heartbeat has no rhythm
        return None
    return max(timedelta(seconds=IDLE_HEARTBEATS * run.heartbeat_every_seconds), LEAST_IDLE)


def _marks(facts: Facts) -> list[bool]:
    own = facts.job.definition.stalled_after_seconds
    if own is None:
        return [False for outcome in facts.state.recent if outcome.status is not None]
    return [o.silence_seconds > own for o in facts.state.recent if o.status is not None]


def _finding(rule: Rule, facts: Facts, stalls: list[_Stall]) -> Finding:
    worst = min(stalls, key=lambda s: (s.why is not Why.NO_HEARTBEAT, s.since_at))
    zone = facts.job.definition.timezone
    count = len({stall.run.key for stall in stalls})
    allowed = span(worst.since_at - worst.last_at)
    if worst.why is Why.NO_HEARTBEAT:
        summary = f"shows no sign of life for more than {allowed}"
        evidence = [("last sign of life", clock_time(worst.last_at, zone))]
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
        evidence=(*evidence, *of_run(facts.job, worst.run)),
        next_step="Look at the process on its host: what does it wait for? End it if it will not come back.",
        run=worst.run.key,
        log_tail=log_tail_of(worst.run),
        template=rule.message,
        variables=(*variables_of(worst.run), ("threshold", allowed)),
    )
