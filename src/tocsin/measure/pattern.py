"""Patterns are RE2 everywhere; databases that match otherwise get one that finds the same."""

import re
from collections.abc import Iterator
from typing import Final

from tocsin.errors import InvalidMatcher, NotMeasured
from tocsin.rules.pattern import compile_pattern

_TOKEN: Final = re.compile(
    r"\\x\{(?P<code>[0-9A-Fa-f]+)\}|\\x(?P<byte>[0-9A-Fa-f]{2})"
    r"|\\(?P<escape>.)"
    r"|(?P<class>\[\^?\]?(?:\[:\w+:\]|\\x\{[0-9A-Fa-f]+\}|\\.|[^\]\\])*\])"
    r"|(?P<any>\.)"
    r"|\(\?P?<(?P<name>\w+)>"
    r"|(?P<plain>\(\?:|[^\\(\[.]|\((?!\?))",
    re.DOTALL,
)
_IN_CLASS: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\\t\\n\\f\\r "}
_ESCAPED: Final = {
    **{letter: f"[{inside}]" for letter, inside in _IN_CLASS.items()},
    **{letter.upper(): f"[^{inside}]" for letter, inside in _IN_CLASS.items()},
    **{letter: f"\\{letter}" for letter in "aAfnrtv"},
    "b": r"\y",
    "B": r"\Y",
    "z": r"\Z",
}
_IGNORES_CASE: Final = "(?i)"


def re2_pattern(pattern: str) -> str:
    """Return the pattern; raises NotMeasured where it is none of RE2."""
    try:
        compile_pattern(pattern)
    except InvalidMatcher as error:
        raise NotMeasured(str(error), is_statement=True) from None
    return pattern


def postgres_pattern(pattern: str) -> str:
    """Return the regular expression of PostgreSQL that finds what an RE2 pattern finds.

    There digits are those of every script, a dot takes the end of a line, and a word's end has another name.
    Raises NotMeasured where it cannot say the same.
    """
    rest = re2_pattern(pattern)
    flag = _IGNORES_CASE if rest.startswith(_IGNORES_CASE) else ""
    return flag + "".join(_translated(rest[len(flag) :]))


def _translated(pattern: str) -> Iterator[str]:
    place = 0
    while place < len(pattern):
        token = _TOKEN.match(pattern, place)
        if token is None:
            raise _unknown(pattern[place : place + 3])
        yield _said(token)
        place = token.end()


def _said(token: re.Match[str]) -> str:
    kind, text = token.lastgroup, token[0]
    match kind:
        case "code" | "byte":
            return _character(token[kind])
        case "escape":
            return _escaped(token[kind], _ESCAPED)
        case "class":
            return re.sub(
                r"\\x\{([0-9A-Fa-f]+)\}|\\x([0-9A-Fa-f]{2})|\\(.)",
                lambda one: _escaped(one[3], _INSIDE) if one[3] else _character(one[1] or one[2]),
                text,
                flags=re.DOTALL,
            )
        case "any":
            return r"[^\n]"
        case "name":
            return "("
        case _:
            return text


_INSIDE: Final = {**_IN_CLASS, **{letter: f"\\{letter}" for letter in "afnrtv"}}


def _escaped(character: str, known: dict[str, str]) -> str:
    if character in known:
        return known[character]
    if character.isalnum():
        raise _unknown(f"\\{character}")
    return f"\\{character}"


def _character(code: str) -> str:
    return f"\\U{int(code, 16):08x}"


def _unknown(token: str) -> NotMeasured:
    return NotMeasured(
        f"PostgreSQL cannot match {token!r} as RE2 does; write it otherwise", is_statement=True
    )
