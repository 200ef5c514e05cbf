"""What failures are called, whether they pass by themselves, and how bad they are."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tocsin.config.grammar.base import Name, OneOrMore, Part, Text, read_by
from tocsin.config.problems import closest, refuse, shown
from tocsin.jobs.state import MAX_RECENT
from tocsin.rules.failure import LARGEST_SIGNAL, SIGNALS
from tocsin.rules.pattern import compile_pattern

MAX_ROWS = 200
MAX_CASES = 50
MAX_LISTED = 50
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_NUMBERS = {name: number for number, name in SIGNALS.items()}

ClassWord = Literal["transient", "permanent", "unknown"]
ImpactWord = Literal["low", "medium", "high", "critical"]
SeverityWord = Literal["info", "warning", "critical", "page"]


def _cause_name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        wanted = "must be lower-case letters, digits and '_', and begin with a letter"
        raise refuse(f"{wanted}, not {shown(name)}", near if _NAME.fullmatch(near) else None)
    return name


def _exit_code(code: int) -> int:
    if code == 0:
        raise refuse("0 is how a process says that all went well; no failure has it")
    if not -(2**31) <= code < 2**32:
        raise refuse(f"no process ends with {code}: it is 1 to 255, on Windows a number of 32 bits")
    return code


def number_of_signal(given: object) -> object:
    """Return the number of a signal that is written by its name, with or without SIG; else what is given."""
    name = str(given).upper()
    return _NUMBERS.get(name if name.startswith("SIG") else f"SIG{name}", given)


def _signal(given: object) -> object:
    number = number_of_signal(given)
    if isinstance(number, str):
        near = closest(number.upper(), _NUMBERS)
        raise refuse(f"must be the number or the name of a signal, not {shown(given)}", near)
    return number


CauseName = Annotated[str, AfterValidator(_cause_name)]
Signal = Annotated[
    int,
    BeforeValidator(_signal, json_schema_input_type=int | str),
    Field(ge=1, le=LARGEST_SIGNAL),
]


class FailureRow(Part):
    """By what a failure is known, what it is called, and whether it may pass by itself."""

    name: CauseName
    """What the cause is called: `vendor_closed`; one of ours says more of what we know already."""

    failure_class: ClassWord | None = Field(default=None, alias="class")
    """Whether it may pass by itself: transient, permanent or unknown. A cause of ours has one already."""

    exit_codes: (
        Annotated[list[Annotated[int, AfterValidator(_exit_code)]], OneOrMore(), Field(max_length=MAX_LISTED)]
        | None
    ) = None
    """Exit codes of which it has one."""

    signals: Annotated[list[Signal], OneOrMore(), Field(max_length=MAX_LISTED)] | None = None
    """Signals of which one has ended it: 15 or SIGTERM; also as the exit code 143."""

    error_types: Annotated[list[Name], OneOrMore(), Field(max_length=MAX_LISTED)] | None = None
    """Types of error of which it has one, whole or in their last part: `TimeoutError`."""

    pattern: Annotated[str, Field(min_length=1), read_by(compile_pattern)] | None = None
    """RE2 pattern that stands in its error, or in the last lines of its log; `(?i)` takes any case."""

    note: Text | None = None
    """What to do about it; it is said as the next step."""


class SeverityCase(Part):
    """How bad it is when all of this is so; the first case that is so counts."""

    severity: SeverityWord
    """How bad it is then: info, warning, critical or page."""

    failure_class: Annotated[list[ClassWord], OneOrMore(), Field(max_length=3)] | None = Field(
        default=None, alias="class"
    )
    """Classes of which the failure has one: transient, permanent, unknown."""

    cause: Annotated[list[CauseName], OneOrMore(), Field(max_length=MAX_LISTED)] | None = None
    """Causes of which the failure has one: `out_of_memory`, or a name of `failure_classes`."""

    environment: Annotated[list[Name], OneOrMore(), Field(max_length=MAX_LISTED)] | None = None
    """Environments in one of which the job runs."""

    in_a_row: Annotated[int, Field(ge=1, le=MAX_RECENT)] | None = None
    """So many, one after the other, or more."""

    impact: Annotated[list[ImpactWord], OneOrMore(), Field(max_length=4)] | None = None
    """Impacts of which the job declares one: low, medium, high, critical."""


FailureRows = Annotated[list[FailureRow], Field(max_length=MAX_ROWS)]
SeverityCases = Annotated[list[SeverityCase], OneOrMore(), Field(max_length=MAX_CASES)]
