"""N in a row and M of N: how many bad ones a rule lets pass."""

from collections.abc import Sequence

from tocsin.rules.rule import Rule


def exceeds_tolerance(rule: Rule, earlier: Sequence[bool], bad: int = 1) -> bool:
    """Whether `bad` bad ones, coming after `earlier` ones (True is bad, oldest first), are too many.

    With M of N the last of the N are the new ones.
    """
    if rule.m_of_n is not None:
        window = [*earlier, *[True] * bad][-rule.m_of_n.of :]
        return sum(window) >= rule.m_of_n.bad
    return bad + _trailing(earlier) >= rule.in_a_row


def _trailing(marks: Sequence[bool]) -> int:
    count = 0
    for mark in reversed(marks):
        if not mark:
            break
        count += 1
    return count
