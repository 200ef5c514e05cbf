"""`job_failure`: a run failed after its last attempt."""

from collections import Counter
from datetime import datetime, timedelta

from tocsin.jobs.run import Phase, Run, RunStatus
from tocsin.rules.evidence import error_of, log_tail_of, of_run, variables_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.wording import clock_time, plural, span

NAME = "job_failure"
RETRY_PATIENCE = timedelta(hours=1)


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold while a bad run stands that no good run has made up for, or an announced retry does not come.

    A run that reports an attempt that will be retried has not failed yet; when no retry is heard of
    for RETRY_PATIENCE (or the job's own `stalled_after_seconds`), it counts as failed. N in a row
    counts bad runs of one partition since its last good one; M of N counts the last N runs, whatever
    their partition. Failures of backfills are no worse than a warning (F12).
    """
    state = facts.state
    if not state.failures and not any(r.phase is Phase.RETRYING for r in state.open_runs):
        return QUIET
    forgiven = facts.forgiven_until(NAME)
    failures = [
        f for f in facts.state.failures if forgiven is None or (f.ended_at or f.last_sign_at) > forgiven
    ]
    overdue, ask_again_at = _overdue_retries(facts, now, forgiven)
    bad = [*failures, *overdue]
    if not bad or not _too_many(rule, facts, bad, len(overdue)):
        return Verdict(ask_again_at=ask_again_at)
    return Verdict(finding=_finding(rule, facts, bad), ask_again_at=ask_again_at)


def _overdue_retries(
    facts: Facts, now: datetime, forgiven: datetime | None
) -> tuple[list[Run], datetime | None]:
    own = facts.job.definition.stalled_after_seconds
    patience = timedelta(seconds=own) if own is not None else RETRY_PATIENCE
    waiting = [r for r in facts.state.open_runs if r.phase is Phase.RETRYING]
    overdue, asks = [], []
    for run in waiting:
        due_at = run.last_sign_at + patience
        window = facts.blind_at(due_at)
        due_at = due_at if window is None else window.hold_until
        if now < due_at:
            asks.append(due_at)
        elif forgiven is None or due_at > forgiven:
            overdue.append(run)
    return overdue, min(asks, default=None)


def _too_many(rule: Rule, facts: Facts, bad: list[Run], overdue: int) -> bool:
    if rule.m_of_n is not None:
        marks = [o.status.is_bad for o in facts.state.recent if o.status is not None]
        if overdue:
            return exceeds_tolerance(rule, marks, overdue)
        return bool(marks) and marks[-1] and exceeds_tolerance(rule, marks[:-1])
    counts = Counter(run.partition for run in bad)
    most = max(counts.values())
    if len(counts) == 1:
        most += facts.state.failures_dropped
    return most >= rule.in_a_row


def _finding(rule: Rule, facts: Facts, bad: list[Run]) -> Finding:
    newest, first = bad[-1], bad[0]
    count = len(bad) + facts.state.failures_dropped
    severity = rule.severity or Severity.CRITICAL
    if all(run.backfill for run in bad):
        severity = min(severity, Severity.WARNING)
    since_at = first.ended_at or first.last_sign_at
    extra = []
    if count > 1:
        zone = facts.job.definition.timezone
        extra = [("bad runs", f"{count} since {clock_time(since_at, zone)}")]
    waiting = newest.phase is Phase.RETRYING
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=severity,
        why=Why.RETRY_MISSING if waiting else Why.FAILED,
        since_at=since_at,
        summary=_summary(newest, count),
        evidence=(*extra, *of_run(facts.job, newest)),
        next_step="Read the end of the log, mend the cause and run it again: a good run closes this alert.",
        run=newest.key,
        log_tail=log_tail_of(newest),
        template=rule.message,
        variables=variables_of(newest),
    )


def _summary(run: Run, count: int) -> str:
    if run.phase is Phase.RETRYING:
        return (
            f"failed, and the retry it announced (attempt {run.attempt} of {run.max_attempts}) did not come"
        )
    how = "timed out" if run.status is RunStatus.TIMEOUT else "failed"
    if run.closed_by_us:
        how = "never reported an end"
    after = f" after {plural(run.attempt, 'attempt')}" if run.attempt > 1 else ""
    took = run.execution
    when = f" after {span(took)}" if took is not None and not after else ""
    row = f", {count} bad runs in a row" if count > 1 else ""
    error = error_of(run)
    return f"{how}{after}{when}{row}" + (f": {error[:200]}" if error else "")
