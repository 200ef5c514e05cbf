"""Buttons on the page of a job by which an expected run is skipped, expected again or excused."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from tocsin.engine.commands import Command, ExcuseOccurrence, SkipOccurrence, UnskipOccurrence
from tocsin.jobs.job import JobKey
from tocsin.web.api.inputs import Environment, Name, carry_out, invalid, key_of
from tocsin.web.api.letting_off import instant_meant
from tocsin.web.pages.visitor import Form, Visitor, back_to
from tocsin.web.pages.words import job_path
from tocsin.web.wiring import Wired

MAX_AT: Final = 50

router = APIRouter(include_in_schema=False)


@router.post("/jobs/{environment}/{name}/skip")
def skip_run(wired: Wired, who: Visitor, environment: Environment, name: Name, form: Form) -> Response:
    """Say that an expected run need not come."""
    key = key_of(environment, name)
    at = instant_meant(wired, key, _at(form))
    return _done(wired, key, form, SkipOccurrence(job=key, who=who, at=at))


@router.post("/jobs/{environment}/{name}/unskip")
def unskip_run(wired: Wired, who: Visitor, environment: Environment, name: Name, form: Form) -> Response:
    """Expect a run again that was skipped."""
    key = key_of(environment, name)
    at = instant_meant(wired, key, _at(form))
    if at is None:
        raise invalid("at", "is needed")
    return _done(wired, key, form, UnskipOccurrence(job=key, who=who, at=at))


@router.post("/jobs/{environment}/{name}/excuse")
def excuse_run(wired: Wired, who: Visitor, environment: Environment, name: Name, form: Form) -> Response:
    """Let an expected run have been missed or late."""
    key = key_of(environment, name)
    at = instant_meant(wired, key, _at(form))
    return _done(wired, key, form, ExcuseOccurrence(job=key, who=who, at=at))


def _at(form: dict[str, str]) -> str | None:
    return form.get("at", "")[:MAX_AT] or None


def _done(wired: Wired, key: JobKey, form: dict[str, str], command: Command) -> Response:
    carry_out(wired, command)
    return back_to(form, job_path(*key))
