"""Label matchers in the form that Alertmanager users write: `name="value"`, `!=`, `=~`, `!~`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import re2

from tocsin.errors import InvalidMatcher
from tocsin.rules.pattern import compile_pattern

_FORM = re2.compile(
    r'^\s*([a-zA-Z_][a-zA-Z0-9_.]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"\s=~][^"\s]*)?)\s*$'
)
_ESCAPE = re.compile(r'\\(["\\n])')


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One test on one label; a label that is missing has the empty value.

    `operator` is one of = != =~ !~ ; patterns are RE2 and must match the whole value.
    """

    name: str
    operator: str
    value: str

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether these labels pass the test."""
        actual = labels.get(self.name, "")
        if self.operator == "=":
            return actual == self.value
        if self.operator == "!=":
            return actual != self.value
        found = compile_pattern(self.value).fullmatch(actual) is not None
        return found if self.operator == "=~" else not found

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.name}{self.operator}"{escaped}"'


@lru_cache(maxsize=4096)
def read_matcher(text: str) -> Matcher:
    """Return the matcher that the text says; InvalidMatcher when it says none."""
    found = _FORM.match(text)
    if found is None:
        raise InvalidMatcher(f'{text!r} is not a matcher; write it as name="value", with =, !=, =~ or !~')
    name, operator, quoted, bare = found.groups()
    value = _unescape(quoted) if quoted is not None else (bare or "")
    if operator in ("=~", "!~"):
        compile_pattern(value)
    return Matcher(name=name, operator=operator, value=value)


@lru_cache(maxsize=4096)
def read_matchers(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of a text such as `{team="data", severity!="info"}`; braces may be left out.

    InvalidMatcher when one of them cannot be read, or when there is none.
    """
    inner = text.strip().removeprefix("{").removesuffix("}")
    parts = [part for part in _parts(inner) if part.strip()]
    if not parts:
        raise InvalidMatcher(f'{text!r} holds no matcher; write one as name="value", with =, !=, =~ or !~')
    return tuple(map(read_matcher, parts))


def _parts(text: str) -> list[str]:
    """Split at commas that stand outside of quotes."""
    parts, is_quoted, is_escaped = [""], False, False
    for letter in text:
        if letter == "," and not is_quoted:
            parts.append("")
            continue
        if letter == '"' and not is_escaped:
            is_quoted = not is_quoted
        is_escaped = letter == "\\" and not is_escaped
        parts[-1] += letter
    return parts


def match_all(matchers: Iterable[Matcher], labels: dict[str, str]) -> bool:
    """Whether every matcher passes; none at all passes everything."""
    return all(matcher.matches(labels) for matcher in matchers)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text)
