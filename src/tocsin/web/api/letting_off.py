"""Expected runs that a person skips, expects again or excuses."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from tocsin.engine.commands import ExcuseOccurrence, SkipOccurrence, UnskipOccurrence
from tocsin.engine.letting_off import MAX_REASON
from tocsin.jobs.job import JobKey
from tocsin.web.api.inputs import Environment, Name, Who, carry_out, found_job, invalid, key_of
from tocsin.web.api.shapes import DoneShape
from tocsin.web.faults import Fault
from tocsin.web.names import kept_text
from tocsin.web.wall import read_wall_or_instant
from tocsin.web.wiring import Wired

_WRITTEN_AT: Final = "2026-12-24 02:00 or 2026-12-24 in the zone of the job, or an instant with a zone."

Moment = Annotated[str, Field(min_length=1, max_length=50, description=_WRITTEN_AT)]

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


class WhichRun(BaseModel):
    """Which expected run is meant, and why; without `at` the next to skip, or the newest to excuse."""

    model_config = ConfigDict(strict=True, extra="forbid")

    at: Moment | None = None
    reason: Annotated[str, Field(max_length=MAX_REASON)] = ""


class ThisRun(BaseModel):
    """Which expected run is meant."""

    model_config = ConfigDict(strict=True, extra="forbid")

    at: Moment


@router.post("/{environment}/{name}/skip")
def skip_run(wired: Wired, who: Who, environment: Environment, name: Name, body: WhichRun) -> DoneShape:
    """Say that an expected run need not come: it is neither missed nor late."""
    key = key_of(environment, name)
    at = instant_meant(wired, key, body.at)
    return carry_out(
        wired, SkipOccurrence(job=key, who=who, at=at, reason=kept_text(body.reason, MAX_REASON))
    )


@router.post("/{environment}/{name}/unskip")
def unskip_run(wired: Wired, who: Who, environment: Environment, name: Name, body: ThisRun) -> DoneShape:
    """Expect a run again that was skipped and has not come yet."""
    key = key_of(environment, name)
    at = instant_meant(wired, key, body.at)
    if at is None:
        raise invalid("at", "is needed")
    return carry_out(wired, UnskipOccurrence(job=key, who=who, at=at))


@router.post("/{environment}/{name}/excuse")
def excuse_run(wired: Wired, who: Who, environment: Environment, name: Name, body: WhichRun) -> DoneShape:
    """Let an expected run have been missed or late: its alert ends so, and it does not count."""
    key = key_of(environment, name)
    at = instant_meant(wired, key, body.at)
    return carry_out(
        wired, ExcuseOccurrence(job=key, who=who, at=at, reason=kept_text(body.reason, MAX_REASON))
    )


def instant_meant(wired: Wired, key: JobKey, text: str | None) -> datetime | None:
    """Return the instant that is written in the zone of a job, or end the request with why it is none."""
    if text is None:
        return None
    with wired.store.reading() as reading:
        timezone = found_job(reading, key).job.definition.timezone
    found = read_wall_or_instant(text, timezone, "at", of="job")
    if isinstance(found, Fault):
        raise invalid(found.field, found.message)
    return found
