"""What an alert most likely follows from, looked up when there may be news of it and while it is known."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tocsin.alerts.alert import Alert, Reason
from tocsin.alerts.upstream import Needed, lack_of, likely_cause_of
from tocsin.jobs.state import JobState

FRESH_FOR: Final = timedelta(hours=1)


def is_to_be_explained(alert: Alert, reason: Reason) -> bool:
    """Whether to look for the cause: of what went wrong only once, of what is not there also later."""
    if alert.likely_cause is not None or reason in (Reason.OPENED, Reason.LOUDER):
        return True
    return lack_of(alert) is not None


def explained(alert: Alert, state: JobState, needed: Iterable[Needed], now: datetime) -> Alert:
    """Return the alert of a job in this state with its likely cause; as it is, where nothing new is known."""
    found, known = likely_cause_of(alert, state, needed, now), alert.likely_cause
    if found is not None and known is not None:
        is_the_same = dataclasses.replace(found, seen_at=known.seen_at) == known
        if is_the_same and now - known.seen_at < FRESH_FOR:
            return alert
    return alert if found is known else replace(alert, likely_cause=found)
