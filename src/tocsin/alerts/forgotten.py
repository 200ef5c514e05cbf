"""An acknowledgement without an end, after which the same trouble has come again. Pure.

Whoever takes a failure in hand on Tuesday has not taken that of Wednesday in hand.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, AlertState, Reason
from tocsin.jobs.state import JobState
from tocsin.rules.finding import Why

_DEADLINES = (Why.DEADLINE_NEAR, Why.DEADLINE_MISSED)


def forgotten_at(alert: Alert, acknowledged_for: timedelta | None) -> datetime | None:
    """Return when an acknowledgement without an end ends if there was news since; None where it never does.

    What flaps was known to come again when it was taken in hand.
    """
    taken_at = alert.acknowledged_at
    if acknowledged_for is None or taken_at is None or alert.state is not AlertState.ACKNOWLEDGED:
        return None
    return None if alert.acknowledged_until is not None or alert.flapping else taken_at + acknowledged_for


def forget(alert: Alert, state: JobState, now: datetime, acknowledged_for: timedelta | None) -> Change:
    """Return an alert that fires again if its acknowledgement is old and the trouble has come again."""
    at, taken_at = forgotten_at(alert, acknowledged_for), alert.acknowledged_at
    if at is None or taken_at is None or now < at or not _has_come_again(alert, state, taken_at, now):
        return Change(alert=alert, reason=Reason.UNCHANGED)
    fires = replace(
        alert,
        state=AlertState.FIRING,
        acknowledged_at=None,
        acknowledged_by="",
        last_taken_by=alert.acknowledged_by,
        last_taken_at=taken_at,
        due_again_at=now,
        changed_at=now,
    )
    return Change(alert=fires, reason=Reason.ACKNOWLEDGEMENT_ENDED)


def _has_come_again(alert: Alert, state: JobState, since_at: datetime, now: datetime) -> bool:
    """Whether what an alert is about has befallen a run, or an expected one, that came later."""
    if alert.why in (Why.FAILED, Why.RETRY_MISSING):
        failures = (run for run in state.failures if run.backfill is alert.backfill)
        return any(run.order_at > since_at and run.bad_at > since_at for run in failures)
    later = [one for one in state.occurrences if one.nominal_at > since_at]
    if alert.why is Why.NOT_STARTED:
        return any(one.status.is_missed for one in later)
    if alert.why in _DEADLINES:
        return any(one.deadline_at is not None and one.deadline_at <= now for one in later)
    runs = ((run.key, run.order_at) for run in (*state.open_runs, *state.failures))
    ended = ((one.run, one.order_at) for one in state.recent)
    return any(key == alert.run and at > since_at for key, at in (*runs, *ended))
