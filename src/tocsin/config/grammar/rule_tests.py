"""Tests of a configuration: rules.test.yaml, with its lines in short and in full."""

import re
import shlex
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from tocsin.config.grammar.base import LABEL_NAME, Name, OneOrMore, Part, Text, read_by
from tocsin.config.grammar.failures import SeverityWord
from tocsin.config.grammar.file import File
from tocsin.config.problems import closest, refuse, shown
from tocsin.config.rule_test_times import WEEKDAYS
from tocsin.jobs.checkin import CheckInKind
from tocsin.jobs.walltime import check_timezone
from tocsin.rules.finding import Severity
from tocsin.rules.judge import CONDITIONS

MAX_TESTS: Final = 1_000
MAX_LINES: Final = 10_000
MAX_TIMES: Final = 10_000
KINDS: Final = tuple(kind.value for kind in CheckInKind)
RUNS: Final = "runs"
SEVERITIES: Final = tuple(severity.word for severity in Severity)
STATES: Final = ("firing", "resolved")
_DAY: Final = rf"(?:{'|'.join(WEEKDAYS)}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})"
WHEN: Final = re.compile(rf"(?:{_DAY}\s+)?[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?|\+[0-9dhms]+", re.ASCII)
_FLAGS: Final = ("backfill",)
_GIVEN: Final = {
    "records": "records",
    "failed": "records_failed",
    "error": "error_message",
    "nominal": "nominal_at",
}
"""What is shorter in a line than in the contract of check-ins."""


Kind = Literal[
    "scheduled", "queued", "start", "heartbeat", "retrying", "success", "fail", "timeout", "skip", "log"
]


class CheckInLine(Part):
    """What a job reports, at an instant or again and again."""

    at: str | None = None
    """When: `02:00`, `Tue 02:00`, `2026-03-10 02:00`, or `+5m` after the line before."""

    every: str | None = None
    """Again and again, so long after one another: `1d`, `15m`; whole days keep the time of day."""

    start: Annotated[str | None, Field(alias="from")] = None
    """With `every`: when it is reported first."""

    times: Annotated[int, Field(ge=1, le=MAX_TIMES)] | None = None
    """With `every`: how often."""

    job: Name
    """The name of the job."""

    environment: Name | None = None
    """Its environment; production if left out."""

    kind: Kind | None = None
    """What it reports; left out where `runs` is given."""

    runs: str | None = None
    """A whole run in the place of `kind`: it starts then, and ends well so long after: `40m`."""

    run: Name | None = None
    """The id of the run; left out: the job's open one, as on the real way."""

    nominal_at: str | None = None
    """For which expected run it is, as `at` is written."""

    partition: Name | None = None
    """The partition that the run is about."""

    backfill: bool = False
    """Whether the run makes up for an old one."""

    attempt: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """Which try of the run this is."""

    max_attempts: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """How many tries the run has."""

    done: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """How far the run has come."""

    total: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Of how much."""

    records: Annotated[int, Field(ge=0)] | None = None
    """How many records it has brought through."""

    records_failed: Annotated[int, Field(ge=0)] | None = None
    """How many records it could not bring through."""

    exit_code: Annotated[int, Field(ge=-1_000, le=4_294_967_295)] | None = None
    """The exit code of the process."""

    error_type: Text = ""
    """What kind of error it was."""

    error_message: Text = ""
    """What the error says."""

    labels: Annotated[dict[str, Text], Field(max_length=50)] | None = None
    """Labels of the job, as it reports them."""

    metrics: Annotated[dict[str, float], Field(max_length=100)] | None = None
    """Numbers that it reports of its data."""

    @field_validator("labels")
    @classmethod
    def _known_labels(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        for name in value or ():
            if LABEL_NAME.fullmatch(name) is None:
                raise refuse(f"{name[:60]!r} cannot be the name of a label")
        return value


class Expectation(Part):
    """An alert that is expected at an instant, or that there is none."""

    at: str | None = None
    """When it is looked: `06:00`, `Tue 06:00`, `2026-03-10 06:00`, or `+5m` after the line before."""

    job: Name | None = None
    """The job of the alert; with `nothing`: only of this job."""

    environment: Name | None = None
    """Its environment; production if left out."""

    condition: str | None = None
    """The condition of its rule."""

    severity: SeverityWord | None = None
    """How bad it is then; left out: whichever."""

    state: Literal["firing", "resolved"] = "firing"
    """Whether it is open then, or over."""

    told: Annotated[list[Name], OneOrMore(), Field(max_length=100)] | None = None
    """The receivers that have been told of it by then, and no other; `[]`: nobody."""

    not_told: Annotated[list[Name], OneOrMore(), Field(max_length=100)] | None = None
    """Receivers that have not been told of it by then."""

    nothing: bool = False
    """That no alert is open: at `at`, or from `from` until before `until`."""

    start: Annotated[str | None, Field(alias="from")] = None
    """With `nothing`: from when on; the beginning of the test if left out."""

    until: str | None = None
    """With `nothing`: until when."""

    @field_validator("condition")
    @classmethod
    def _known_condition(cls, value: str | None) -> str | None:
        if value is not None and value not in CONDITIONS:
            known = ", ".join(CONDITIONS)
            raise refuse(f"must be one of {known}, not {shown(value)}", closest(value, CONDITIONS))
        return value


def _check_in_of(value: object) -> object:
    return read_check_in(value) if isinstance(value, str) else value


def _expectation_of(value: object) -> object:
    return read_expectation(value) if isinstance(value, str) else value


CheckInItem = Annotated[CheckInLine, BeforeValidator(_check_in_of, json_schema_input_type=str | CheckInLine)]
ExpectationItem = Annotated[
    Expectation, BeforeValidator(_expectation_of, json_schema_input_type=str | Expectation)
]


class RuleTest(Part):
    """One test."""

    name: Name
    """What it shows, as a sentence."""

    timezone: Annotated[str, read_by(check_timezone)] | None = None
    """Zone of its instants; that of the file if left out, else of the configuration's defaults."""

    now: str | None = None
    """When it begins: `2026-03-10` or `2026-03-10 08:00`; Monday, 2026-01-05 if left out."""

    until: str | None = None
    """When it ends; after its last line if left out."""

    check_ins: Annotated[list[CheckInItem], Field(max_length=MAX_LINES)] = Field(default_factory=list)
    """What jobs report, in short or in full."""

    expect: Annotated[list[ExpectationItem], Field(max_length=MAX_LINES)] = Field(default_factory=list)
    """What is to come of it, in short or in full."""

    no_alerts: bool = False
    """That nothing at all comes of it."""

    allow_others: bool = False
    """Whether alerts may come that no line expects."""


def _path_or_keys(value: object) -> object:
    if not isinstance(value, str | dict):
        raise refuse(f"must be the path of a configuration, or its keys themselves, not {shown(value)}")
    return value


class RuleTests(Part):
    """The whole file, with its tests."""

    config: Annotated[object, BeforeValidator(_path_or_keys, json_schema_input_type=str | File)]
    """The configuration under test: its path, seen from this file, or its keys themselves."""

    timezone: Annotated[str, read_by(check_timezone)] | None = None
    """Zone of all instants; that of the configuration's defaults if left out."""

    tests: Annotated[list[RuleTest], Field(min_length=1, max_length=MAX_TESTS)]
    """The tests, each on its own, from an empty history."""


def read_check_in(text: str) -> dict[str, object]:
    """Return the keys that a line such as `02:40 nightly success records=0` stands for."""
    when, words = _split(text, "02:00 nightly start, or every 1d from 02:00 for 30 nightly success")
    line: dict[str, object] = {"at": when} if when else _repeated(text, words)
    if len(words) < 2:  # noqa: PLR2004 -- a job and a kind
        raise refuse(f"must name a job and what it reports, such as 02:00 nightly start, not {shown(text)}")
    line["job"], kind, rest = words[0], words[1], words[2:]
    if kind == RUNS:
        if not rest:
            raise refuse(f"must say how long the run takes, such as: {words[0]} runs 40m")
        line["runs"], rest = rest[0], rest[1:]
    elif kind in KINDS:
        line["kind"] = kind
    else:
        raise refuse(
            f"{kind[:60]!r} is nothing that a job reports; known: {', '.join(KINDS)}, runs",
            closest(kind, (*KINDS, RUNS)),
        )
    for word in rest:
        line.update(_given(word))
    return line


def _given(word: str) -> dict[str, object]:
    """Return what a word such as `records=10`, `attempt=1/3` or `backfill` says."""
    name, found, value = word.partition("=")
    if not found and name in _FLAGS:
        return {name: True}
    key = _GIVEN.get(name, name)
    known = [*_GIVEN, *_FLAGS, *(f for f in CheckInLine.model_fields if f not in _NOT_IN_SHORT)]
    if not found or key not in known:
        raise refuse(f"{word[:60]!r} is not of the form NAME=VALUE with a known name", closest(name, known))
    if name == "attempt" and "/" in value:
        first, _, most = value.partition("/")
        return {"attempt": _number(first), "max_attempts": _number(most)}
    return {key: value if key in _TEXTS else _number(value)}


_NOT_IN_SHORT: Final = frozenset(
    {"at", "every", "start", "times", "job", "kind", "runs", "labels", "metrics"}
)
_TEXTS: Final = frozenset({"environment", "run", "nominal_at", "partition", "error_type", "error_message"})


def _number(text: str) -> object:
    for reader in (int, float):
        try:
            return reader(text)
        except ValueError:
            continue
    return text


def _repeated(text: str, words: list[str]) -> dict[str, object]:
    """Take `every 1d from 02:00 for 30` off the words of a line."""
    found = _EVERY.match(text.strip())
    if found is None:
        raise refuse(
            f"must begin with an instant such as 02:00, Tue 02:00, 2026-03-10 02:00 or +5m, or with "
            f"every 1d from 02:00 for 30, not {shown(text)}"
        )
    words[:] = _words(text.strip()[found.end() :])
    return {"every": found["every"], "from": found["start"], "times": int(found["times"])}


_EVERY: Final = re.compile(
    rf"every\s+(?P<every>[0-9dhms]+)\s+from\s+(?P<start>{WHEN.pattern})\s+for\s+(?P<times>[0-9]{{1,6}})(?:\s+times)?\s+",
    re.ASCII,
)
_NOTHING: Final = re.compile(
    rf"nothing(?:\s+of\s+(?P<job>\S+))?(?:\s+from\s+(?P<start>{WHEN.pattern}))?"
    rf"\s+(?P<how>until|at)\s+(?P<end>{WHEN.pattern})",
    re.ASCII,
)


def read_expectation(text: str) -> dict[str, object]:
    """Return the keys that a line such as `06:00 nightly missing_run critical` stands for."""
    if text.split()[:1] == ["nothing"]:
        return _nothing(text)
    when, words = _split(text, "06:00 nightly missing_run critical")
    if not when or len(words) < 2:  # noqa: PLR2004 -- a job and a condition
        raise refuse(
            f"must be such as 06:00 nightly missing_run critical, or nothing until 05:59, not {shown(text)}"
        )
    line: dict[str, object] = {"at": when, "job": words[0], "condition": words[1]}
    for word in words[2:]:
        key = "severity" if word in SEVERITIES else "state" if word in STATES else ""
        if not key or key in line:
            known = (*SEVERITIES, *STATES)
            raise refuse(f"{word[:60]!r} is not one of {', '.join(known)}", closest(word, known))
        line[key] = word
    return line


def _nothing(text: str) -> dict[str, object]:
    found = _NOTHING.fullmatch(text.strip())
    if found is None:
        raise refuse(
            "must be such as: nothing until 05:59, nothing at 06:00, nothing of nightly until 05:59, "
            f"nothing from 06:30 until 07:00, not {shown(text)}"
        )
    line: dict[str, object] = {"nothing": True, "at" if found["how"] == "at" else "until": found["end"]}
    line |= {key: found[group] for key, group in (("job", "job"), ("from", "start")) if found[group]}
    return line


def _split(text: str, such_as: str) -> tuple[str, list[str]]:
    """Return the instant that a line begins with, if it does, and its other words."""
    stripped = text.strip()
    found = WHEN.match(stripped)
    if found is None:
        return "", stripped.split()
    if stripped[found.end() : found.end() + 1].strip():
        raise refuse(f"{stripped.split()[0][:60]!r} is not an instant; write a line such as: {such_as}")
    return found.group(), _words(stripped[found.end() :])


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise refuse(f"a quotation mark is not closed in {shown(text)}") from None
