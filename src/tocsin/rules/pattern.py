"""Patterns that people write: RE2, so that no input makes them hang."""

from collections.abc import Iterable
from functools import lru_cache

import re2

from tocsin.errors import InvalidMatcher

MAX_PATTERN = 1_000
_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.max_mem = 1 << 20
_MEMORY_OF_MANY = 64 << 20


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> "re2._Regexp[str]":
    """Return the compiled RE2 pattern; InvalidMatcher when it cannot be read."""
    if len(pattern) > MAX_PATTERN:
        raise InvalidMatcher(f"the pattern has {len(pattern)} characters; at most {MAX_PATTERN} are allowed")
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error as error:
        raise InvalidMatcher(f"the pattern {pattern!r} is not valid RE2: {_reason(error)}") from None


class PatternSet:
    """Many RE2 patterns, tried at once; InvalidMatcher when one of them cannot be read.

    RE2 says alike that nothing fits and that it had too little memory to tell. So one more pattern fits
    everything: where even that does not, each is tried by itself.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._each = tuple(compile_pattern(pattern) for pattern in patterns)
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY_OF_MANY
        together = re2.Set.MatchSet(options)
        for pattern in self._each:
            together.Add(pattern.pattern)
        together.Add("")
        self._all: re2.Set | None = together
        try:
            together.Compile()
        except re2.error:
            self._all = None

    def fitting(self, text: str) -> list[int]:
        """Return the numbers of the patterns that fit a text from its start on, in order."""
        if not self._each:
            return []
        found = None if self._all is None else self._all.Match(text)
        if found:
            return sorted(number for number in found if number < len(self._each))
        return [number for number, one in enumerate(self._each) if one.match(text) is not None]


def _reason(error: Exception) -> str:
    detail = error.args[0] if error.args else "unknown reason"
    return detail.decode() if isinstance(detail, bytes) else str(detail)
