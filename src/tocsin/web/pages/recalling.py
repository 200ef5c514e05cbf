"""The page that says of all alerts who was told, when, by which way, and why not."""

from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from tocsin.engine.recalling import Outcome
from tocsin.web.api.history import Wished, cursor_of, recalled, subject_of, what_of
from tocsin.web.api.inputs import Cursor
from tocsin.web.pages.rendering import render
from tocsin.web.pages.visitor import Visitor
from tocsin.web.wiring import Wired

LISTED: Final = 100
OUTCOMES: Final = (
    ("", "anything"),
    (Outcome.TOLD.value, "told"),
    (Outcome.WAITING.value, "waiting to be told"),
    (Outcome.FAILED.value, "not arrived"),
    (Outcome.NOT_TOLD.value, "not told"),
    (Outcome.ACTED.value, "somebody acted"),
    (Outcome.DECIDED.value, "decided"),
)

router = APIRouter(include_in_schema=False)


@router.get("/history")
def show_history(wired: Wired, who: Visitor, wish: Wished, cursor: Cursor = None) -> HTMLResponse:
    """List what was decided and owed, newest first."""
    found = recalled(wired, wish, limit=LISTED, cursor=cursor)
    following = cursor_of(found)
    asked = {"job": wish.job, "environment": wish.environment, "to": wish.to, "outcome": wish.outcome}
    instants = {"since": wish.since, "until": wish.until}
    asked |= {name: at.isoformat() for name, at in instants.items() if at is not None}
    query = {name: value for name, value in asked.items() if value}
    return render(
        wired,
        "history.html",
        who=who,
        wish=wish,
        outcomes=OUTCOMES,
        lines=[(line, what_of(line).replace("_", " "), subject_of(line)) for line in found.lines],
        zone=wired.engine.configuration.defaults.timezone,
        is_asked=bool(query),
        following=urlencode({**query, "cursor": following}) if following else None,
    )
