"""What people say of runs: that one tells nothing, was expected to be so, or is the new normal."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from tocsin.engine.commands import TeachRun
from tocsin.engine.teaching import MAX_NOTE
from tocsin.jobs.run import Meaning
from tocsin.web.api.inputs import Environment, Name, Who, carry_out, key_of
from tocsin.web.api.shapes import DoneShape
from tocsin.web.names import kept_text
from tocsin.web.wiring import Wired

MAX_RUN: Final = 200
ORDINARY: Final = "ordinary"

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


class WhatOfARun(BaseModel):
    """Which run is meant, and what it tells; `ordinary` takes back what was said of it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    run: Annotated[str, Field(min_length=1, max_length=MAX_RUN)]
    meaning: Literal["expected", "excluded", "new_normal", "ordinary"]
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""


@router.post("/{environment}/{name}/teach")
def teach_run(wired: Wired, who: Who, environment: Environment, name: Name, body: WhatOfARun) -> DoneShape:
    """Say what a run tells of what is normal: an alert about how long it takes ends with that reason."""
    return carry_out(
        wired,
        TeachRun(
            job=key_of(environment, name),
            run=body.run,
            who=who,
            meaning=meaning_of(body.meaning),
            note=kept_text(body.note, MAX_NOTE),
        ),
    )


def meaning_of(word: str) -> Meaning | None:
    """Return what is meant by a word of the wire; None takes back what was said."""
    return None if word == ORDINARY else Meaning(word)
