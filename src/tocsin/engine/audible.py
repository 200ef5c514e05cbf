"""Whether anybody hears of an alert now, so that it may speak for what follows from it. Pure."""

from collections.abc import Iterable
from datetime import datetime

from tocsin.alerts.alert import Alert, AlertState
from tocsin.engine.book import Book
from tocsin.engine.reaching import ways_of
from tocsin.engine.voicing import labels_of


def is_heard(alert: Alert, book: Book, now: datetime) -> bool:
    """Whether somebody has an alert in hand, or is told of it at once and nothing keeps it quiet now."""
    if alert.state is AlertState.ACKNOWLEDGED:
        return True
    labels = labels_of(alert)
    if alert.snooze is not None or book.mute_of(labels, now) is not None:
        return False
    if alert.told.targets or alert.pooled:
        return True
    if alert.told.severity is not None:
        return False
    targets = book.configuration.targets
    found = ways_of(labels, book.configuration, now)
    return any(way.muted_until is None and targets.get(way.receiver) for way in found)


def is_heard_by_all(alert: Alert, other: Alert, book: Book, now: datetime) -> bool:
    """Whether somebody hears of an alert, and so does everybody who would of another if it were as grave."""
    if not is_heard(alert, book, now):
        return False
    as_grave = {**labels_of(other), "severity": alert.severity.word}
    theirs, its = (ways_of(labels, book.configuration, now) for labels in (as_grave, labels_of(alert)))
    return {way.receiver for way in theirs} <= {way.receiver for way in its}


def unheard(alerts: Iterable[Alert], book: Book, now: datetime) -> frozenset[str]:
    """Return the ids of the alerts that nobody hears of now."""
    return frozenset([alert.id for alert in alerts if not is_heard(alert, book, now)])


def changes_at(alert: Alert, book: Book, now: datetime) -> datetime | None:
    """Return when a silence or a maintenance window may begin to keep an alert quiet; None if none will."""
    return book.mute_begins_at(labels_of(alert), now)
