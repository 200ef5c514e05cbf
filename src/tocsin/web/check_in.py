"""From the check-in as it comes over the wire to the one that is judged: texts bounded, instants ours."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from tocsin.errors import ConfigError
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT, CheckIn, Detail, Progress, Records
from tocsin.jobs.checks import Check
from tocsin.jobs.job import Definition, Rank
from tocsin.web.body import TOO_MANY_VALUES, holds_too_much
from tocsin.web.checks import checks_of
from tocsin.web.definition import label_fault, read_definition
from tocsin.web.faults import Fault, Problem, faults_of, not_json, problem_of
from tocsin.web.instants import Happened, read_happened, read_nominal
from tocsin.web.names import MAX_NAME, PATH_STEPS, kept_tail, kept_text, name_fault
from tocsin.web.wire import KNOWN, MANY, MAX_CHECK_INS, ONE, CheckInBody

MAX_LOG_TAIL: Final = 10_000
MAX_MESSAGE: Final = 2_000
MAX_CONTEXT_VALUE: Final = 1_000
MAX_NOTE: Final = 500
MAX_METADATA_BYTES: Final = 16 * 2**10
MAX_FIELDS: Final = 100

_DETAILS: Final = frozenset(
    {
        "exit_code",
        "signal",
        "error",
        "log_tail",
        "metrics",
        "metric_notes",
        "resources",
        "context",
        "metadata",
    }
)
_PARTICULAR: Final = frozenset({"labels", "metrics", "metric_notes", "context", "metadata"})
_DISPENSABLE: Final = "runbook"
Faults = tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A check-in that counts without a part that cannot be used, and which one that is."""

    check_in: CheckIn
    warning: Fault


Read = CheckIn | Warned | Faults


def read_check_ins(body: bytes, received_at: datetime, defaults: Definition) -> list[Read] | Problem:
    """Return what stands in a body, in its order: each check-in, or the faults of one that is none.

    A Problem where the body as a whole cannot be read. The fast way checks everything at once; only when
    that finds a fault is each check-in looked at alone, so that the good ones are kept.
    """
    if holds_too_much(body):
        return TOO_MANY_VALUES
    try:
        bodies = MANY.validate_json(body) if is_list(body) else [ONE.validate_json(body)]
    except ValidationError as error:
        return _sorted_out(body, error, received_at, defaults)
    return [read_check_in(one, received_at, defaults) for one in bodies]


def is_list(body: bytes) -> bool:
    """Whether a body begins as a list."""
    return body[:64].lstrip().startswith(b"[")


def _sorted_out(
    body: bytes, error: ValidationError, received_at: datetime, defaults: Definition
) -> list[Read] | Problem:
    problem = not_json(error)
    if problem is not None:
        return problem
    found = from_json(body)
    if not isinstance(found, list):
        return [faults_of(error, KNOWN)]
    if not found:
        return problem_of(
            [Fault(field="", message="The list is empty; send 1 to 1000 check-ins.")], "The body"
        )
    if len(found) > MAX_CHECK_INS:
        message = f"holds {len(found)} check-ins; at most {MAX_CHECK_INS} are taken at once"
        return Problem(status=413, code="too_many", message=f"The list {message}.")
    return [_alone(one, received_at, defaults) for one in found]


def _alone(one: object, received_at: datetime, defaults: Definition) -> Read:
    if isinstance(one, dict) and len(one) > MAX_FIELDS:
        return (Fault(field="", message=f"has {len(one)} fields; a check-in has at most {len(KNOWN)}"),)
    try:
        body = ONE.validate_json(to_json(one))
    except ValidationError as error:
        return faults_of(error, KNOWN)
    return read_check_in(body, received_at, defaults)


def read_check_in(body: CheckInBody, received_at: datetime, defaults: Definition) -> Read:
    """Return the check-in that a body of the right shape says, or what in it cannot be meant."""
    happened = read_happened(body.get("at"), body.get("sent_at"), received_at)
    nominal_at = read_nominal(body.get("nominal_at"), received_at)
    if isinstance(happened, Fault) or isinstance(nominal_at, Fault) or not _is_plain(body):
        faults = _faults(body, happened, nominal_at)
        if faults or isinstance(happened, Fault) or isinstance(nominal_at, Fault):
            return faults
    return _check_in(body, happened, nominal_at, received_at, defaults)


def _is_plain(body: CheckInBody) -> bool:
    """Whether nothing in it needs a closer look: the quick answer for nearly every check-in."""
    run, environment, partition = body.get("run"), body.get("environment"), body.get("partition")
    names = f"{body['job']}{environment or ''}{run or ''}{partition or ''}"
    return (
        names.isprintable()
        and _PARTICULAR.isdisjoint(body)
        and PATH_STEPS.isdisjoint((body["job"], environment, run, partition))
    )


def _check_in(
    body: CheckInBody,
    happened: Happened,
    nominal_at: datetime | None,
    received_at: datetime,
    defaults: Definition,
) -> Read:
    definition = _definition(body, defaults)
    if isinstance(definition, Fault):
        fault = replace(definition, field=f"definition.{definition.field}")
        if definition.field != _DISPENSABLE:
            return (fault,)
        rest = _check_in(_without_runbook(body), happened, nominal_at, received_at, defaults)
        return Warned(check_in=rest, warning=fault) if isinstance(rest, CheckIn) else rest
    checks = _checks(body)
    if isinstance(checks, Fault):
        return (checks,)
    progress, records, labels = body.get("progress"), body.get("records"), body.get("labels")
    return CheckIn(
        job=body["job"],
        kind=body["kind"],
        at=happened[0],
        received_at=received_at,
        environment=body.get("environment") or DEFAULT_ENVIRONMENT,
        run=body.get("run"),
        seq=body.get("seq"),
        nominal_at=nominal_at,
        partition=body.get("partition") or "",
        backfill=body.get("backfill") or False,
        attempt=body.get("attempt"),
        max_attempts=body.get("max_attempts"),
        progress=None if progress is None else Progress(done=progress["done"], total=progress.get("total")),
        records=None if records is None else Records(ok=records.get("ok"), failed=records.get("failed")),
        detail=None if _DETAILS.isdisjoint(body) else _detail(body),
        labels=tuple(sorted(labels.items())) if labels else (),
        definition=definition,
        sent=happened[1],
        checks=checks,
    )


def _without_runbook(body: CheckInBody) -> CheckInBody:
    """Return a check-in whose news is taken for more than the address that it brings along."""
    definition = (body.get("definition") or {}).copy()
    definition["runbook"] = None
    changed = body.copy()
    changed["definition"] = definition
    return changed


def _definition(body: CheckInBody, defaults: Definition) -> Definition | Fault | None:
    definition = body.get("definition")
    if definition is None:
        return None
    return read_definition(definition, defaults=defaults, rank=Rank.CHECK_IN)


def _checks(body: CheckInBody) -> tuple[Check, ...] | Fault | None:
    """Return the checks that a check-in brings, by themselves or with its definition; None if it has none."""
    bodies = body.get("checks")
    if bodies is None:
        bodies = (body.get("definition") or {}).get("checks")
    if bodies is None:
        return None
    try:
        return checks_of(bodies)
    except ConfigError as error:
        problem = error.problems[0]
        return Fault(field=problem.path, message=problem.message)


def _faults(body: CheckInBody, *instants: object) -> Faults:
    names = (body["job"], body.get("environment"), body.get("run"), body.get("partition"))
    wrong = tuple(found for found in instants if isinstance(found, Fault))
    return (
        *_name_faults(zip(("job", "environment", "run", "partition"), names, strict=True)),
        *wrong,
        *_label_faults(body.get("labels") or {}),
        *_key_faults("metrics", body.get("metrics") or {}),
        *_key_faults("metric_notes", body.get("metric_notes") or {}),
        *_key_faults("context", body.get("context") or {}),
        *_metadata_faults(body.get("metadata")),
    )


def _name_faults(names: Iterable[tuple[str, str | None]]) -> Iterable[Fault]:
    for field, name in names:
        message = name_fault(name) if name else None
        if message is not None:
            yield Fault(field=field, message=message)


def _label_faults(labels: dict[str, str]) -> Iterable[Fault]:
    for name, value in labels.items():
        message = label_fault(name) or name_fault(value)
        if message is not None:
            yield Fault(field=f"labels.{name}", message=message)


def _key_faults(field: str, values: Iterable[str]) -> Iterable[Fault]:
    for key in values:
        message = name_fault(key)
        if message is not None:
            yield Fault(field=field, message=f"has a name that {message}")


def _metadata_faults(metadata: dict[str, Any] | None) -> Iterable[Fault]:
    size = len(to_json(metadata)) if metadata else 0
    if size > MAX_METADATA_BYTES:
        yield Fault(
            field="metadata",
            message=f"has {size} bytes as JSON; at most {MAX_METADATA_BYTES} are kept, so nothing was taken",
        )


def _detail(body: CheckInBody) -> Detail:
    error, resources, metadata = body.get("error") or {}, body.get("resources") or {}, body.get("metadata")
    notes = (body.get("metric_notes") or {}).items()
    metrics = (body.get("metrics") or {}).items()
    context = {
        name: kept_text(value, MAX_CONTEXT_VALUE) for name, value in (body.get("context") or {}).items()
    }
    return Detail(
        exit_code=body.get("exit_code"),
        signal=body.get("signal"),
        error_type=kept_text(error.get("type") or "", MAX_NAME),
        error_message=kept_text(error.get("message") or "", MAX_MESSAGE),
        log_tail=kept_tail(body.get("log_tail") or "", MAX_LOG_TAIL),
        cpu_seconds=resources.get("cpu_seconds"),
        max_rss_bytes=resources.get("max_rss_bytes"),
        metrics=tuple(
            sorted((name, value) for name, value in metrics if value is not None and isfinite(value))
        ),
        context=tuple(sorted(context.items())),
        metadata=to_json(metadata).decode() if metadata else "",
        not_numbers=tuple(
            sorted((name, _shown(value)) for name, value in metrics if value is None or not isfinite(value))
        ),
        notes=tuple(sorted((name, kept_text(note, MAX_NOTE)) for name, note in notes)),
    )


def _shown(value: float | None) -> str:
    """Return what was sent instead of a number, in the words of JSON and of those who stretch it."""
    return "null" if value is None else str(value)
