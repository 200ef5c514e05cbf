"""Once a day, for those who want it so: one letter about everything that goes to their receiver."""

from datetime import datetime
from functools import partial

from tocsin.alerts.alert import Alert
from tocsin.alerts.digest import DigestPlan, digest_of, next_digest_at
from tocsin.alerts.drill import DRILL
from tocsin.alerts.route import ways
from tocsin.engine.apart import apart
from tocsin.engine.book import Book
from tocsin.engine.configuration import Configuration
from tocsin.engine.voicing import labels_of, notification_key
from tocsin.notify.digest import digest_message
from tocsin.notify.message import pack
from tocsin.rules.finding import Severity
from tocsin.store.base import Writing
from tocsin.store.rows import Notification

MAX_ALERTS = 500
LOOKED_AT = (MAX_ALERTS, 5_000, 50_000)
"""How many alerts of everybody are looked at for those of one receiver, until enough are found."""


def send_digests(writing: Writing, book: Book, now: datetime) -> int:
    """Owe the digests that have come due, each apart from the others; return how many.

    One that fell into an absence is made up for by one, which reaches back to the last that was made.
    """
    made: list[Notification] = []
    for plan in book.configuration.digests:
        apart(
            book, f"digest: {plan.target}", now, partial(_send, writing, book.configuration, plan, now, made)
        )
    return len(made)


def _send(
    writing: Writing, configuration: Configuration, plan: DigestPlan, now: datetime, made: list[Notification]
) -> None:
    since_at = _since(writing, plan, now)
    if since_at is not None:
        made.append(_made(writing, configuration, plan, since_at, now))
        writing.enqueue(made[-1:])


def _since(writing: Writing, plan: DigestPlan, now: datetime) -> datetime | None:
    """Return where a digest that is due begins; the first one is due the first time that its hour comes."""
    kept = writing.note(_note(plan))
    if kept is None:
        writing.save_note(_note(plan), now.isoformat())
        return None
    since_at = datetime.fromisoformat(kept)
    if next_digest_at(plan, since_at) > now:
        return None
    writing.save_note(_note(plan), now.isoformat())
    return since_at


def _note(plan: DigestPlan) -> str:
    return f"digest of {plan.target}"


def _made(
    writing: Writing, configuration: Configuration, plan: DigestPlan, since_at: datetime, now: datetime
) -> Notification:
    due_at = next_digest_at(plan, since_at)  # the same for every server, and so is the key
    theirs, is_whole = _theirs(writing, configuration, plan, since_at, now)
    digest = digest_of(theirs, since_at, now, is_whole=is_whole)
    name = f"digest-{due_at:%Y-%m-%dT%H:%MZ}"
    key = notification_key(name, 1, plan.target)
    message = digest_message(digest, key=key, timezone=plan.timezone, base_url=configuration.base_url)
    return Notification(
        key=key,
        alert_id=name,
        target=plan.target,
        kind=message.kind.value,
        seq=1,
        message=pack(message).decode(),
        created_at=now,
        due_at=now,
        severity=int(Severity.INFO),
    )


def _theirs(
    writing: Writing, configuration: Configuration, plan: DigestPlan, since_at: datetime, now: datetime
) -> tuple[list[Alert], bool]:
    """Return the first MAX_ALERTS that go to this receiver, and whether there are no more.

    The store knows no receivers: behind the alerts of others more are read, as long as that is not too much.
    """
    theirs: list[Alert] = []
    for limit in LOOKED_AT:
        found = writing.alerts_since(since_at, limit + 1)
        theirs = [alert for alert in found[:limit] if _is_theirs(alert, configuration, plan, now)]
        if len(theirs) > MAX_ALERTS or len(found) <= limit:
            return theirs[:MAX_ALERTS], len(theirs) <= MAX_ALERTS
    return theirs, False


def _is_theirs(alert: Alert, configuration: Configuration, plan: DigestPlan, now: datetime) -> bool:
    if alert.condition == DRILL:
        return False
    found = ways(configuration.route, labels_of(alert), now, configuration.time_intervals)
    return any(way.receiver == plan.receiver for way in found)
