"""Which alert of a job speaks for others about the same run, so that one slow run is told once. Pure.

That a run is slow, that it will be late and that it is late are three findings and one trouble. The gravest
speaks; of equals the one that is nearest to a promise, or was there first. A broken promise is always told.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, Reason
from tocsin.alerts.inhibition import Inhibited, Inhibitor
from tocsin.rules.finding import Why

RESTS_FOR: Final = timedelta(hours=30)
"""How long a run that was slow rests after what spoke for it is over: beyond the next night."""

_HANGS: Final = frozenset({Why.NO_HEARTBEAT, Why.NO_PROGRESS, Why.NO_END})
_FAILED: Final = frozenset({Why.FAILED, Why.RETRY_MISSING})
_NEAR: Final = frozenset({Why.DEADLINE_NEAR, Why.DURATION_NEAR})
_BROKEN: Final = frozenset({Why.DEADLINE_MISSED, Why.DURATION_EXCEEDED})
_SPEAK_FOR: Final = {
    Why.UNUSUALLY_SLOW: frozenset({Why.DEADLINE_AT_RISK}) | _NEAR | _BROKEN | _HANGS | _FAILED,
    Why.DEADLINE_AT_RISK: frozenset({Why.NOT_STARTED}) | _NEAR | _BROKEN | _HANGS | _FAILED,
    Why.DEADLINE_NEAR: frozenset({Why.NOT_STARTED, Why.DEADLINE_AT_RISK}) | _HANGS | _FAILED,
    Why.DURATION_NEAR: frozenset({Why.DEADLINE_AT_RISK}) | _HANGS,
}
_TURN: Final = {Why.DEADLINE_NEAR: 1, Why.DURATION_NEAR: 1, Why.DEADLINE_AT_RISK: 2, Why.UNUSUALLY_SLOW: 3}


def can_be_spoken_for(alert: Alert) -> bool:
    """Whether there are alerts of the same job that would say more of the same run."""
    return alert.why in _SPEAK_FOR


def in_turn(changes: Iterable[Change]) -> list[Change]:
    """Return the changes of a look, those that may speak for others before these, else as they come."""
    return sorted(changes, key=lambda one: _TURN.get(one.alert.why, 0) if one.alert.is_open else 0)


def speakers_for(alert: Alert, others: Iterable[Alert]) -> tuple[Alert, ...]:
    """Return the open alerts of the same job that say more of the same run, the oldest first.

    None of them is milder, muted itself, or held open through a good run because it flaps.
    """
    reasons = _SPEAK_FOR.get(alert.why)
    if reasons is None:
        return ()
    found = [
        one
        for one in others
        if one.is_open
        and one.id != alert.id
        and one.why in reasons
        and one.severity >= alert.severity
        and one.backfill is alert.backfill
        and not one.is_between
        and not (one.inhibited is not None and one.inhibited.is_by_another)
        and _is_of_same_run(one, alert)
    ]
    return tuple(sorted(found, key=lambda one: (one.opened_at, one.id)))


def _is_of_same_run(one: Alert, alert: Alert) -> bool:
    """Whether both tell of one run; that one has not started says nothing any more once it has."""
    if one.why is Why.NOT_STARTED:
        return not alert.run
    return one.run in ("", alert.run)


def speaking(alert: Alert, one: Alert) -> Inhibitor:
    """Return that an alert of the same job speaks for this one."""
    return Inhibitor(alert_id=one.id, job=one.job, run=alert.run)


def is_spoken_for(alert: Alert) -> bool:
    """Whether what mutes an alert, or did last, is an alert of its own job about the same run."""
    return is_spoken_for_by(alert, alert.inhibited)


def is_spoken_for_by(alert: Alert, inhibited: Inhibited | None) -> bool:
    """Whether this is what it is where an alert of its own job speaks for it."""
    by = inhibited.by if inhibited is not None else None
    return by is not None and by.job == alert.job and not by.rule


def afterwards(change: Change, muted: Inhibited | None, now: datetime) -> Inhibited | None:
    """Return how an alert goes on that another one spoke for; `muted` is what holds for any that was muted.

    What has got graver, or tells of another run by now, is told at once. That a run was slow is no news for
    those who have heard that it was late.
    """
    alert = change.alert
    known = alert.inhibited
    if muted is None or muted.is_by_another or known is None or known.by is None:
        return muted
    if change.reason is Reason.LOUDER or alert.run != known.by.run:
        return None
    if known.is_by_another and alert.why is Why.UNUSUALLY_SLOW:
        return Inhibited(by=known.by, since_at=known.since_at, until_at=now + RESTS_FOR)
    return muted
