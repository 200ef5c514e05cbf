"""Faults of a file, told to the person who wrote it: where, what, and what was probably meant."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pydantic_core import ErrorDetails, PydanticCustomError

from tocsin.errors import Problem

Place = tuple[str | int, ...]
Mark = tuple[int, int]
"""A line and a column, both counted from 1."""

MAX_PROBLEMS = 100
MAX_SHOWN = 60
_PLAIN_STEP = re.compile(r"[A-Za-z0-9_\-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault at a place of the document; where the text has no shape yet, at a mark alone."""

    message: str
    place: Place = ()
    mark: Mark | None = None
    suggestion: str | None = None


class Lines(Protocol):
    """Whoever knows in which line and column a place is."""

    def mark_of(self, place: Place) -> Mark:
        """Return the line and column of a place."""
        ...

    def resolved(self, place: Place) -> Place:
        """Return the place as it is written."""
        ...

    def source_of(self, place: Place) -> str:
        """Return the file where a place stands, where that is not the one that is read."""
        ...


class Keys(Protocol):
    """Whoever knows which keys a place may have."""

    def at(self, place: Place) -> tuple[str, ...]:
        """Return the keys that the mapping at this place may have."""
        ...

    def homes_of(self, key: str) -> tuple[str, ...]:
        """Return the places, as people write them, that may have this key."""
        ...


def refuse(message: str, suggestion: str | None = None) -> PydanticCustomError:
    """Return the error that a check of the grammar raises, in words for people."""
    return PydanticCustomError("refused", "{message}", {"message": message, "suggestion": suggestion})


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return what was probably meant, or None where nothing is near."""
    names = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower()[:MAX_SHOWN], names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def told(faults: Iterable[Fault], lines: Lines) -> tuple[Problem, ...]:
    """Return the faults as problems in the order of the file; after 100 only how many more there are."""
    found = []
    for fault in faults:
        line, column = fault.mark or lines.mark_of(fault.place)
        path = written(lines.resolved(fault.place))
        source = lines.source_of(fault.place)
        found.append(
            Problem(
                path=path,
                message=fault.message,
                line=line,
                column=column,
                suggestion=fault.suggestion,
                source=source,
            )
        )
    found.sort(key=lambda problem: (problem.source, problem.line or 0, problem.column or 0, problem.path))
    if len(found) > MAX_PROBLEMS:
        more = f"{len(found) - MAX_PROBLEMS} more problems are not shown; mend these first"
        found = [*found[:MAX_PROBLEMS], Problem(path="the file", message=more)]
    return tuple(found)


def written(place: Place) -> str:
    """Return a place as people write it: `jobs.daily_etl.deadline`, `receivers[0].slack`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            shown = step if _PLAIN_STEP.fullmatch(step) else repr(step[:MAX_SHOWN])
            text += f".{shown}" if text else shown
    return text or "the file"


def translate(error: ErrorDetails, keys: Keys) -> Fault:
    """Return what the validation library found as a fault in plain words."""
    place, kind, given = tuple(error["loc"]), error["type"], error["input"]
    context = error.get("ctx", {})
    if kind == "refused":
        return Fault(place=place, message=context["message"], suggestion=context["suggestion"])
    if kind == "extra_forbidden":
        return _unknown_key(place, keys)
    if kind == "missing":
        return Fault(place=place, message="is required and missing")
    if kind == "literal_error":
        return _not_one_of(place, given, context["expected"])
    if kind == "too_long":
        return Fault(place=place, message=f"has more than {context['max_length']} entries, the most allowed")
    if kind in _LIMITS:
        return Fault(place=place, message=f"{_LIMITS[kind].format(**context)}, not {shown(given)}")
    wanted = _WANTED.get(kind, "something else")
    return Fault(
        place=place, message=f"must be {wanted}, not {shown(given)}", suggestion=_retyped(kind, given)
    )


def shown(given: object) -> str:
    """Return a value as a person would name it; long ones are cut."""
    if given is None:
        return "empty"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (int, float)):
        return f"the number {given}"
    if isinstance(given, str):
        cut = given if len(given) <= MAX_SHOWN else given[:MAX_SHOWN] + "…"
        return f"the text {cut!r}"
    kind = "list" if isinstance(given, (list, tuple)) else "mapping"
    return f"a {kind}" if given else f"an empty {kind}"


_WHOLE = "a whole number"
_NUMBER = "a number"
_MAPPING = "a mapping of keys to values"
_WANTED = {
    "string_type": "text",
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}
_LIMITS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entry",
}


def _unknown_key(place: Place, keys: Keys) -> Fault:
    key, known = str(place[-1]), keys.at(place[:-1])
    homes = " or ".join(keys.homes_of(key)[:3])
    if homes and f"{key}s" not in known:
        return Fault(place=place, message=f"is not a key of this place; it belongs under {homes}")
    near = closest(key, known)
    unknown = "is not a known key" if near else f"is not a known key; known here: {', '.join(known)}"
    return Fault(place=place, message=unknown, suggestion=near)


def _not_one_of(place: Place, given: object, expected: str) -> Fault:
    choices = re.findall(r"'([^']*)'", expected)
    message = f"must be one of {', '.join(choices)}, not {shown(given)}"
    return Fault(
        place=place, message=message, suggestion=closest(given, choices) if isinstance(given, str) else None
    )


def _retyped(kind: str, given: object) -> str | None:
    """Return the same value as it should have been written."""
    if kind == "string_type" and isinstance(given, (int, float)):
        return f'"{str(given).lower() if isinstance(given, bool) else given}"'
    if kind == "bool_type" and isinstance(given, str):
        return {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(given.lower())
    return None
