"""`job_failure`: a run failed after its last attempt."""

from collections import Counter
from datetime import datetime, timedelta

from tocsin.jobs.run import Run, RunStatus
from tocsin.rules.evidence import (
    error_of,
    last_good_of,
    log_tail_of,
    of_failure,
    of_run,
    variables_of,
)
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Unknown, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, last_end_of, life_of, some
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.wording import clock_time, plural, span

NAME = "job_failure"
GOES_BY = frozenset({"stalled_after_seconds"})
RETRY_PATIENCE = timedelta(hours=1)
_CLOSES = "A good run closes this alert."
_ROOM_BESIDE = 60
"""An error that is longer leaves no room in a headline for the records, which stand in the evidence."""
_READ_THE_LOG = "Read the end of the log, mend the cause and run it again: a good run closes this alert."


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold while a bad run stands that no good run has made up for, or an announced retry does not come.

    A run that reports an attempt that will be retried has not failed yet; when no retry is heard of
    for RETRY_PATIENCE (or the job's own `stalled_after_seconds`), it counts as failed, and is unknown
    where that instant fell into a blind window. N in a row counts bad runs of one partition since its
    last good one; M of N counts the last N runs, whatever their partition, and of a bad one that others have
    pushed out of the last outcomes it cannot tell. With a `threshold`, runs of
    which no larger share of records failed are partial successes: as long as no other stands, it is a
    warning at most.
    """
    state = facts.state
    if not state.failures:
        for run in state.open_runs:
            if run.phase.is_retrying:
                break
        else:
            return QUIET
    overdue, unknown, ask_again_at = _overdue_retries(facts, now)
    forgiven, retrying = facts.forgiven_until(NAME), {r.key for r in overdue}
    bad = [f for f in state.failures if f.bad_at > forgiven and f.key not in retrying] + overdue
    finding = _finding(rule, facts, bad) if bad and _too_many(rule, facts, bad, len(overdue)) else None
    lost = finding is None and rule.m_of_n is not None and _is_any_pushed_out(facts, bad)
    return Verdict(finding=finding, ask_again_at=ask_again_at, unknown=unknown, cannot_tell=lost)


def _overdue_retries(facts: Facts, now: datetime) -> tuple[list[Run], Unknown | None, datetime | None]:
    """Return the runs whose retry does not come, one of which it is unknown, and when to ask again."""
    patience, forgiven = _patience(facts), facts.forgiven_until(NAME)
    overdue: list[Run] = []
    asks: list[datetime] = []
    unknown: Unknown | None = None
    for run in facts.state.open_runs:
        due_at = run.last_sign_at + patience
        if not run.phase.is_retrying or due_at <= forgiven or _is_overtaken(run):
            continue
        window = facts.blind_at(due_at)
        if now < (due_at if window is None else window.hold_until):
            asks.append(due_at if window is None else window.hold_until)
        elif window is not None:
            unknown = Unknown(window=window.id, what=f"run {run.key} announced a retry that was not seen")
        else:
            overdue.append(run)
    return overdue, unknown, min(asks, default=None)


def _patience(facts: Facts) -> timedelta:
    own = facts.job.definition.stalled_after_seconds
    return timedelta(seconds=own) if own is not None else RETRY_PATIENCE


def _is_overtaken(run: Run) -> bool:
    return run.overtaken_at is not None and run.overtaken_at >= run.last_sign_at


def _in_a_row(facts: Facts, bad: list[Run]) -> int:
    """Return how many of one partition were bad, one after the other, since its last good one, at most."""
    counts = Counter(run.partition for run in bad)
    dropped = facts.state.failures_dropped if len(counts) == 1 and not facts.state.unmade else 0
    counts.update({word.partition: word.runs for word in facts.state.unmade})
    return max(counts.values()) + dropped


def _too_many(rule: Rule, facts: Facts, bad: list[Run], overdue: int) -> bool:
    if rule.m_of_n is None:
        return _in_a_row(facts, bad) >= rule.in_a_row
    keys = {run.key for run in bad}
    outcomes = facts.outcomes(NAME)
    marks = [o.status is not None and o.status.is_bad for o in outcomes] + [True] * overdue
    standing = [i for i, o in enumerate(outcomes) if marks[i] and o.run in keys]
    return exceeds_tolerance(rule, marks, [*standing, *range(len(outcomes), len(marks))])


def _is_any_pushed_out(facts: Facts, bad: list[Run]) -> bool:
    """Whether a bad run stands that is not among the last outcomes, so that nobody knows its neighbours."""
    known = {outcome.run for outcome in facts.state.recent}
    return any(run.key not in known and not run.status.is_open for run in bad)


def _finding(rule: Rule, facts: Facts, bad: list[Run]) -> Finding:
    newest, first = bad[-1], bad[0]
    count = len(bad) + facts.state.failures_dropped
    since_at = first.ended_at or first.last_sign_at
    extra = []
    if count > 1:
        zone = facts.job.definition.timezone
        extra = [("bad runs", f"{count} since {clock_time(since_at, zone)}")]
    waiting = newest.phase.is_retrying
    failure = facts.known_failures.failure_of(newest)
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=_severity(rule, facts, bad),
        why=Why.RETRY_MISSING if waiting else Why.FAILED,
        since_at=since_at,
        summary=_summary(newest, count),
        evidence=(*extra, *of_failure(failure, newest), last_good_of(facts), *of_run(facts.job, newest)),
        next_step=f"{failure.next_step} {_CLOSES}" if failure.next_step else _READ_THE_LOG,
        run=newest.key,
        log_tail=log_tail_of(newest),
        template=rule.message,
        variables=(*variables_of(newest), ("cause", failure.words)),
        failure=failure,
        in_a_row=_in_a_row(facts, bad),
    )


def _summary(run: Run, count: int) -> str:
    if run.phase.is_retrying:
        return (
            f"failed, and the retry it announced (attempt {run.attempt} of {run.max_attempts}) did not come"
        )
    how = "timed out" if run.status is RunStatus.TIMEOUT else "failed"
    if run.closed_by_us:
        how = "never reported an end"
    partly = _partly(run)
    after = f" after {plural(run.attempt, 'attempt')}" if run.attempt > 1 else ""
    took = run.execution
    when = f" after {span(took)}" if took is not None and not after else ""
    row = f", {count} bad runs by now" if count > 1 else ""
    error = error_of(run)
    partly = partly if len(error) <= _ROOM_BESIDE else ""
    return f"{how}{after}{when}{partly}{row}" + (f": {error[:200]}" if error else "")


def _partly(run: Run) -> str:
    """Return that most of a run's records went through all the same, where it has said so."""
    ok, failed = run.records_ok, run.records_failed
    if ok is None or failed is None or ok <= failed:
        return ""
    return f" with {ok:,} of {ok + failed:,} records through"


def _severity(rule: Rule, facts: Facts, bad: list[Run]) -> Severity:
    severity = rule.severity or Severity.CRITICAL
    if rule.threshold is None or facts.state.failures_dropped:
        return severity
    most = rule.threshold
    return min(severity, Severity.WARNING) if all(_is_partial(run, most) for run in bad) else severity


def _is_partial(run: Run, most: float) -> bool:
    """Whether a failed run has said that no larger share of its records failed."""
    ok, failed = run.records_ok, run.records_failed
    return bool(ok) and ok is not None and failed is not None and failed <= most * (ok + failed)


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return the bad runs that stand, the retries that are awaited and until when, and the last end."""
    zone, forgiven = facts.job.definition.timezone, facts.forgiven_until(NAME)
    bad = [run for run in facts.state.failures if run.bad_at > forgiven]
    count = len(bad) + facts.state.failures_dropped
    standing = f"{count}, that no good run has made up for" if count else "none"
    awaited = [run for run in facts.state.open_runs if run.phase.is_retrying and not _is_overtaken(run)]
    return (
        ("bad runs", standing),
        *some([(f"run {run.key}", life_of(run, zone)) for run in bad], "run"),
        *some([(f"run {run.key}", _retry_of(facts, run)) for run in awaited], "run"),
        *last_end_of(facts),
        *forgiven_of(facts, NAME),
    )


def _retry_of(facts: Facts, run: Run) -> str:
    due_at = run.last_sign_at + _patience(facts)
    awaited = f"attempt {run.attempt} of {run.max_attempts} failed; the next is awaited until"
    return f"{awaited} {clock_time(due_at, facts.job.definition.timezone)}"
