"""`missing_run`: an expected run did not start (the dead man's switch)."""

from datetime import datetime

from tocsin.jobs.occurrence import Occurrence
from tocsin.rules.evidence import last_good_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, some
from tocsin.rules.tolerance import exceeds_tolerance
from tocsin.rules.wording import clock_time, plural

NAME = "missing_run"
_START_IT = "See whether its scheduler and host are up, then start it: a good run closes this alert."
_ENDS_ONLY = (
    "See whether it is still at work: it never reports its start, so that nobody can tell. "
    "Let it report 'start', or let its grace_period_minutes cover how long it takes."
)


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:  # noqa: ARG001 -- every condition is asked alike
    """Hold from the end of an expected run's starting grace until a good run of it or a later one.

    That an expected run was missed, or cannot be known, is decided by `jobs.settling`, which also asks
    for the next look. N in a row and M of N count expected runs; one that did start counts as good
    here, however it ended, and one that is unknown does not count.
    """
    for occurrence in facts.state.occurrences:
        if occurrence.status.is_missed and occurrence.let_off is None:
            break
    else:
        return QUIET
    forgiven = facts.forgiven_until(NAME)
    counted = [o for o in facts.state.occurrences if _counts(o) and (o.start_by or o.nominal_at) > forgiven]
    missed = [o for o in counted if o.status.is_missed]
    if not missed or not _too_many(rule, facts, counted):
        return QUIET
    return Verdict(finding=_finding(rule, facts, missed))


def _counts(occurrence: Occurrence) -> bool:
    return (occurrence.status.is_missed or occurrence.run is not None) and occurrence.let_off is None


def _too_many(rule: Rule, facts: Facts, counted: list[Occurrence]) -> bool:
    forgiven = facts.forgiven_until(NAME)
    nominal = {o.nominal_at for o in facts.state.occurrences}
    earlier = [
        o.status is None
        for o in facts.state.recent
        if o.order_at not in nominal and o.at > forgiven and (o.is_run or o.status is None) and not o.backfill
    ]
    marks = [*earlier, *(o.status.is_missed for o in counted)]
    return exceeds_tolerance(rule, marks, [i for i in range(len(earlier), len(marks)) if marks[i]])


def _finding(rule: Rule, facts: Facts, missed: list[Occurrence]) -> Finding:
    zone = facts.job.definition.timezone
    oldest, newest = missed[0], missed[-1]
    count = len(missed) + facts.state.occurrences_dropped
    last = facts.state.last_started_at
    evidence = [
        ("expected at", clock_time(newest.nominal_at, zone)),
        ("waited until", clock_time(newest.start_by or newest.nominal_at, zone)),
        ("last start", clock_time(last, zone) if last is not None else "never seen"),
        last_good_of(facts),
    ]
    if count > 1:
        evidence.insert(0, ("missed", f"{plural(count, 'run')} since {clock_time(oldest.nominal_at, zone)}"))
    ends_only, nominal = _tells_its_ends_alone(facts), clock_time(newest.nominal_at, zone)
    summary = f"has not reported for {nominal}" if ends_only else f"did not start at {nominal}"
    if newest.run is not None:
        came = "reported" if ends_only else "started"
        summary = f"{came} only after its grace for {nominal} was over"
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
        next_step=_ENDS_ONLY if ends_only else _START_IT,
        run=newest.run or "",
        template=rule.message,
        variables=(("threshold", clock_time(newest.start_by or newest.nominal_at, zone)),),
        in_a_row=count,
    )


def _tells_its_ends_alone(facts: Facts) -> bool:
    """Whether no run that is remembered has reported its start, so that one at work looks like none."""
    ran = [outcome for outcome in facts.state.recent if outcome.is_run]
    return bool(ran) and all(outcome.seconds is None for outcome in ran)


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return the expected runs that are not settled, until when each may start, and the last start."""
    zone, last = facts.job.definition.timezone, facts.state.last_started_at
    expected = [
        (f"expected {clock_time(o.nominal_at, zone)}", _said(o, zone)) for o in facts.state.occurrences
    ]
    if not expected:
        expected = [
            ("expected", "nothing" if facts.job.definition.schedule else "nothing: it has no schedule")
        ]
    started = clock_time(last, zone) if last is not None else "never seen"
    return (*some(expected, "expected run"), ("last start", started), *forgiven_of(facts, NAME))


def _said(occurrence: Occurrence, zone: str) -> str:
    """Return what became of an expected run."""
    if occurrence.run is not None:
        return f"{occurrence.status.value}, run {occurrence.run}"
    by = "" if occurrence.start_by is None else f", to start by {clock_time(occurrence.start_by, zone)}"
    word = "not started" if occurrence.status.is_expected else occurrence.status.value
    return f"{word}{by}"
