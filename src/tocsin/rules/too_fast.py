"""Good runs that were shorter than a run ever is."""

from functools import partial

from tocsin.jobs.state import Outcome
from tocsin.rules.facts import Facts
from tocsin.rules.finding import Finding, Severity, Why
from tocsin.rules.good_runs import has_lost, standing
from tocsin.rules.rule import Rule
from tocsin.rules.wording import span


def too_fast(rule: Rule, facts: Facts, condition: str) -> Finding | None:
    """Return the finding about the newest good run of any partition, if it was shorter than it ever is."""
    least = facts.job.definition.sla.min_duration_seconds
    if least is None:
        return None
    short = standing(rule, facts, condition, partial(_is_too_fast, least))
    return _finding(rule, short[0][-1], least, condition) if short else None


def is_lost(rule: Rule, facts: Facts, condition: str) -> bool:
    """Whether a run that was too fast may stand that cannot be told from the last outcomes any more."""
    least = facts.job.definition.sla.min_duration_seconds
    if least is None:
        return False
    return has_lost(rule, facts, condition, partial(_is_too_fast, least))


def _is_too_fast(least: float, outcome: Outcome) -> bool:
    return outcome.seconds is not None and outcome.seconds < least


def _finding(rule: Rule, newest: Outcome, least: float, condition: str) -> Finding:
    took = span(newest.seconds or 0.0)
    return Finding(
        rule=rule.name,
        condition=condition,
        severity=min(Severity.WARNING, rule.severity or Severity.PAGE),
        why=Why.TOO_FAST,
        since_at=newest.at,
        summary=f"ended well after only {took}; it never takes less than {span(least)}",
        evidence=(("run", newest.run), ("duration", took), ("limit", f"at least {span(least)}")),
        next_step="See whether it really did its work: an empty input or a skipped step looks like this.",
        run=newest.run,
        template=rule.message,
        variables=(("execution_id", newest.run), ("duration", took), ("threshold", span(least))),
    )
