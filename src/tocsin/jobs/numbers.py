"""The numbers of check-ins that have come above a gap: kept as stretches, for most follow each other.

Who numbers by a clock begins far above nothing, and would fill the memory of each run with single numbers.
"""

Stretch = int | tuple[int, int]
Numbers = tuple[Stretch, ...]


def ends(stretch: Stretch) -> tuple[int, int]:
    """Return the first and the last number of a stretch."""
    return stretch if isinstance(stretch, tuple) else (stretch, stretch)


def holds(numbers: Numbers, number: int) -> bool:
    """Whether a number is among them."""
    for stretch in numbers:
        low, high = ends(stretch)
        if low <= number <= high:
            return True
    return False


def added(numbers: Numbers, number: int) -> Numbers:
    """Return the stretches, in order, with one more number; those that now touch are one."""
    low = high = number
    apart: list[tuple[int, int]] = []
    for stretch in numbers:
        first, last = ends(stretch)
        if first - 1 <= number <= last + 1:
            low, high = min(low, first), max(high, last)
        else:
            apart.append((first, last))
    return tuple([one[0] if one[0] == one[1] else one for one in sorted([*apart, (low, high)])])
