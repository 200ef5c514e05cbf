"""The good runs that are remembered, each partition by itself: the newest of one says how that stands."""

from collections.abc import Callable

from tocsin.jobs.run import RunStatus
from tocsin.jobs.state import Outcome
from tocsin.rules.facts import Facts
from tocsin.rules.rule import Rule
from tocsin.rules.tolerance import exceeds_tolerance


def good_by_partition(facts: Facts, condition: str) -> dict[str, list[Outcome]]:
    """Return the good runs that count for a condition, oldest first; backfills never do."""
    by_partition: dict[str, list[Outcome]] = {}
    for outcome in facts.outcomes(condition):
        if outcome.status is RunStatus.SUCCESS and not outcome.backfill:
            by_partition.setdefault(outcome.partition, []).append(outcome)
    return by_partition


def standing(
    rule: Rule, facts: Facts, condition: str, is_bad: Callable[[Outcome], bool]
) -> list[list[Outcome]]:
    """Return the good runs, oldest first, of each partition whose newest is bad, once too often.

    N in a row and M of N count good runs of the partition.
    """
    found = []
    for outcomes in good_by_partition(facts, condition).values():
        marks = [is_bad(outcome) for outcome in outcomes]
        if marks[-1] and exceeds_tolerance(rule, marks, [len(marks) - 1]):
            found.append(outcomes)
    return found


def has_lost(facts: Facts, condition: str, is_bad: Callable[[Outcome], bool]) -> bool:
    """Whether a bad one still stands that is not among the last outcomes any more."""
    if not facts.state.pushed_out:
        return False
    forgiven = facts.forgiven_until(condition)
    return any(is_bad(outcome) and outcome.at > forgiven for outcome in facts.state.pushed_out)


def row_of(outcomes: list[Outcome], is_bad: Callable[[Outcome], bool]) -> list[Outcome]:
    """Return the bad ones in a row of which the newest is the last, newest first."""
    row = []
    for outcome in reversed(outcomes):
        if not is_bad(outcome):
            break
        row.append(outcome)
    return row
