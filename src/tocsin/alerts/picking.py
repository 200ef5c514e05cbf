"""Which of many sets of matchers the labels of an alert pass, without asking each set.

Each label name that is tested is looked at once. Equalities are a look-up of the value; patterns are one
walk of the value through all of them (RE2's set). The sets that can still match are the bits of a number.
"""

from collections.abc import Iterable, Iterator, Mapping

import re2

from tocsin.alerts.matcher import Matcher
from tocsin.rules.pattern import compile_pattern

# A pattern of our own that fits everything: a set which does not report it has run out of memory.
_ALWAYS = "(?s).*"
_MEMORY = 8 << 20


class Pick:
    """An index over sets of matchers, known by their numbers."""

    __slots__ = ("_all", "_names")

    def __init__(self, sets: tuple[tuple[Matcher, ...], ...]) -> None:
        self._all = (1 << len(sets)) - 1
        tests: dict[str, list[tuple[int, Matcher]]] = {}
        for number, matchers in enumerate(sets):
            for matcher in matchers:
                tests.setdefault(matcher.name, []).append((1 << number, matcher))
        # Names with patterns come last, when fewer sets are left that could make the walk necessary.
        made = [_Name(name, self._all, of_name) for name, of_name in tests.items()]
        self._names = tuple(sorted(made, key=lambda one: one.tests_patterns))

    def matching(self, labels: Mapping[str, str]) -> Iterator[int]:
        """Return the numbers of the sets that the labels pass, in order."""
        left = self._all
        for name in self._names:
            left &= name.passing(labels.get(name.name, ""), left)
            if not left:
                return
        while left:
            lowest = left & -left
            yield lowest.bit_length() - 1
            left ^= lowest


class _Name:
    """All tests on one label name."""

    __slots__ = ("_by_value", "_otherwise", "_patterns", "name", "tests_patterns")

    def __init__(self, name: str, everybody: int, tests: Iterable[tuple[int, Matcher]]) -> None:
        self.name = name
        exact = [(bit, m) for bit, m in tests if m.operator in ("=", "!=")]
        self._otherwise = everybody & ~_bits(bit for bit, m in exact if m.operator == "=")
        self._by_value = {
            value: everybody & ~_bits(bit for bit, m in exact if (m.operator == "=") != (m.value == value))
            for value in {m.value for _, m in exact}
        }
        patterned = [(bit, m) for bit, m in tests if m.operator not in ("=", "!=")]
        self._patterns = _Patterns(patterned) if patterned else None
        self.tests_patterns = self._patterns is not None

    def passing(self, value: str, left: int) -> int:
        """Return those among the sets that are left whose tests on this name the value passes."""
        left &= self._by_value.get(value, self._otherwise)
        if self._patterns is None or not left & self._patterns.everybody:
            return left
        return left & ~self._patterns.failing(value)


class _Patterns:
    """All patterns on one label name; `everybody` are the sets that have one."""

    __slots__ = ("_in_vain", "_patterns", "_set", "_wanted", "everybody")

    def __init__(self, tests: list[tuple[int, Matcher]]) -> None:
        self.everybody = _bits(bit for bit, _ in tests)
        self._patterns = tuple(dict.fromkeys(m.value for _, m in tests))
        self._wanted = tuple(
            _bits(bit for bit, m in tests if m.operator == "=~" and m.value == pattern)
            for pattern in self._patterns
        )
        self._in_vain = tuple(
            _bits(bit for bit, m in tests if m.operator == "!~" and m.value == pattern)
            for pattern in self._patterns
        )
        self._set = _set_of(self._patterns)

    def failing(self, value: str) -> int:
        """Return the sets that want a pattern which the value does not fit, or the other way round."""
        found, failing = self._fitting(value), 0
        for number, wanted in enumerate(self._wanted):
            failing |= self._in_vain[number] if number in found else wanted
        return failing

    def _fitting(self, value: str) -> frozenset[int]:
        found = self._set.Match(value) if self._set is not None else None
        if found:
            return frozenset(found)
        return frozenset(n for n, p in enumerate(self._patterns) if compile_pattern(p).fullmatch(value))


def _set_of(patterns: tuple[str, ...]) -> "re2.Set | None":
    """Return all patterns as one, each under its number; None if they do not fit into the memory."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    together = re2.Set.FullMatchSet(options)
    try:
        for pattern in (*patterns, _ALWAYS):
            together.Add(pattern)
        together.Compile()
    except re2.error:
        return None
    return together


def _bits(bits: Iterable[int]) -> int:
    together = 0
    for bit in bits:
        together |= bit
    return together
