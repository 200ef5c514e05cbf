"""What a person's word makes of an alert: taken in hand, put off, declared over."""

from datetime import datetime

from msgspec.structs import replace

from tocsin.alerts.advance import Change, acknowledge, resolve
from tocsin.alerts.alert import Alert, AlertState, Reason, SnoozeEnd
from tocsin.alerts.drill import DRILL
from tocsin.alerts.snooze import LONGEST, snooze
from tocsin.engine.commands import (
    Acknowledge,
    Done,
    Refusal,
    Refused,
    Resolve,
    Result,
    Snooze,
)
from tocsin.engine.draft import Draft
from tocsin.engine.escalating import voice
from tocsin.jobs.defining import forgive
from tocsin.jobs.set_back import state_at
from tocsin.rules.facts import forgiven_as
from tocsin.rules.wording import clock_time

_ENDS = {SnoozeEnd.NEXT_RUN: "its next run has ended", SnoozeEnd.NEXT_SUCCESS: "its next run that succeeds"}


def on_alert(draft: Draft, command: Acknowledge | Snooze | Resolve) -> Result:
    """Carry out one command about one alert."""
    found = draft.writing.alert(command.alert_id)
    if found is None:
        return Refused(reason=Refusal.NOT_FOUND, message=f"there is no alert {command.alert_id!r}")
    fault = None if isinstance(command, Resolve) else fault_of(command.until_at, draft.now)
    if fault is not None:
        return Refused(reason=Refusal.INVALID, message=fault)
    draft.load(draft.writing.watches_by_id([found.job_id]))
    alert = next((a for a in draft.alerts_of(found.job_id) if a.id == found.id), found)
    match command:
        case Acknowledge():
            return acknowledge_one(draft, alert, command)
        case Snooze():
            return _snooze(draft, alert, command)
        case Resolve():
            return resolve_one(draft, alert, command)


def take(draft: Draft, change: Change, who: str, note: str = "") -> None:
    """Take up a change of an alert, and whatever is to be said of it."""
    alert = change.alert
    draft.take(alert.job_id, voice(change, draft.book, draft.gathering, draft.now, who=who, note=note))


def fault_of(until_at: datetime | None, now: datetime) -> str | None:
    """Return why nobody can have something in hand until then, or None."""
    if until_at is not None and not now < until_at <= now + LONGEST:
        return f"it must end in the future, and within {LONGEST.days} days"
    return None


def acknowledge_one(draft: Draft, alert: Alert, command: Acknowledge) -> Result:
    """Take one alert in hand that is locked."""
    change = acknowledge(alert, command.who, draft.now, until_at=command.until_at)
    if change.reason is Reason.UNCHANGED:
        return Done(message=_already(alert, command.who), id=alert.id)
    until = f"until {clock_time(command.until_at, alert.timezone)}" if command.until_at is not None else ""
    take(draft, change, command.who, ": ".join(part for part in (until, command.note) if part))
    _look_by(draft, alert.job_id, draft.now if alert.condition == DRILL else command.until_at)
    if until:
        return Done(message=f"acknowledged {until}; then it is told again if it still holds", id=alert.id)
    return Done(message="acknowledged; it is not repeated unless it gets worse or comes again", id=alert.id)


def _snooze(draft: Draft, alert: Alert, command: Snooze) -> Result:
    if command.end is SnoozeEnd.TIME and command.until_at is None:
        return Refused(reason=Refusal.INVALID, message="say until when it is put off")
    change = snooze(alert, command.who, draft.now, end=command.end, until_at=command.until_at)
    if change.reason is Reason.UNCHANGED or change.alert.snooze is None:
        return Done(message=f"{_already(alert, command.who)}, so there is nothing to put off", id=alert.id)
    until_at = change.alert.snooze.until_at
    latest = clock_time(until_at, alert.timezone)
    ends = _ENDS.get(command.end)
    until = f"until {ends}, at most until {latest}" if ends else f"until {latest}"
    take(draft, change, command.who, ": ".join(part for part in (until, command.note) if part))
    _look_by(draft, alert.job_id, draft.now if alert.condition == DRILL else until_at)
    return Done(message=f"snoozed {until}; it is told at once if it gets worse", id=alert.id)


def resolve_one(draft: Draft, alert: Alert, command: Resolve) -> Result:
    """Declare one alert over that is locked."""
    change = resolve(alert, Reason.RESOLVED_BY_HAND, command.who, draft.now)
    if change.reason is Reason.UNCHANGED:
        return Done(message=_already(alert, command.who), id=alert.id)
    take(draft, change, command.who, command.note)
    watch = draft.watches.get(alert.job_id)
    if watch is not None:
        condition = forgiven_as(alert.condition, of_backfills=alert.backfill)
        state = forgive(state_at(watch.state, draft.now), condition, draft.now)
        draft.watches[alert.job_id] = replace(watch, state=state, due_at=draft.now)
    return Done(message=f"resolved; {alert.job} is judged by what happens from now on", id=alert.id)


def _already(alert: Alert, who: str) -> str:
    """Return by whom and when it was done before: a good run resolves under nobody's name."""
    if alert.state is AlertState.RESOLVED:
        done, by, at = "resolved", alert.resolved_by, alert.resolved_at
    else:
        done, by, at = "acknowledged", alert.acknowledged_by, alert.acknowledged_at
    when = f" at {clock_time(at, alert.timezone)}" if at is not None else ""
    if not by:
        return f"it was {done} already{when}"
    return f"{'you' if by == who else by} {done} it already{when}"


def _look_by(draft: Draft, job_id: int, at: datetime | None) -> None:
    """See to it that the job is looked at when what was put off is due again."""
    watch = draft.watches.get(job_id)
    if watch is not None and at is not None and (watch.due_at is None or watch.due_at > at):
        draft.watches[job_id] = replace(watch, due_at=at)
