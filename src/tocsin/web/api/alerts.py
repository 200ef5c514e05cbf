"""Alerts: what is wrong now, what was, and who has it in hand."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tocsin.alerts.alert import Alert, AlertState, SnoozeEnd
from tocsin.alerts.snooze import LONGEST
from tocsin.engine.commands import Acknowledge, Resolve, Snooze
from tocsin.store.base import Reading
from tocsin.web.api.climbing import AlertWithClimb, with_climb
from tocsin.web.api.describing import alert_shape, whole_alert_shape
from tocsin.web.api.inputs import (
    Cursor,
    Limit,
    Who,
    carry_out,
    invalid,
    not_found,
    read_cursor,
    write_cursor,
)
from tocsin.web.api.shape import Page
from tocsin.web.api.shapes import AlertShape, DoneShape
from tocsin.web.faults import ProblemError
from tocsin.web.names import kept_text
from tocsin.web.wiring import Wired

MAX_NOTE: Final = 1_000
OPEN: Final = (AlertState.FIRING, AlertState.ACKNOWLEDGED)

Minutes = Annotated[float, Field(gt=0, le=LONGEST / timedelta(minutes=1), allow_inf_nan=False)]

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])


class Wanted(Enum):
    """Which alerts are listed."""

    OPEN = "open"
    ALL = "all"


class Note(BaseModel):
    """What the person who acts wants to leave for the others."""

    model_config = ConfigDict(strict=True, extra="forbid")

    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""


class Acknowledgement(Note):
    """Give `until` or `for_minutes` if you cannot promise to have it in hand for longer."""

    model_config = ConfigDict(strict=False, extra="forbid", use_attribute_docstrings=True)

    until: AwareDatetime | None = None
    """When it fires again if it still holds."""
    for_minutes: Minutes | None = None


class PutOff(Note):
    """Until when; give `until` or `for_minutes`."""

    model_config = ConfigDict(strict=False, extra="forbid", use_attribute_docstrings=True)

    until: Literal["next_run", "next_success"] | AwareDatetime | None = None
    """An instant, or what the job has to do; after 7 days it ends in any case then."""
    for_minutes: Minutes | None = None


def end_of(until: datetime | None, for_minutes: float | None, now: datetime) -> datetime | None:
    """Return the instant that a body means, None if it means none, or end the request with 422."""
    if until is not None and for_minutes is not None:
        raise invalid("for_minutes", "says the same as until; keep one of the two")
    if for_minutes is not None:
        return now + timedelta(minutes=for_minutes)
    if until is not None and not now < until <= now + LONGEST:
        raise invalid("until", f"must lie in the future, and within {LONGEST.days} days")
    return until


def _kept(body: Note | None) -> str:
    return kept_text(body.note, MAX_NOTE) if body else ""


@router.get("")
def list_alerts(
    wired: Wired,
    _: Who,
    state: Annotated[Wanted, Query(description="`open` or `all`.")] = Wanted.OPEN,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AlertShape]:
    """List alerts: open ones, most severe first; with `state=all` then the resolved ones, newest first."""
    before = _before(cursor)
    with wired.store.reading() as reading:
        found = [] if before else reading.alerts(states=OPEN, limit=limit)
        shown, following = found[:limit], None
        if state is Wanted.ALL:
            shown, following = _with_resolved(reading, shown, before, limit)
    return Page(items=[alert_shape(alert) for alert in shown], next=following)


def _with_resolved(
    reading: Reading, shown: list[Alert], before: datetime | None, limit: int
) -> tuple[list[Alert], str | None]:
    resolved = reading.alerts(states=(AlertState.RESOLVED,), before=before, limit=limit - len(shown) + 1)
    page = (shown + resolved)[:limit]
    if len(shown) + len(resolved) <= limit or not page or page[-1].state is not AlertState.RESOLVED:
        return page, None
    return page, write_cursor(page[-1].opened_at.isoformat())


def _before(cursor: str | None) -> datetime | None:
    place = read_cursor(cursor, 1)
    try:
        return None if place is None else datetime.fromisoformat(place[0])
    except ValueError:
        raise invalid("cursor", "is not one that a page before has given") from None


@router.get("/{alert_id}")
def get_alert(wired: Wired, _: Who, alert_id: str) -> AlertWithClimb:
    """Return one alert with its history and escalation, what was owed to whom, and each try to deliver it."""
    with wired.store.reading() as reading:
        alert = found_alert(reading, alert_id)
        notifications = reading.notifications(alert_id)
        deliveries = reading.deliveries([notification.key for notification in notifications])
        whole = whole_alert_shape(alert, reading.history(alert_id), notifications, deliveries)
        return with_climb(whole, alert)


def found_alert(reading: Reading, alert_id: str) -> Alert:
    """Return an alert, or end the request with 404."""
    alert = reading.alert(alert_id)
    if alert is None:
        raise ProblemError(not_found(f"There is no alert {alert_id[:200]!r}.", "alert_id"))
    return alert


@router.post("/{alert_id}/acknowledge")
def acknowledge_alert(
    wired: Wired, who: Who, alert_id: str, body: Acknowledgement | None = None
) -> DoneShape:
    """Say that you have it in hand, for good or for a time: told again if it gets worse or comes again."""
    until_at = end_of(body.until, body.for_minutes, wired.clock.now()) if body else None
    return carry_out(wired, Acknowledge(alert_id=alert_id, who=who, note=_kept(body), until_at=until_at))


@router.post("/{alert_id}/snooze")
def snooze_alert(wired: Wired, who: Who, alert_id: str, body: PutOff) -> DoneShape:
    """Hear no more of it for a time, or before its next run; judging goes on, and worse is told at once."""
    if isinstance(body.until, str):
        end, until_at = SnoozeEnd(body.until), None
        if body.for_minutes is not None:
            raise invalid("for_minutes", "says something else than until; keep one of the two")
    else:
        end, until_at = SnoozeEnd.TIME, end_of(body.until, body.for_minutes, wired.clock.now())
        if until_at is None:
            raise invalid("until", "is required, or for_minutes instead")
    return carry_out(wired, Snooze(alert_id=alert_id, who=who, end=end, until_at=until_at, note=_kept(body)))


@router.post("/{alert_id}/resolve")
def resolve_alert(wired: Wired, who: Who, alert_id: str, body: Note | None = None) -> DoneShape:
    """Declare the trouble over; everybody who was told hears it, and what led to it counts no longer."""
    return carry_out(wired, Resolve(alert_id=alert_id, who=who, note=_kept(body)))
