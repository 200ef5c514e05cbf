"""N in a row and M of N: how many bad ones a rule lets pass."""

from collections.abc import Iterable, Sequence

from tocsin.rules.rule import Rule


def exceeds_tolerance(rule: Rule, marks: Sequence[bool], standing: Iterable[int]) -> bool:
    """Whether, at any bad one that still stands, there were too many.

    `marks` are oldest first, True is bad; `standing` are positions in them. Too many are N bad ones in
    a row of which this was the last, or M bad ones among the N of which this was the last.
    """
    if rule.m_of_n is None and rule.in_a_row <= 1:
        return any(True for _ in standing)
    return any(_is_one_too_many(rule, marks, position) for position in standing)


def _is_one_too_many(rule: Rule, marks: Sequence[bool], position: int) -> bool:
    if rule.m_of_n is not None:
        window = marks[max(0, position + 1 - rule.m_of_n.of) : position + 1]
        return sum(window) >= rule.m_of_n.bad
    row = marks[max(0, position + 1 - rule.in_a_row) : position + 1]
    return len(row) == rule.in_a_row and all(row)
