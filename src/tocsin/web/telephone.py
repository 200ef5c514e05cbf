"""What an answer by telephone does, and what the caller is told.

A reply without a code means the one alert that its number was told of and nobody has taken; where there are
several, none is taken and the codes are told, because the wrong one acknowledged is one that nobody hears
of again.
"""

from collections.abc import Sequence
from typing import Final

from tocsin.alerts.alert import Alert, AlertState
from tocsin.engine.commands import Acknowledge, Done, Resolve
from tocsin.errors import StoreUnavailable
from tocsin.notify import short
from tocsin.notify.answering import Act, Line, Reply, code_of
from tocsin.store.base import Reading
from tocsin.web.wiring import Wiring

MAX_OPEN: Final = 10_000
MAX_RESOLVED: Final = 1_000
MAX_LISTED: Final = 4
ANSWER_LIMIT: Final = 300

_OPEN: Final = (AlertState.FIRING, AlertState.ACKNOWLEDGED)
_HOW: Final = "Reply 1 and the code of the alert to acknowledge it, or RESOLVE and the code."
_NOT_KEPT: Final = "It could not be recorded just now. Please try again in a minute."


def answer_reply(wired: Wiring, lines: Sequence[Line], reply: Reply) -> str:
    """Do what a text message asks for and return the words for the sender."""
    if reply.act is Act.UNCLEAR:
        return _HOW
    with wired.store.reading() as reading:
        found = _meant(reading, frozenset(line.target for line in lines), reply)
    if isinstance(found, str):
        return found
    told = next(line for line in lines if _has_heard(found, frozenset((line.target,))))
    return short.plain(f"{found.job}: {carry_out(wired, told.who, found.id, reply.act)}")[:ANSWER_LIMIT]


def carry_out(wired: Wiring, who: str, alert_id: str, act: Act) -> str:
    """Acknowledge or resolve, and return what came of it; done before, it says by whom."""
    command = (
        Resolve(alert_id=alert_id, who=who) if act is Act.RESOLVE else Acknowledge(alert_id=alert_id, who=who)
    )
    try:
        result = wired.engine.command(command)
    except StoreUnavailable:
        return _NOT_KEPT
    return result.message if isinstance(result, Done) else f"not done: {result.message}"


def words_of(wired: Wiring, alert_id: str) -> str:
    """Return what is read aloud again of an alert; "" where there is none."""
    with wired.store.reading() as reading:
        alert = reading.alert(alert_id)
    if alert is None:
        return ""
    return f"{alert.severity.word}. {alert.job.replace('_', ' ')}: {alert.summary}."


def _meant(reading: Reading, targets: frozenset[str], reply: Reply) -> Alert | str:
    open_ = [alert for alert in reading.alerts(states=_OPEN, limit=MAX_OPEN) if _has_heard(alert, targets)]
    if reply.code:
        found = [alert for alert in open_ if code_of(alert.id) == reply.code] or _over(
            reading, targets, reply.code
        )
        none = f"No alert that you were told of has the code {reply.code}."
    else:
        free = [alert for alert in open_ if alert.state is AlertState.FIRING]
        found = free or open_ if reply.act is Act.ACKNOWLEDGE else open_
        none = "Nothing that you were told of is open."
    if len(found) == 1:
        return found[0]
    return _choice(found) if found else none


def _over(reading: Reading, targets: frozenset[str], code: str) -> list[Alert]:
    """Return the newest ended alert with this code, so that its end can be told."""
    ended = reading.alerts(states=(AlertState.RESOLVED,), limit=MAX_RESOLVED)
    return [alert for alert in ended if code_of(alert.id) == code and _has_heard(alert, targets)][:1]


def _has_heard(alert: Alert, targets: frozenset[str]) -> bool:
    return any(target in targets for target, _ in alert.told.heard)


def _choice(alerts: Sequence[Alert]) -> str:
    listed = ", ".join(f"{code_of(alert.id)} {alert.job[:30]}" for alert in alerts[:MAX_LISTED])
    more = f" and {len(alerts) - MAX_LISTED} more" if len(alerts) > MAX_LISTED else ""
    return short.plain(f"{len(alerts)} alerts are open. Reply 1 and a code: {listed}{more}")[:ANSWER_LIMIT]
