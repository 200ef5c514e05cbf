"""The page behind the link in a mail or chat: one alert or group, and a button that takes it in hand.

Nothing changes by looking at it. Who may press the button is who holds the link, which names the alert and
cannot be guessed, so that no other site can have a browser press it either.
"""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from tocsin.alerts.alert import Alert
from tocsin.alerts.group import Group
from tocsin.engine.commands import Acknowledge, AcknowledgeGroup
from tocsin.notify.inert import line
from tocsin.notify.invitation import PATH, TOKEN_LIMIT, Invitation, Void, unseal
from tocsin.web.api.groups import take_all
from tocsin.web.api.inputs import carry_out, invalid
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.pages.group import cause_of, title_of
from tocsin.web.pages.rendering import render
from tocsin.web.pages.visitor import Form
from tocsin.web.wiring import Wired

MAX_NAME: Final = 100
LENGTHS: Final = (
    ("", "until it is over"),
    ("60", "for 1 hour"),
    ("240", "for 4 hours"),
    ("1440", "for a day"),
)

_FORGED: Final = Problem(
    status=404,
    code="not_found",
    message="This link is not whole, or was not made by this Tocsin. Copy all of it from the message, "
    "or log in and look at the alert there.",
)
_EXPIRED: Final = Problem(
    status=410,
    code="gone",
    message="This link was good for 7 days, and they are over. Log in to see how things stand.",
)
_GONE: Final = Problem(status=404, code="not_found", message="The alert of this link is not kept any more.")

router = APIRouter(prefix=PATH.rstrip("/"), include_in_schema=False)


def _invited(wired: Wired, token: Annotated[str, Path(max_length=TOKEN_LIMIT)]) -> Invitation:
    found = unseal(token, wired.engine.inviting.key, wired.clock.now())
    if isinstance(found, Void):
        raise ProblemError(_EXPIRED if found is Void.EXPIRED else _FORGED)
    return found


Invited = Annotated[Invitation, Depends(_invited)]


@router.get("/{token}")
def show(wired: Wired, token: str, invited: Invited) -> HTMLResponse:
    """Show what can be taken in hand, or who has it already."""
    found, path = _found(wired, invited), f"{PATH}{token}"
    if isinstance(found, Group):
        return render(
            wired,
            "take_group.html",
            who="",
            group=found,
            title=title_of(found),
            cause=cause_of(found),
            zone=wired.engine.configuration.defaults.timezone,
            take_path=path,
            lengths=LENGTHS,
        )
    return render(wired, "take.html", who="", alert=found, take_path=path, lengths=LENGTHS)


@router.post("/{token}")
def take(wired: Wired, token: str, invited: Invited, form: Form) -> Response:
    """Take the alert, or all that was told as one, in hand, and show that."""
    found = _found(wired, invited)
    name = line(form.get("name", ""), MAX_NAME)
    who = (
        f"{name} (by the link sent to {invited.target})" if name else f"who got the link at {invited.target}"
    )
    length = form.get("for_minutes", "")
    if length not in dict(LENGTHS):
        raise invalid("for_minutes", "is none that the page offers")
    until_at = wired.clock.now() + timedelta(minutes=int(length)) if length else None
    if isinstance(found, Group):
        take_all(wired, AcknowledgeGroup(group_id=found.id, who=who, until_at=until_at))
    elif found.is_open:
        carry_out(wired, Acknowledge(alert_id=found.id, who=who, until_at=until_at))
    return RedirectResponse(f"{PATH}{token}", status_code=303)


def _found(wired: Wired, invited: Invitation) -> Alert | Group:
    with wired.store.reading() as reading:
        found = reading.alert(invited.alert_id) or reading.group(invited.alert_id)
    if found is None:
        raise ProblemError(_GONE)
    return found
