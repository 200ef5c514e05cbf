"""What rules compared, in words that a person can check against what they know of the job."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tocsin.jobs.run import Run
from tocsin.rules.facts import Facts
from tocsin.rules.rule import Rule
from tocsin.rules.wording import clock_time, plural

MOST_SHOWN: Final = 5
"""Most runs or expected runs that are named one by one."""

LEARNING: Final = "learning"
"""The name under which a condition says that it has not seen enough runs yet to judge by them."""

Pairs = tuple[tuple[str, str], ...]


def tolerance_of(rule: Rule) -> Pairs:
    """Return how many bad ones a rule lets pass, where it lets any."""
    if rule.m_of_n is not None:
        return (("speaks from", f"{rule.m_of_n.bad} of the last {plural(rule.m_of_n.of, 'run')}"),)
    return (("speaks from", f"{rule.in_a_row} in a row"),) if rule.in_a_row > 1 else ()


def forgiven_of(facts: Facts, condition: str) -> Pairs:
    """Return up to when a person has declared over what this condition looks at, where somebody has."""
    if not facts.state.forgiven:
        return ()
    until = facts.forgiven_until(condition)
    return () if until.year == 1 else (("counts from", clock_time(until, facts.job.definition.timezone)),)


def life_of(run: Run, timezone: str) -> str:
    """Return where a run is in its life: `started 2026-11-22 05:12 EST, not ended`."""
    began = "not started" if run.started_at is None else f"started {clock_time(run.started_at, timezone)}"
    if run.ended_at is None:
        return f"{began}, {'waits for its next attempt' if run.phase.is_retrying else 'not ended'}"
    return f"{began}, {run.status.value} {clock_time(run.ended_at, timezone)}"


def last_end_of(facts: Facts) -> Pairs:
    """Return how the run that ended last did, among those that these facts are about."""
    last = facts.state.last
    if last is None or last.backfill is not facts.of_backfills:
        return (("last end", "none so far"),)
    at = last.ended_at or last.last_sign_at
    return (
        ("last end", f"{last.status.value}, {clock_time(at, facts.job.definition.timezone)}, run {last.key}"),
    )


def some(pairs: Sequence[tuple[str, str]], what: str) -> Pairs:
    """Return the first of many, and how many more there are."""
    rest = len(pairs) - MOST_SHOWN
    return (*pairs[:MOST_SHOWN], *((("and", f"{plural(rest, what)} more"),) if rest > 0 else ()))


def allowed_until(limit_at: datetime, now: datetime, timezone: str) -> str:
    """Return a limit with whether it has passed: `allowed until 06:00 EST`, `was allowed until 06:00 EST`."""
    return f"{'allowed' if now < limit_at else 'was allowed'} until {clock_time(limit_at, timezone)}"
