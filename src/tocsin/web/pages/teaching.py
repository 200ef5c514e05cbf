"""Buttons by which a person says of a run that it was expected, tells nothing, or is the new normal."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from tocsin.engine.commands import TeachRun
from tocsin.engine.teaching import MAX_NOTE
from tocsin.jobs.run import Meaning
from tocsin.web.api.inputs import Environment, Name, carry_out, invalid, key_of
from tocsin.web.api.teaching import MAX_RUN, ORDINARY, meaning_of
from tocsin.web.names import kept_text
from tocsin.web.pages.visitor import Form, Visitor, back_to
from tocsin.web.pages.words import job_path
from tocsin.web.wiring import Wired

MEANINGS: Final = (
    ("expected", "it was expected to take so long"),
    ("excluded", "it tells nothing: learn nothing from it"),
    ("new_normal", "this is normal from now on"),
)

router = APIRouter(include_in_schema=False)


@router.post("/jobs/{environment}/{name}/teach")
def teach_run(wired: Wired, who: Visitor, environment: Environment, name: Name, form: Form) -> Response:
    """Say what a run tells of what is normal."""
    key, word, run = key_of(environment, name), form.get("meaning", ""), form.get("run", "")
    if word not in {ORDINARY, *(meaning.value for meaning in Meaning)}:
        raise invalid("meaning", "is none that the page offers")
    if not run or len(run) > MAX_RUN:
        raise invalid("run", "is needed")
    note = kept_text(form.get("note", ""), MAX_NOTE)
    carry_out(wired, TeachRun(job=key, run=run, who=who, meaning=meaning_of(word), note=note))
    return back_to(form, job_path(*key))
