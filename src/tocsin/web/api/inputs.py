"""What the handlers of the API are asked with: who asks, which job, which page, which command."""

import base64
import binascii
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Depends, Path, Query, Request

from tocsin.engine.commands import Command, Done, Refusal, Refused
from tocsin.jobs.job import JobKey
from tocsin.store.base import Reading
from tocsin.store.rows import Watch
from tocsin.web.access import ANYBODY, secret_of
from tocsin.web.api.shapes import DoneShape
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.names import MAX_NAME, name_fault
from tocsin.web.wiring import Wired

MAX_ITEMS: Final = 1_000
SEPARATOR: Final = "\x1f"

_STATUS: Final = {Refusal.NOT_FOUND: 404, Refusal.CONFLICT: 409, Refusal.INVALID: 422}


def _perhaps(request: Request, wired: Wired) -> str | None:
    if wired.access.is_due():
        wired.access.refresh()
    if wired.access.is_open:
        return ANYBODY
    return wired.access.user(secret_of(request.headers.get("authorization", "").encode()))


Perhaps = Annotated[str | None, Depends(_perhaps)]


def _who(name: Perhaps) -> str:
    if name is None:
        raise ProblemError(
            Problem(
                status=401,
                code="unauthorized",
                message="Send a user token, not an ingest key: Authorization: Bearer tcs_us_…",
            )
        )
    return name


Who = Annotated[str, Depends(_who)]
Limit = Annotated[int, Query(ge=1, le=MAX_ITEMS, description="How many items at most.")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next` of the page before.")]


Environment = Annotated[str, Path(description="Percent-encoded; a slash as %2F.")]
Name = Annotated[str, Path(description="Percent-encoded; a slash as %2F.")]


def key_of(environment: str, name: str) -> JobKey:
    """Return the job that an address names; the path is routed as it was sent, so both are still encoded."""
    return JobKey(unquote(environment), unquote(name))


def found_job(reading: Reading, key: JobKey) -> Watch:
    """Return the watch of a job, or end the request with 404."""
    watch = reading.job(key)
    if watch is None:
        raise ProblemError(
            not_found(f"There is no job {key.name!r} in environment {key.environment!r}.", "name")
        )
    return watch


def not_found(message: str, field: str = "") -> Problem:
    """Return the problem of something that does not exist."""
    return Problem(status=404, code="not_found", message=message, field=field)


def invalid(field: str, message: str) -> ProblemError:
    """Return what ends a request because of one field."""
    return ProblemError(Problem(status=422, code="invalid", message=f"{field}: {message}", field=field))


def checked_name(text: str, field: str) -> str:
    """Return a name that may be given to a job or a person, or end the request with 422."""
    fault = name_fault(text) if 0 < len(text) <= MAX_NAME else f"must have 1 to {MAX_NAME} characters"
    if fault is not None:
        raise invalid(field, fault)
    return text


def carry_out(wired: Wired, command: Command) -> DoneShape:
    """Carry out a command and return what was done, or end the request with why not."""
    result = wired.engine.command(command)
    if isinstance(result, Done):
        return DoneShape(message=result.message, id=result.id)
    raise refusal(result)


def refusal(refused: Refused) -> ProblemError:
    """Return what ends a request whose command was not carried out."""
    return ProblemError(
        Problem(status=_STATUS[refused.reason], code=refused.reason.value, message=refused.message)
    )


def write_cursor(*parts: str) -> str:
    """Return the place in a list as text that needs no quoting in an address."""
    return base64.urlsafe_b64encode(SEPARATOR.join(parts).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, parts: int) -> list[str] | None:
    """Return the place that `write_cursor` wrote, None for the beginning, or end the request with 422."""
    if cursor is None:
        return None
    try:
        found = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(SEPARATOR)
    except (binascii.Error, ValueError):
        found = []
    if len(found) != parts:
        raise invalid("cursor", "is not one that a page before has given")
    return found
