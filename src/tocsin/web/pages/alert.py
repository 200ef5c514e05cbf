"""The pages of alerts: one with everything that happened to it, and the list of all."""

from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from tocsin.alerts.alert import AlertState, SnoozeEnd
from tocsin.alerts.muting import muted
from tocsin.engine.commands import Acknowledge, Resolve, Snooze
from tocsin.engine.voicing import labels_of
from tocsin.engine.wording import words_of_alike, words_of_cause
from tocsin.web.api.alerts import MAX_NOTE, found_alert
from tocsin.web.api.explanations import explanation_of_alert
from tocsin.web.api.inputs import Cursor, carry_out, invalid, read_cursor, write_cursor
from tocsin.web.names import kept_text
from tocsin.web.pages.rendering import render
from tocsin.web.pages.silences import LENGTHS, draft_for_alert
from tocsin.web.pages.teaching import MEANINGS
from tocsin.web.pages.visitor import Form, Visitor, back_to
from tocsin.web.pages.words import alert_path
from tocsin.web.wiring import Wired

LISTED: Final = 100
PUTS_OFF: Final = (
    ("next_run", "its next run"),
    ("next_success", "its next success"),
    ("60", "1 hour"),
    ("240", "4 hours"),
    ("1440", "a day"),
)

router = APIRouter(include_in_schema=False)


@router.get("/alerts")
def show_alerts(wired: Wired, who: Visitor, cursor: Cursor = None) -> HTMLResponse:
    """List what is over, newest first."""
    place = read_cursor(cursor, 1)
    try:
        before = None if place is None else datetime.fromisoformat(place[0])
    except ValueError:
        raise invalid("cursor", "is not one that a page before has given") from None
    with wired.store.reading() as reading:
        found = reading.alerts(states=(AlertState.RESOLVED,), before=before, limit=LISTED + 1)
    shown = found[:LISTED]
    return render(
        wired,
        "alerts.html",
        who=who,
        alerts=shown,
        following=write_cursor(shown[-1].opened_at.isoformat()) if len(found) > LISTED else None,
    )


@router.get("/alerts/{alert_id}")
def show_alert(wired: Wired, who: Visitor, alert_id: str) -> HTMLResponse:
    """Show one alert with its history and its deliveries."""
    now = wired.clock.now()
    with wired.store.reading() as reading:
        alert = found_alert(reading, alert_id)
        history = reading.history(alert_id)
        notifications = reading.notifications(alert_id)
        tries = reading.deliveries([notification.key for notification in notifications])
        silences = reading.silences(ended_since=now)
        why = explanation_of_alert(wired, reading, alert)
    windows = wired.engine.configuration.maintenance
    return render(
        wired,
        "alert.html",
        who=who,
        alert=alert,
        likely_cause=words_of_cause(alert),
        same_error="" if alert.alike is None else words_of_alike(alert.alike),
        puts_off=PUTS_OFF,
        meanings=MEANINGS,
        draft=draft_for_alert(alert, alert_path(alert_id)),
        lengths=LENGTHS,
        silence_zone=wired.engine.configuration.defaults.timezone,
        mute=muted(silences, windows, labels_of(alert), now) if alert.is_open else None,
        history=history,
        why=why,
        notifications=[(one, [t for t in tries if t.key == one.key]) for one in notifications],
    )


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(wired: Wired, who: Visitor, alert_id: str, form: Form) -> Response:
    """Take an alert in hand."""
    carry_out(wired, Acknowledge(alert_id=alert_id, who=who, note=kept_text(form.get("note", ""), MAX_NOTE)))
    return back_to(form, alert_path(alert_id))


@router.post("/alerts/{alert_id}/snooze")
def snooze(wired: Wired, who: Visitor, alert_id: str, form: Form) -> Response:
    """Put an alert off."""
    until = form.get("until", "")
    if until not in dict(PUTS_OFF):
        raise invalid("until", "is none that the page offers")
    end = SnoozeEnd.TIME if until.isdigit() else SnoozeEnd(until)
    until_at = wired.clock.now() + timedelta(minutes=int(until)) if end is SnoozeEnd.TIME else None
    carry_out(wired, Snooze(alert_id=alert_id, who=who, end=end, until_at=until_at))
    return back_to(form, alert_path(alert_id))


@router.post("/alerts/{alert_id}/resolve")
def resolve(wired: Wired, who: Visitor, alert_id: str, form: Form) -> Response:
    """Declare the trouble over."""
    carry_out(wired, Resolve(alert_id=alert_id, who=who, note=kept_text(form.get("note", ""), MAX_NOTE)))
    return back_to(form, alert_path(alert_id))
