"""The lines of an exported history: what `tocsin export` writes, `import` reads, and a backtest replays.

Each is one JSON object whose `type` says what it is. A check-in stands in it as it is reported over the wire
(version 1 of the public contract), so that it can be sent again; runs, decided occurrences and definitions
stand as they are kept.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from pydantic import ValidationError

from tocsin.errors import StoreUnreadable
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT, CheckIn, Detail
from tocsin.jobs.job import Definition, Job, JobKey
from tocsin.jobs.occurrence import Occurrence, next_occurrence
from tocsin.jobs.run import Run
from tocsin.store.codec import EPOCH, Codec
from tocsin.web.check_in import Warned, read_check_in
from tocsin.web.faults import faults_of
from tocsin.web.names import MAX_NAME, name_fault
from tocsin.web.wire import KNOWN, ONE

VERSION: Final = 1
MAX_LINE: Final = 200 * 2**10

_JOB: Final = Codec(Job)
_RUN: Final = Codec(Run)
_OCCURRENCE: Final = Codec(Occurrence)
_DEFINITION: Final = Codec(Definition)
_ENCODE: Final = msgspec.json.Encoder().encode


class BadLineError(Exception):
    """A line that is none of a history, or not of one that this Tocsin understands; says why."""


class Header(Struct, frozen=True, kw_only=True, tag_field="type", tag="tocsin-history", omit_defaults=True):
    """The first line: the version of all others, and what was asked for."""

    version: int
    since: datetime | None = None
    jobs: str = ""


class _JobLine(Struct, frozen=True, kw_only=True, tag_field="type", tag="job", forbid_unknown_fields=True):
    environment: str
    name: str
    registered_at: datetime
    definition: Raw


class _RunLine(Struct, frozen=True, kw_only=True, tag_field="type", tag="run", forbid_unknown_fields=True):
    environment: str
    job: str
    run: Raw


class _OccurrenceLine(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="occurrence", forbid_unknown_fields=True
):
    environment: str
    job: str
    occurrence: Raw


class _CheckInLine(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="check_in", forbid_unknown_fields=True
):
    received_at: datetime
    check_in: Raw
    definition: Raw | UnsetType = UNSET


_Line = Header | _JobLine | _RunLine | _OccurrenceLine | _CheckInLine
_DECODE: Final = msgspec.json.Decoder(_Line).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOf:
    """A run, and whose it is."""

    job: JobKey
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceOf:
    """What became of an expected run, and whose it is."""

    job: JobKey
    occurrence: Occurrence


Told = Header | Job | RunOf | OccurrenceOf | CheckIn


def header_line(since: datetime | None, jobs: str) -> bytes:
    """Return the first line of a history."""
    return _ENCODE(Header(version=VERSION, since=since, jobs=jobs)) + b"\n"


def job_line(job: Job) -> bytes:
    """Return a job as a line."""
    line = _JobLine(
        environment=job.environment,
        name=job.name,
        registered_at=job.registered_at,
        definition=Raw(_DEFINITION.encode(job.definition).encode()),
    )
    return _ENCODE(line) + b"\n"


def run_line(job: JobKey, run: Run) -> bytes:
    """Return a run of a job as a line."""
    body = Raw(_RUN.encode(run).encode())
    return _ENCODE(_RunLine(environment=job.environment, job=job.name, run=body)) + b"\n"


def occurrence_line(job: JobKey, occurrence: Occurrence) -> bytes:
    """Return what became of an expected run as a line."""
    body = Raw(_OCCURRENCE.encode(occurrence).encode())
    return _ENCODE(_OccurrenceLine(environment=job.environment, job=job.name, occurrence=body)) + b"\n"


def check_in_line(job: JobKey, check_in: CheckIn) -> bytes:
    """Return a check-in as a line, under the name that its job has by now."""
    if check_in.job != job.name or check_in.environment != job.environment:
        check_in = msgspec.structs.replace(check_in, job=job.name, environment=job.environment)
    defined = check_in.definition
    line = _CheckInLine(
        received_at=check_in.received_at,
        check_in=Raw(_ENCODE(_wired(check_in))),
        definition=UNSET if defined is None else Raw(_DEFINITION.encode(defined).encode()),
    )
    return _ENCODE(line) + b"\n"


def _wired(check_in: CheckIn) -> dict[str, object]:
    """Return a check-in as it is reported, without what it leaves unsaid."""
    progress, records = check_in.progress, check_in.records
    said: dict[str, object] = {
        "job": check_in.job,
        "kind": check_in.kind.value,
        "environment": None if check_in.environment == DEFAULT_ENVIRONMENT else check_in.environment,
        "run": check_in.run,
        "seq": check_in.seq,
        "at": check_in.at,
        "nominal_at": check_in.nominal_at,
        "partition": check_in.partition or None,
        "backfill": check_in.backfill or None,
        "attempt": check_in.attempt,
        "max_attempts": check_in.max_attempts,
        "progress": None if progress is None else _said(done=progress.done, total=progress.total),
        "records": None if records is None else _said(ok=records.ok, failed=records.failed),
        "labels": dict(check_in.labels) or None,
    }
    if check_in.detail is not None:
        said |= _detailed(check_in.detail)
    return _said(**said)


def _detailed(detail: Detail) -> dict[str, object]:
    return {
        "exit_code": detail.exit_code,
        "signal": detail.signal,
        "error": _said(type=detail.error_type or None, message=detail.error_message or None) or None,
        "log_tail": detail.log_tail or None,
        "metrics": dict(detail.metrics) or None,
        "resources": _said(cpu_seconds=detail.cpu_seconds, max_rss_bytes=detail.max_rss_bytes) or None,
        "context": dict(detail.context) or None,
        "metadata": Raw(detail.metadata.encode()) if detail.metadata else None,
    }


def _said(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def read_line(line: bytes) -> Told:
    """Return what a line tells: the header, a job, a run or an occurrence with its job, a check-in.

    Raises BadLineError for everything else.
    """
    if len(line) > MAX_LINE:
        raise BadLineError(f"is longer than {MAX_LINE // 2**10} KiB")
    try:
        found: _Line = _DECODE(line)
    except msgspec.DecodeError as error:
        raise BadLineError(f"is not a line of a history: {error}") from None
    try:
        return _read(found)
    except StoreUnreadable as error:
        raise BadLineError(f"cannot be read; a newer Tocsin may have written it: {error}") from None


def _read(line: _Line) -> Told:
    match line:
        case Header():
            if line.version != VERSION:
                raise BadLineError(f"is of version {line.version}; this Tocsin reads version {VERSION}")
            return line
        case _JobLine():
            key = _named(line.environment, line.name)
            registered_at = _aware(line.registered_at, "registered_at")
            definition = _defined(line.definition)
            return Job(
                name=key.name, environment=key.environment, registered_at=registered_at, definition=definition
            )
        case _RunLine():
            return RunOf(job=_named(line.environment, line.job), run=_RUN.decode(_text(line.run)))
        case _OccurrenceLine():
            occurrence = _OCCURRENCE.decode(_text(line.occurrence))
            return OccurrenceOf(job=_named(line.environment, line.job), occurrence=occurrence)
        case _CheckInLine():
            return _check_in(line)


def _check_in(line: _CheckInLine) -> CheckIn:
    received_at = _aware(line.received_at, "received_at")
    try:
        body = ONE.validate_json(bytes(line.check_in))
    except ValidationError as error:
        raise BadLineError(_faults(faults_of(error, KNOWN))) from None
    found = read_check_in(body, received_at, Definition())
    if isinstance(found, tuple):
        raise BadLineError(_faults(found))
    check_in = found.check_in if isinstance(found, Warned) else found
    if isinstance(line.definition, Raw):
        check_in = msgspec.structs.replace(check_in, definition=_defined(line.definition))
    return check_in


def _faults(faults: Any) -> str:  # noqa: ANN401 -- the faults of a body, whatever their sequence
    return "; ".join(f"check_in.{fault.field} {fault.message}" for fault in faults)


def _defined(raw: Raw) -> Definition:
    definition = _DEFINITION.decode(_text(raw))
    try:
        next_occurrence(definition.plan, EPOCH)
    except Exception as error:  # noqa: BLE001 -- a schedule that nobody can read may fail in any way
        raise BadLineError(f"has a definition that cannot be used: {error}") from None
    return definition


def _named(environment: str, name: str) -> JobKey:
    for text in (environment, name):
        fault = name_fault(text) if 0 < len(text) <= MAX_NAME else f"must have 1 to {MAX_NAME} characters"
        if fault is not None:
            raise BadLineError(f"names a job in a way that cannot be: {fault}")
    return JobKey(environment, name)


def _aware(at: datetime, field: str) -> datetime:
    if at.tzinfo is None:
        raise BadLineError(f"has no zone in {field}")
    return at.astimezone(UTC)


def _text(raw: Raw) -> str:
    return bytes(raw).decode()
