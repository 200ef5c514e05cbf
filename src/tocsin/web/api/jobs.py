"""Jobs, their runs and the log of their check-ins."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict

from tocsin.alerts.alert import AlertState
from tocsin.engine.commands import Define, Delete, Pause, Rename, Resume
from tocsin.jobs.job import JobKey, Rank
from tocsin.store.base import Reading
from tocsin.web.api.check_shapes import check_standing_shapes
from tocsin.web.api.describing import job_shape, occurrences_shape, run_shape
from tocsin.web.api.inputs import (
    MAX_ITEMS,
    Cursor,
    Environment,
    Limit,
    Name,
    Who,
    carry_out,
    checked_name,
    found_job,
    invalid,
    key_of,
    not_found,
    read_cursor,
    write_cursor,
)
from tocsin.web.api.log_shapes import LogLineShape, log_line_shape
from tocsin.web.api.occurrence_shapes import OccurrencesShape
from tocsin.web.api.outlook_shapes import ForeseenJobShape, foreseen_job_shape
from tocsin.web.api.shape import Page
from tocsin.web.api.shapes import DoneShape, JobShape, RunShape
from tocsin.web.definition import read_definition
from tocsin.web.faults import Fault, ProblemError
from tocsin.web.foreseen import foreseen_end
from tocsin.web.wire import DefinitionBody
from tocsin.web.wiring import Wired

OPEN: Final = (AlertState.FIRING, AlertState.ACKNOWLEDGED)

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


class NewName(BaseModel):
    """The name that a job gets."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str


@router.get("")
def list_jobs(
    wired: Wired,
    _: Who,
    limit: Limit = 100,
    cursor: Cursor = None,
    search: Annotated[str, Query(max_length=200, description="Part of the name.")] = "",
) -> Page[JobShape]:
    """List the jobs that are watched, in order of environment and name."""
    place = read_cursor(cursor, 2)
    after = None if place is None else JobKey(place[0], place[1])
    now, known = wired.clock.now(), wired.engine.configuration.known_failures
    with wired.store.reading() as reading:
        watches = reading.jobs(after=after, limit=limit + 1, search=search)
        alerting = open_alerts_by_job(reading, (watch.job.id for watch in watches if watch.alerting))
    shown = watches[:limit]
    return Page(
        items=[job_shape(watch, alerting[watch.job.id], now, known) for watch in shown],
        next=write_cursor(*shown[-1].job.key) if len(watches) > limit else None,
    )


def open_alerts_by_job(reading: Reading, job_ids: Iterable[int]) -> Counter[int]:
    """Return how many open alerts each of these jobs has; jobs without any may be left out."""
    wanted = set(job_ids)
    if not wanted:
        return Counter()
    alerts = reading.alerts(states=OPEN, limit=MAX_ITEMS)
    if len(alerts) == MAX_ITEMS:
        alerts = [
            one for job_id in wanted for one in reading.alerts(states=OPEN, job_id=job_id, limit=MAX_ITEMS)
        ]
    return Counter(alert.job_id for alert in alerts)


@router.get("/{environment}/{name}")
def get_job(wired: Wired, _: Who, environment: Environment, name: Name) -> ForeseenJobShape:
    """Return one job, how it stands and what is promised of it."""
    with wired.store.reading() as reading:
        watch = found_job(reading, key_of(environment, name))
        alerting, now = open_alerts_by_job(reading, [watch.job.id]), wired.clock.now()
        outlook = foreseen_end(reading, watch, now)
    known = wired.engine.configuration.known_failures
    job = job_shape(watch, alerting[watch.job.id], now, known)
    return foreseen_job_shape(job, outlook, check_standing_shapes(watch, now))


@router.get("/{environment}/{name}/runs")
def list_runs(
    wired: Wired, _: Who, environment: Environment, name: Name, limit: Limit = 100
) -> Page[RunShape]:
    """List the newest runs of a job, newest first."""
    with wired.store.reading() as reading:
        job_id = found_job(reading, key_of(environment, name)).job.id
        runs = reading.recent_runs([job_id], limit).get(job_id, [])
    known = wired.engine.configuration.known_failures
    return Page(items=[run_shape(run, known) for run in runs])


@router.get("/{environment}/{name}/occurrences")
def list_occurrences(
    wired: Wired, _: Who, environment: Environment, name: Name, limit: Limit = 100
) -> OccurrencesShape:
    """List the newest expected runs of a job with what became of them, newest first, and how many came."""
    with wired.store.reading() as reading:
        job_id = found_job(reading, key_of(environment, name)).job.id
        occurrences = reading.recent_occurrences([job_id], limit).get(job_id, [])
    return occurrences_shape(occurrences)


@router.get("/{environment}/{name}/runs/{run}")
def get_run(wired: Wired, _: Who, environment: Environment, name: Name, run: str) -> RunShape:
    """Return one run of a job; its id percent-encoded."""
    from_path = unquote(run)
    with wired.store.reading() as reading:
        found = reading.run(found_job(reading, key_of(environment, name)).job.id, from_path)
    if found is None:
        raise ProblemError(not_found(f"The job has no run {from_path!r}, or it is no longer kept.", "run"))
    return run_shape(found, wired.engine.configuration.known_failures)


@router.get("/{environment}/{name}/check-ins")
def list_check_ins(
    wired: Wired, _: Who, environment: Environment, name: Name, limit: Limit = 100, cursor: Cursor = None
) -> Page[LogLineShape]:
    """List the check-ins of a job as they were kept, newest first."""
    place = read_cursor(cursor, 1)
    if place is not None and not place[0].isdecimal():
        raise invalid("cursor", "is not one that a page before has given")
    before = None if place is None else int(place[0])
    with wired.store.reading() as reading:
        lines = reading.log(
            found_job(reading, key_of(environment, name)).job.id, before=before, limit=limit + 1
        )
    shown = lines[:limit]
    return Page(
        items=[log_line_shape(line) for line in shown],
        next=write_cursor(str(shown[-1].id)) if len(lines) > limit else None,
    )


@router.post("/{environment}/{name}/pause")
def pause_job(wired: Wired, who: Who, environment: Environment, name: Name) -> DoneShape:
    """Judge a job no more until it is resumed; its open alerts are resolved, which the answer says."""
    return carry_out(wired, Pause(job=key_of(environment, name), who=who))


@router.post("/{environment}/{name}/resume")
def resume_job(wired: Wired, who: Who, environment: Environment, name: Name) -> DoneShape:
    """Judge a job again, from now on."""
    return carry_out(wired, Resume(job=key_of(environment, name), who=who))


@router.post("/{environment}/{name}/rename")
def rename_job(wired: Wired, who: Who, environment: Environment, name: Name, body: NewName) -> DoneShape:
    """Give a job another name within its environment; its runs and alerts stay with it."""
    return carry_out(
        wired, Rename(job=key_of(environment, name), name=checked_name(body.name, "name"), who=who)
    )


@router.put("/{environment}/{name}/definition")
def define_job(
    wired: Wired, who: Who, environment: Environment, name: Name, body: Annotated[DefinitionBody, Body()]
) -> DoneShape:
    """Say what is promised of a job, in the keys of the configuration file; the whole definition is replaced.

    Refused with 409 where the file defines the job: file over API over check-in.
    """
    key = key_of(environment, name)
    checked = JobKey(checked_name(key.environment, "environment"), checked_name(key.name, "name"))
    definition = read_definition(body, defaults=wired.engine.configuration.defaults, rank=Rank.API)
    if isinstance(definition, Fault):
        raise invalid(definition.field, definition.message)
    return carry_out(wired, Define(job=checked, definition=definition, who=who))


@router.delete("/{environment}/{name}")
def delete_job(wired: Wired, who: Who, environment: Environment, name: Name) -> DoneShape:
    """Forget a job with its runs and check-ins; its open alerts are resolved and stay as history.

    A job that checks in again is registered again.
    """
    return carry_out(wired, Delete(job=key_of(environment, name), who=who))
