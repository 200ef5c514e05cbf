"""Calendars of who is on call behind secret links: for calendar applications, which cannot log in.

Such a link opens one calendar to be read, and nothing else, for whoever has it, until it is revoked. Only
the digest of its secret is kept, beside those of the credentials, so that it is shown once.
"""

import hmac
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from tocsin.oncall.schedule import OnCallSchedule
from tocsin.store.rows import Token
from tocsin.web.api.oncall import calendar_of
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.settings import digest_of
from tocsin.web.wiring import Wired, Wiring

KIND: Final = "calendar"
"""The kind of credential that opens one calendar and nothing else."""
PATH: Final = "/calendars/"
PREFIX: Final = "tcs_ca_"
MAX_SECRET: Final = 100
RESPONDER: Final = "responder"
SCHEDULE: Final = "schedule"

_NO_SUCH: Final = Problem(
    status=404,
    code="not_found",
    message="This link opens no calendar: it is not whole, was revoked, or what it was made for is gone.",
)

router = APIRouter(prefix=PATH.rstrip("/"), include_in_schema=False)


@router.get("/{secret}.ics", response_class=Response)
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


def links(wired: Wiring) -> list[Token]:
    """Return the links that are not revoked."""
    with wired.store.reading() as reading:
        return [token for token in reading.tokens() if token.kind == KIND]


def _opened_by(wired: Wiring, secret: str) -> Token | None:
    """Return the link of a secret; the store is asked each time, so that a revoked one opens nothing."""
    digest = digest_of(secret.encode())
    found = [token for token in links(wired) if hmac.compare_digest(token.digest, digest)]
    return found[0] if found else None
