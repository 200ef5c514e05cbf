"""`missing_run`: an expected run did not start (the dead man's switch)."""

from datetime import datetime

from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.wording import clock_time, plural

NAME = "missing_run"


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:
    """Hold from the end of an expected run's starting grace until a good run of it or a later one.

    Expected runs that fell into a blind window are decided when its hold is over, by `jobs.settling`,
    and become unknown there. N in a row and M of N count expected runs; a run that did start counts
    as good here, however it ended.
    """
    if facts.job.paused_at is not None or not facts.state.occurrences:
        return QUIET
    asks = [at for at in (_next_question(facts, o, now) for o in facts.state.occurrences) if at is not None]
    ask_again_at = min(asks, default=None)
    missed = _missed(facts, now)
    if not missed or not _too_many(rule, facts, missed):
        return Verdict(ask_again_at=ask_again_at)
    return Verdict(finding=_finding(rule, facts, missed), ask_again_at=ask_again_at)


def _next_question(facts: Facts, occurrence: Occurrence, now: datetime) -> datetime | None:
    start_by = occurrence.start_by
    if occurrence.status is not OccurrenceStatus.EXPECTED or start_by is None:
        return None
    window = facts.blind_at(start_by)
    decide_at = start_by if window is None else window.hold_until
    return decide_at if decide_at > now else None


def _missed(facts: Facts, now: datetime) -> list[Occurrence]:
    forgiven = facts.forgiven_until(NAME)
    return [
        o
        for o in facts.state.occurrences
        if o.start_by is not None
        and o.start_by <= now
        and (forgiven is None or o.start_by > forgiven)
        and _is_missed(facts, o)
    ]


def _is_missed(facts: Facts, occurrence: Occurrence) -> bool:
    if occurrence.status is OccurrenceStatus.MISSED:
        return True
    unseen = occurrence.status is OccurrenceStatus.EXPECTED and occurrence.start_by is not None
    return unseen and occurrence.start_by is not None and facts.blind_at(occurrence.start_by) is None


def _too_many(rule: Rule, facts: Facts, missed: list[Occurrence]) -> bool:
    counted = {o.nominal_at for o in missed}
    earlier = [o.status is None for o in facts.state.recent if o.order_at not in counted]
    return exceeds_tolerance(rule, earlier, len(missed) + facts.state.occurrences_dropped)


def _finding(rule: Rule, facts: Facts, missed: list[Occurrence]) -> Finding:
    zone = facts.job.definition.timezone
    oldest, newest = missed[0], missed[-1]
    count = len(missed) + facts.state.occurrences_dropped
    last = facts.state.last_started_at
    evidence = [
        ("expected at", clock_time(newest.nominal_at, zone)),
        ("waited until", clock_time(newest.start_by or newest.nominal_at, zone)),
        ("last start", clock_time(last, zone) if last is not None else "never seen"),
    ]
    if count > 1:
        evidence.insert(0, ("missed", f"{plural(count, 'run')} since {clock_time(oldest.nominal_at, zone)}"))
    started_late = newest.run is not None
    summary = f"did not start at {clock_time(newest.nominal_at, zone)}"
    if started_late:
        summary = f"started only after its grace for {clock_time(newest.nominal_at, zone)} was over"
    if count > 1:
        summary += f", {count} expected runs missed"
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=rule.severity or Severity.CRITICAL,
        why=Why.NOT_STARTED,
        since_at=oldest.start_by or oldest.nominal_at,
        summary=summary,
        evidence=tuple(evidence),
        next_step="See whether its scheduler and host are up, then start it: a good run closes this alert.",
        run=newest.run or "",
        template=rule.message,
        variables=(("threshold", clock_time(newest.start_by or newest.nominal_at, zone)),),
    )
