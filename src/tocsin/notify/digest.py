"""A digest as a message: counts, and under them the alerts, the worst first."""

from collections.abc import Iterator
from typing import Final

from tocsin.alerts.alert import Alert, AlertState
from tocsin.alerts.digest import Digest
from tocsin.notify.message import TEXT_LIMIT, Link, Message, MessageKind
from tocsin.rules.finding import Severity
from tocsin.rules.wording import clock_time, plural

SUBJECT: Final = "all jobs"
LINE_LIMIT: Final = 160


def digest_message(digest: Digest, *, key: str, timezone: str, base_url: str) -> Message:
    """Return the message; its instants are read in `timezone`, and it links to the overview."""
    since = clock_time(digest.since_at, timezone)
    links = (Link(name="overview", url=f"{base_url.rstrip('/')}/"),) if base_url else ()
    return Message(
        key=key,
        kind=MessageKind.SUMMARY,
        alert_id=key,
        fingerprint=key,
        title=_title(digest),
        text=_text(digest, timezone),
        severity=_worst(digest).word,
        job=SUBJECT,
        environment="",
        condition="digest",
        opened_at=digest.since_at,
        at=digest.until_at,
        evidence=(("since", since), *_counts(digest)),
        links=links,
        timezone=timezone,
    )


def _worst(digest: Digest) -> Severity:
    return max((alert.severity for alert in digest.alerts), default=Severity.INFO)


def _title(digest: Digest) -> str:
    if not digest.alerts:
        return "had no alerts" if digest.is_whole else "had so many alerts that not all were looked at"
    count = plural(len(digest.alerts), "alert")
    least = "" if digest.is_whole else "at least "
    return f"had {least}{count}, {digest.open_count} still open"


def _counts(digest: Digest) -> Iterator[tuple[str, str]]:
    yield "still open", str(digest.open_count)
    yield "over", str(len(digest.alerts) - digest.open_count)
    for severity, count in digest.counts:
        yield severity.word, str(count)


def _text(digest: Digest, timezone: str) -> str:
    """Return a line for each alert, as many as have room, and how many are left out."""
    if not digest.alerts and not digest.is_whole:
        return "None of the worst goes to this receiver; look at the overview for the others."
    if not digest.alerts:
        return "Nothing was wrong."
    lines, room = [], TEXT_LIMIT - LINE_LIMIT
    for alert in digest.alerts:
        line = _line(alert, timezone)
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    left_out = len(digest.alerts) - len(lines)
    more = "" if digest.is_whole else " or more"
    return "\n".join([*lines, *([f"… and {left_out}{more} others"] if left_out else [])])


def _line(alert: Alert, timezone: str) -> str:
    name = alert.job if alert.environment == "production" else f"{alert.job} [{alert.environment}]"
    text = f"{alert.severity.word.upper()} {name}: {alert.summary}"
    text = text if len(text) <= LINE_LIMIT - 60 else text[: LINE_LIMIT - 61] + "…"
    return f"{text} ({_standing(alert, timezone)})"


def _standing(alert: Alert, timezone: str) -> str:
    if alert.state is AlertState.RESOLVED:
        return f"over since {clock_time(alert.resolved_at or alert.changed_at, timezone)}"
    since = clock_time(alert.since_at, timezone)
    if alert.state is AlertState.ACKNOWLEDGED:
        return f"since {since}, {alert.acknowledged_by[:20] or 'somebody'} has it"
    return f"since {since}, nobody has it"
