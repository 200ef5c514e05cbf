"""`upstream`: data or a run that a job depends on is late or failed: a finding of its own where asked for."""

from datetime import datetime

from tocsin.jobs.job import Definition
from tocsin.rules.facts import Facts, Trouble
from tocsin.rules.finding import QUIET, Finding, Severity, Verdict, Why
from tocsin.rules.rule import Rule
from tocsin.rules.showing import Pairs, forgiven_of, some
from tocsin.rules.wording import clock_time, plural

NAME = "upstream"
MOST_NAMED = 5


def judge(rule: Rule, facts: Facts, now: datetime) -> Verdict:  # noqa: ARG001 -- every condition is asked alike
    """Hold while a job that this one needs, itself or by way of others, is in trouble with its work.

    In trouble is one with an open alert that says that a run failed, is missing, late or hangs, or brought
    nothing or too little. It began when the first of these did, and it is over with the last of them. What a
    person has declared over for this job counts no more; another trouble does. Time alone changes nothing.
    """
    troubles = _standing(facts)
    if not troubles:
        return QUIET
    return Verdict(finding=_finding(rule, facts, troubles))


def concerns(rule: Rule, definition: Definition) -> bool:  # noqa: ARG001 -- every condition is asked alike
    """Whether the job needs any other."""
    return bool(definition.upstream)


def _standing(facts: Facts) -> list[Trouble]:
    if not facts.troubles or facts.of_backfills:
        return []
    forgiven = facts.forgiven_until(NAME)
    return [trouble for trouble in facts.troubles if trouble.opened_at > forgiven]


def _finding(rule: Rule, facts: Facts, troubles: list[Trouble]) -> Finding:
    zone, first = facts.job.definition.timezone, troubles[0]
    jobs = {trouble.job for trouble in troubles}
    others = len(jobs) - 1
    more = f", and {plural(others, 'more job')} that it needs" if others else ""
    named = [(f"upstream {t.job}", f"{t.summary}; since {clock_time(t.since_at, zone)}") for t in troubles]
    return Finding(
        rule=rule.name,
        condition=NAME,
        severity=rule.severity or Severity.WARNING,
        why=Why.UPSTREAM,
        since_at=min(trouble.since_at for trouble in troubles),
        summary=f"needs {first.job}, which {first.summary}{more}",
        evidence=tuple(named[:MOST_NAMED]),
        next_step=f"See to {first.job} first, and tell those who wait for the result of this job.",
        template=rule.message,
        variables=(("error", first.summary),),
    )


def facts_of(rule: Rule, facts: Facts, now: datetime) -> Pairs:  # noqa: ARG001 -- every condition is asked alike
    """Return what the job needs, and which of that is in trouble."""
    zone, needed = facts.job.definition.timezone, facts.job.definition.upstream
    shown = [
        (f"upstream {t.job}", f"{t.summary}; since {clock_time(t.since_at, zone)}") for t in _standing(facts)
    ]
    return (
        ("needs", ", ".join(needed[:MOST_NAMED]) or "no other job"),
        *some(shown or [("in trouble", "none of them")], "trouble"),
        *forgiven_of(facts, NAME),
    )
