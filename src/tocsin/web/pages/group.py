"""The page of a group: what a storm is made of, and one button that takes all of it in hand."""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from tocsin.alerts.group import Group, shared_cause
from tocsin.engine.commands import AcknowledgeGroup
from tocsin.engine.storming import how_many_jobs, words_of, words_of_cause
from tocsin.engine.wording import words_of_risk_of_many
from tocsin.rules.wording import plural
from tocsin.web.api.alerts import MAX_NOTE
from tocsin.web.api.groups import found_group, take_all
from tocsin.web.api.inputs import Cursor, read_cursor, write_cursor
from tocsin.web.names import kept_text
from tocsin.web.pages.rendering import render
from tocsin.web.pages.visitor import Form, Visitor, back_to
from tocsin.web.pages.words import group_path
from tocsin.web.wiring import Wired

FIRST: Final = 10
LISTED: Final = 100

router = APIRouter(include_in_schema=False)


@router.get("/groups/{group_id}")
def show_group(wired: Wired, who: Visitor, group_id: str, cursor: Cursor = None) -> HTMLResponse:
    """Show one group: how many, since when, what they share, who was told; the first of its alerts."""
    place = read_cursor(cursor, 1)
    listed = FIRST if place is None else LISTED
    with wired.store.reading() as reading:
        group = found_group(reading, group_id)
        found = reading.alerts_of_group(group_id, after=place[0] if place else "", limit=listed + 1)
        notifications = reading.notifications(group_id)
        tries = reading.deliveries([notification.key for notification in notifications])
    shown = found[:listed]
    zone = wired.engine.configuration.defaults.timezone
    return render(
        wired,
        "group.html",
        who=who,
        group=group,
        title=title_of(group),
        cause=cause_of(group),
        at_risk=words_of_risk_of_many(group.at_risk, zone) if group.at_risk is not None else "",
        alerts=shown,
        waits=group.open > group.taken or group.waiting > 0,
        continued=place is not None,
        following=write_cursor(shown[-1].id) if len(found) > listed else None,
        notifications=[(one, [t for t in tries if t.key == one.key]) for one in notifications],
        zone=zone,
    )


def cause_of(group: Group) -> str:
    """Return what most of the alerts of a group share, "" where they share nothing."""
    cause = shared_cause(group)
    return "" if cause is None else words_of_cause(cause, group.total)


def title_of(group: Group) -> str:
    """Return how many alerts a group has ever had, and what has happened to them."""
    if group.total > 1:
        return f"{how_many_jobs(group.total)} {words_of(group)}"
    return f"{plural(group.total, 'alert')} in a group"


@router.post("/groups/{group_id}/acknowledge")
def acknowledge_group(wired: Wired, who: Visitor, group_id: str, form: Form) -> Response:
    """Take all alerts of a group in hand."""
    note = kept_text(form.get("note", ""), MAX_NOTE)
    take_all(wired, AcknowledgeGroup(group_id=group_id, who=who, note=note))
    return back_to(form, group_path(group_id))
