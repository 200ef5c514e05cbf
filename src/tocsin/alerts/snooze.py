"""Putting an alert off: an acknowledgement with an end, and the snooze; and how both come to an end."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, AlertState, Reason, Snooze, SnoozeEnd
from tocsin.jobs.run import RunStatus
from tocsin.jobs.state import JobState

LONGEST: Final = timedelta(days=366)
LONGEST_WAIT_FOR_A_RUN: Final = timedelta(days=7)


def snooze(alert: Alert, who: str, now: datetime, *, end: SnoozeEnd, until_at: datetime | None) -> Change:
    """Return a firing alert that is not told again before `end`, unless it gets worse.

    `until_at` is needed for SnoozeEnd.TIME. The others end by what the job does, or after
    LONGEST_WAIT_FOR_A_RUN, for a job that never runs again must not keep an alert silent for ever.
    """
    if alert.state is not AlertState.FIRING:
        return Change(alert=alert, reason=Reason.UNCHANGED)
    latest_at = now + (LONGEST if end is SnoozeEnd.TIME else LONGEST_WAIT_FOR_A_RUN)
    ends_at = latest_at if until_at is None else min(until_at, latest_at)
    put_off = Snooze(by=who, at=now, end=end, until_at=ends_at)
    return Change(alert=replace(alert, snooze=put_off, changed_at=now), reason=Reason.SNOOZED)


def lapse(alert: Alert, state: JobState, now: datetime) -> Change:
    """Return an open alert after whatever put it off has ended; it is then told again at once."""
    until_at = alert.acknowledged_until
    if alert.state is AlertState.ACKNOWLEDGED and until_at is not None and until_at <= now:
        fires = replace(
            alert,
            state=AlertState.FIRING,
            acknowledged_at=None,
            acknowledged_by="",
            acknowledged_until=None,
            due_again_at=until_at,
            changed_at=now,
        )
        return Change(alert=fires, reason=Reason.ACKNOWLEDGEMENT_ENDED)
    if alert.is_open and alert.snooze is not None:
        ended_at = _ended_at(alert.snooze, state, now)
        if ended_at is not None:
            fires = replace(alert, snooze=None, due_again_at=ended_at, changed_at=now)
            return Change(alert=fires, reason=Reason.SNOOZE_ENDED)
    return Change(alert=alert, reason=Reason.UNCHANGED)


def _ended_at(put_off: Snooze, state: JobState, now: datetime) -> datetime | None:
    if put_off.until_at <= now:
        return put_off.until_at
    if put_off.end is SnoozeEnd.TIME:
        return None
    runs = (one for one in state.recent if one.is_run and one.at > put_off.at)
    if put_off.end is SnoozeEnd.NEXT_RUN:
        return min((one.at for one in runs), default=None)
    return min((one.at for one in runs if one.status is RunStatus.SUCCESS), default=None)
