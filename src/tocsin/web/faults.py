"""What is told to somebody whose request cannot be used: what, where, and what to do."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json
from starlette.exceptions import HTTPException

MAX_FAULTS: Final = 20
MAX_COUNTED: Final = 2_000
MAX_NAME: Final = 80
FEWEST_LETTERS: Final = 3
RETRY_SECONDS: Final = 5

_SUBJECT: Final = re.compile(
    r"^(?:Input|Value|String|List|Dictionary|Datetime|Data) should (?:be |have )?", re.IGNORECASE
)
_TOO_DEEP: Final = "recursion limit exceeded"
_PLAIN: Final = {
    "missing": "is required",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_too_short": "must not be empty",
    "finite_number": "must be a finite number",
    "none_required": "must be null",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: the field, as a path with dots, and a sentence about it without the field."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An answer that says no: the HTTP status, a code for programs, a sentence for people."""

    status: int
    code: str
    message: str
    field: str = ""
    faults: tuple[Fault, ...] = ()


class ProblemError(HTTPException):
    """Ends a request of the API or of a page with a problem as its answer."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(status_code=problem.status, detail=problem.message)


UNAVAILABLE: Final = Problem(
    status=503,
    code="store_unavailable",
    message="The store cannot be written for now; nothing was recorded. Send the same again later.",
)
BUSY: Final = Problem(
    status=503,
    code="busy",
    message="More check-ins wait than the server can take; nothing was recorded. Send the same again later.",
)


def problem_of(faults: Sequence[Fault], what: str = "The request") -> Problem:
    """Return the problem that these faults make: 422, naming the first field."""
    first = faults[0]
    where = f"{first.field}: " if first.field else ""
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return Problem(
        status=422,
        code="invalid",
        message=f"{what} cannot be used. {where}{first.message}{more}",
        field=first.field,
        faults=tuple(faults[:MAX_FAULTS]),
    )


def body_of(problem: Problem) -> bytes:
    """Return a problem as the JSON that every part of the API answers with."""
    return to_json(error_of(problem))


def error_of(problem: Problem) -> dict[str, object]:
    """Return a problem as it stands in an answer."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.field:
        error["field"] = problem.field
    if problem.faults:
        error["faults"] = [{"field": fault.field, "message": fault.message} for fault in problem.faults]
    return {"error": error}


def not_json(error: ValidationError) -> Problem | None:
    """Return the problem of a body that is no JSON at all, or None when it is."""
    if error.error_count() != 1:
        return None
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] != "json_invalid":
        return None
    reason = str(first.get("ctx", {}).get("error", "cannot be read"))
    message = (
        "The body is nested too deeply; at most about 200 levels are read."
        if _TOO_DEEP in reason
        else f"The body is not JSON: {reason}."
    )
    return Problem(status=400, code="invalid_json", message=message)


def faults_of(error: ValidationError, known: Collection[str]) -> tuple[Fault, ...]:
    """Return every fault that a validation found, at most MAX_FAULTS; `known` are the names that exist.

    Where there are thousands only their number is told, because listing them is what would hurt.
    """
    count = error.error_count()
    if count > MAX_COUNTED:
        return (Fault(field="", message=f"has {count} faults, too many to list"),)
    found = error.errors(include_url=False, include_input=False)
    return tuple(_fault(detail, known) for detail in found[:MAX_FAULTS])


def faults_of_details(details: Iterable[Mapping[str, Any]], known: Collection[str]) -> tuple[Fault, ...]:
    """Return the faults that FastAPI found in a request, without the place (body, query) they stood in."""
    return tuple(
        _fault({**detail, "loc": tuple(detail["loc"])[1:]}, known)  # type: ignore[typeddict-item]  # FastAPI hands on the dicts of pydantic without their type
        for detail in list(details)[:MAX_FAULTS]
    )


def names_of(adapter: TypeAdapter[Any]) -> frozenset[str]:
    """Return the name of every field that a schema knows, at any depth."""
    names: set[str] = set()
    pending: list[Any] = [adapter.json_schema()]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            names.update(node.get("properties", {}))
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return frozenset(names)


def meant(word: str, known: Collection[str]) -> str:
    """Return "; did you mean …?" for a word that is close to a known one, else nothing."""
    longer = sorted(name for name in known if len(word) >= FEWEST_LETTERS and name.startswith(word))
    close = difflib.get_close_matches(word[:MAX_NAME], known, n=1, cutoff=0.6) or longer
    return f"; did you mean {close[0]!r}?" if close else ""


def _fault(detail: ErrorDetails, known: Collection[str]) -> Fault:
    steps = [str(step)[:MAX_NAME] for step in detail["loc"] if step != "[key]"]
    kind = detail["type"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        message = f"is not a known field{meant(steps[-1] if steps else '', known)}"
    else:
        message = _PLAIN.get(kind) or _SUBJECT.sub(_verb, detail["msg"])
    return Fault(field=".".join(steps), message=message)


def _verb(found: re.Match[str]) -> str:
    return "must have " if found.group().endswith("have ") else "must be "
