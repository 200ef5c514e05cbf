"""Secret links to calendars of who is on call: for calendar applications, which cannot log in.

Such a link opens one calendar to be read, and nothing else, for whoever has it, until it is revoked. Only
the digest of its secret is kept, beside those of the credentials, so that it is shown once.
"""

import hmac
import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from tocsin.engine.commands import AddToken
from tocsin.oncall.schedule import OnCallSchedule
from tocsin.store.rows import Token
from tocsin.web.api.inputs import Who, carry_out, not_found
from tocsin.web.api.oncall import calendar_of, schedule_named
from tocsin.web.api.shapes import DoneShape
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.settings import SECRET_BYTES, digest_of
from tocsin.web.wiring import Wired, Wiring

KIND: Final = "calendar"
"""The kind of credential that opens one calendar and nothing else."""
PATH: Final = "/calendars/"
PREFIX: Final = "tcs_ca_"
MAX_SECRET: Final = 100
MAX_LINKS: Final = 1_000
RESPONDER: Final = "responder"
SCHEDULE: Final = "schedule"

_NO_SUCH: Final = Problem(
    status=404,
    code="not_found",
    message="This link opens no calendar: it is not whole, was revoked, or what it was made for is gone.",
)

router = APIRouter(prefix="/api/v1/oncall", tags=["on-call"])
open_router = APIRouter(prefix=PATH.rstrip("/"), include_in_schema=False)


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


@open_router.get("/{secret}.ics", response_class=Response)
def read_link(wired: Wired, secret: Annotated[str, Path(max_length=MAX_SECRET)]) -> Response:
    """Write the calendar that the link was made for; nobody's addresses stand in it."""
    found = _opened_by(wired, secret)
    what, _, name = ("", "", "") if found is None else found.name.partition(" ")
    configuration = wired.engine.configuration
    if what == SCHEDULE and name in configuration.on_call_schedules:
        schedules: tuple[OnCallSchedule, ...] = (configuration.on_call_schedules[name],)
        return calendar_of(wired, f"On call: {name}", schedules, None, {})
    if what == RESPONDER and name in configuration.responders:
        schedules = tuple(schedule for _, schedule in sorted(configuration.on_call_schedules.items()))
        return calendar_of(wired, f"On call: {name}", schedules, name, {})
    raise ProblemError(_NO_SUCH)


def _links(wired: Wiring) -> list[Token]:
    with wired.store.reading() as reading:
        return [token for token in reading.tokens() if token.kind == KIND]


def _opened_by(wired: Wiring, secret: str) -> Token | None:
    """Return the link of a secret; the store is asked each time, so that a revoked one opens nothing."""
    digest = digest_of(secret.encode())
    found = [token for token in _links(wired) if hmac.compare_digest(token.digest, digest)]
    return found[0] if found else None


def _made(wired: Wiring, who: str, what: str, name: str) -> LinkShape:
    if len(_links(wired)) >= MAX_LINKS:
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
