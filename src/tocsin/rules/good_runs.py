"""The good runs that are remembered, each partition by itself: the newest of one says how that stands."""

from collections.abc import Callable, Iterable, Sequence

from tocsin.jobs.run import RunStatus
from tocsin.jobs.state import MAX_RECENT, HeldTo, Outcome
from tocsin.rules.facts import Facts
from tocsin.rules.rule import Rule
from tocsin.rules.tolerance import exceeds_tolerance


def held_to(rules: Iterable[Rule]) -> HeldTo | None:
    """Return the strictest limits of their own that rules hold good runs to; None where none has any."""
    limits = [rule for rule in rules if rule.threshold is not None and rule.window_for is None]
    records, failed, pace = (
        [rule.threshold for rule in limits if rule.condition == name and rule.threshold is not None]
        for name in ("min_records", "failure_rate", "throughput")
    )
    if not records and not failed and not pace:
        return None
    return HeldTo(
        least_records=max(records, default=None),
        most_failed=min(failed, default=None),
        least_per_second=max(pace, default=None),
    )


Says = Callable[[Outcome], bool]
"""Whether a good run has said what it would be judged by; one that has not settles nothing."""


def _all(outcome: Outcome) -> bool:  # noqa: ARG001 -- it stands in for those that look
    return True


def says_records(outcome: Outcome) -> bool:
    """Whether a run has said how many records went through."""
    return outcome.records is not None


def good_by_partition(facts: Facts, condition: str, says: Says = _all) -> dict[str, list[Outcome]]:
    """Return the good runs that count for a condition, oldest first; backfills never do."""
    by_partition: dict[str, list[Outcome]] = {}
    for outcome in facts.outcomes(condition):
        if outcome.status is RunStatus.SUCCESS and not outcome.backfill and says(outcome):
            by_partition.setdefault(outcome.partition, []).append(outcome)
    return by_partition


def standing(
    rule: Rule, facts: Facts, condition: str, is_bad: Callable[[Outcome], bool], says: Says = _all
) -> list[list[Outcome]]:
    """Return the good runs, oldest first, of each partition whose newest is bad, once too often.

    N in a row and M of N count good runs of the partition; those that do not say what they are judged by are
    passed over.
    """
    found = []
    for outcomes in good_by_partition(facts, condition, says).values():
        marks = [is_bad(outcome) for outcome in outcomes]
        if marks[-1] and exceeds_tolerance(rule, marks, [len(marks) - 1]):
            found.append(outcomes)
    return found


def has_lost(
    rule: Rule, facts: Facts, condition: str, is_bad: Callable[[Outcome], bool], says: Says = _all
) -> bool:
    """Whether a bad one may stand that cannot be told from the last outcomes any more.

    Either it is not among them, or those before it are not with which it was one too many.
    """
    if facts.state.pushed_out:
        forgiven = facts.forgiven_until(condition)
        if any(is_bad(outcome) and outcome.at > forgiven for outcome in facts.state.pushed_out):
            return True
    if not is_cut_short(rule, facts, condition):
        return False
    by_partition = good_by_partition(facts, condition, says).values()
    return any(may_be_too_many(rule, [is_bad(outcome) for outcome in outcomes]) for outcomes in by_partition)


def is_cut_short(rule: Rule, facts: Facts, condition: str) -> bool:
    """Whether a rule that lets some pass can be without those that came before the last outcomes."""
    recent = facts.state.recent
    if len(recent) < MAX_RECENT or (rule.in_a_row <= 1 and rule.m_of_n is None):
        return False
    return recent[0].at > facts.forgiven_until(condition)


def may_be_too_many(rule: Rule, marks: Sequence[bool]) -> bool:
    """Whether the newest is bad, and one too many only if those before the first were bad."""
    if not marks or not marks[-1] or exceeds_tolerance(rule, marks, [len(marks) - 1]):
        return False
    before = rule.in_a_row if rule.m_of_n is None else rule.m_of_n.of
    return exceeds_tolerance(rule, [*[True] * before, *marks], [before + len(marks) - 1])


def row_of(outcomes: list[Outcome], is_bad: Callable[[Outcome], bool]) -> list[Outcome]:
    """Return the bad ones in a row of which the newest is the last, newest first."""
    row = []
    for outcome in reversed(outcomes):
        if not is_bad(outcome):
            break
        row.append(outcome)
    return row
