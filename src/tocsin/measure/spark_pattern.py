"""Patterns are RE2 everywhere; Spark, which matches as Java does, gets one that finds the same."""

import re
from collections.abc import Iterator
from typing import Final

from tocsin.errors import NotMeasured
from tocsin.measure.pattern import re2_pattern

_TOKEN: Final = re.compile(
    r"(?P<literal>\\Q.*?(?:\\E|$))"
    r"|\\p\{(?P<not>\^?)(?P<script>\w+)\}|\\P\{(?P<no_script>\w+)\}"
    r"|\\(?P<escape>x\{[0-9A-Fa-f]+\}|.)"
    r"|\[(?P<negated>\^?)(?P<class>\]?(?:\[:\^?\w+:\]|\\[pP]\{\^?\w+\}|\\x\{[0-9A-Fa-f]+\}|\\.|[^\]\\])*)\]"
    r"|\(\?P?<(?P<name>\w+)>"
    r"|\(\?(?P<flags>[imsU-]+)(?=[:)])"
    r"|(?P<repeated>\{\d+(?:,\d*)?\})"
    r"|(?P<end>\$)|(?P<brace>\{)|(?P<plain>.)",
    re.DOTALL,
)
_IN_CLASS: Final = re.compile(
    r"\[:(?P<no>\^?)(?P<posix>\w+):\]|\\(?P<sign>[pP])\{(?P<not>\^?)(?P<script>\w+)\}"
    r"|\\(?P<escape>x\{[0-9A-Fa-f]+\}|.)|(?P<mark>[\[\]&])|(?P<plain>.)",
    re.DOTALL,
)
_POSIX: Final = {
    "word": "0-9A-Za-z_",
    "ascii": "\\x00-\\x7F",
    **{
        name: f"\\p{{{java}}}"
        for name, java in (
            ("alnum", "Alnum"),
            ("alpha", "Alpha"),
            ("blank", "Blank"),
            ("cntrl", "Cntrl"),
            ("digit", "Digit"),
            ("graph", "Graph"),
            ("lower", "Lower"),
            ("print", "Print"),
            ("punct", "Punct"),
            ("space", "Space"),
            ("upper", "Upper"),
            ("xdigit", "XDigit"),
        )
    },
}
_WORD: Final = "[0-9A-Za-z_]"
_ESCAPED: Final = {
    "s": "[\\t\\n\\f\\r ]",
    "S": "[^\\t\\n\\f\\r ]",
    "v": "\\x0B",
    "b": f"(?:(?<!{_WORD})(?={_WORD})|(?<={_WORD})(?!{_WORD}))",
    "B": f"(?:(?<!{_WORD})(?!{_WORD})|(?<={_WORD})(?={_WORD}))",
}
_ESCAPED_IN_CLASS: Final = {"s": "\\t\\n\\f\\r ", "S": "[^\\t\\n\\f\\r ]", "v": "\\x0B"}
_SAME: Final = frozenset("aAdDfnrtwWz")


def java_pattern(pattern: str) -> str:
    """Return the regular expression of Java that finds what an RE2 pattern finds.

    There a dot and the end of a text take more characters for ends of lines, spaces, words and capitals are
    others, and brackets nest. Raises NotMeasured where it cannot say the same.
    """
    tokens = list(_TOKEN.finditer(re2_pattern(pattern)))
    flags = "".join(token["flags"] or "" for token in tokens)
    if "U" in flags:
        raise _unknown("(?U)")
    end = "$" if "m" in flags else "\\z"
    return "(?du)" + "".join(_said(token, end) for token in tokens)


def _said(token: re.Match[str], end: str) -> str:
    match token.lastgroup:
        case "end":
            return end
        case "brace":
            return "\\{"
        case "name":
            return "("
        case "escape":
            return _escaped(token["escape"], _ESCAPED)
        case "script":
            return _script("P" if token["not"] else "p", token["script"])
        case "no_script":
            return _script("P", token["no_script"])
        case "class":
            return f"[{token['negated']}{''.join(_in_class(token['class']))}]"
        case _:
            return token[0]


def _in_class(inside: str) -> Iterator[str]:
    for token in _IN_CLASS.finditer(inside):
        match token.lastgroup:
            case "posix" if token["posix"] in _POSIX:
                yield f"[{token['no']}{_POSIX[token['posix']]}]"
            case "posix":
                raise _unknown(token[0])
            case "script":
                yield _script("pP"[(token["sign"] == "P") != bool(token["not"])], token["script"])
            case "escape":
                yield _escaped(token["escape"], _ESCAPED_IN_CLASS)
            case "mark":
                yield f"\\{token[0]}"
            case _:
                yield token[0]


def _escaped(escape: str, known: dict[str, str]) -> str:
    if escape in known:
        return known[escape]
    if escape[0] in "xpP" or escape in _SAME or not escape.isalnum():
        return f"\\{escape}"
    raise _unknown(f"\\{escape}")


def _script(sign: str, name: str) -> str:
    """Return the class of a script or, of one or two letters, a category."""
    return f"\\{sign}{{{name if len(name) <= len('Lu') else f'Is{name}'}}}"


def _unknown(token: str) -> NotMeasured:
    return NotMeasured(f"Spark cannot match {token!r} as RE2 does; write it otherwise", is_statement=True)
