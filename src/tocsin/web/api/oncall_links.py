"""Makes the secret links to calendars of who is on call that `tocsin.web.calendars` opens."""

import secrets
from typing import Final

from fastapi import APIRouter

from tocsin.engine.commands import AddToken
from tocsin.web.api.inputs import Who, carry_out, not_found
from tocsin.web.api.oncall import schedule_named
from tocsin.web.api.shapes import DoneShape
from tocsin.web.calendars import KIND, PATH, PREFIX, RESPONDER, SCHEDULE, links
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.settings import SECRET_BYTES, digest_of
from tocsin.web.wiring import Wired, Wiring

MAX_LINKS: Final = 1_000

router = APIRouter(prefix="/api/v1/oncall", tags=["on-call"])


class LinkShape(DoneShape):
    """A link that was made; its secret is in this answer and nowhere else. Revoke it by its id as a token."""

    path: str
    url: str
    """The whole address; empty where the server does not know under which one it is reached."""


@router.post("/schedules/{name}/link", status_code=201)
def link_schedule(wired: Wired, who: Who, name: str) -> LinkShape:
    """Make a secret link to the calendar of an on-call schedule."""
    return _made(wired, who, SCHEDULE, schedule_named(wired, name).name)


@router.post("/responders/{name}/link", status_code=201)
def link_responder(wired: Wired, who: Who, name: str) -> LinkShape:
    """Make a secret link to the calendar of a responder's shifts in all on-call schedules."""
    if name not in wired.engine.configuration.responders:
        raise ProblemError(not_found(f"There is no responder {name!r}.", "name"))
    return _made(wired, who, RESPONDER, name)


def _made(wired: Wiring, who: str, what: str, name: str) -> LinkShape:
    if len(links(wired)) >= MAX_LINKS:
        message = f"There are {MAX_LINKS} links to calendars; revoke some first."
        raise ProblemError(Problem(status=409, code="conflict", message=message))
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    command = AddToken(kind=KIND, name=f"{what} {name}", digest=digest_of(secret.encode()), who=who)
    done = carry_out(wired, command)
    path = f"{PATH}{secret}.ics"
    base_url = wired.settings.base_url.rstrip("/")
    return LinkShape(
        message=f"a link to the calendar of {what} {name}, made by {who}",
        id=done.id,
        path=path,
        url=f"{base_url}{path}" if base_url else "",
    )
