"""What an answer by telephone does, and what the caller is told.

A reply without a code means the one alert that its number was told of and nobody has taken; where there are
several, none is taken and the codes are told, because the wrong one acknowledged is one that nobody hears
of again. What was told as one is answered as one, by the code of its group; it can be taken in hand, and
resolved on its page alone.
"""

from collections.abc import Sequence
from typing import Final

from tocsin.alerts.alert import Alert, AlertState
from tocsin.alerts.group import Group
from tocsin.engine.commands import Acknowledge, AcknowledgeGroup, Done, Resolve
from tocsin.engine.storming import how_many_jobs
from tocsin.engine.storming import words_of as what_happened
from tocsin.errors import StoreUnavailable
from tocsin.notify import short
from tocsin.notify.answering import Act, Line, Reply, code_of
from tocsin.store.base import Reading
from tocsin.web.api.groups import take_all
from tocsin.web.faults import ProblemError
from tocsin.web.wiring import Wiring

MAX_GROUPS: Final = 1_000
MAX_OPEN: Final = 10_000
MAX_RESOLVED: Final = 1_000
MAX_LISTED: Final = 4
ANSWER_LIMIT: Final = 300

_OPEN: Final = (AlertState.FIRING, AlertState.ACKNOWLEDGED)
_HOW: Final = "Reply 1 and the code of the alert to acknowledge it, or RESOLVE and the code."
_NOT_ALL: Final = "They were told as one. Reply 1 and the code to acknowledge all; resolve each on its page."
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
    return short.plain(f"{_name_of(found)}: {carry_out(wired, told.who, found.id, reply.act)}")[:ANSWER_LIMIT]


def carry_out(wired: Wiring, who: str, alert_id: str, act: Act) -> str:
    """Acknowledge or resolve, and return what came of it; done before, it says by whom."""
    with wired.store.reading() as reading:
        is_group = reading.group(alert_id) is not None
    if is_group and act is Act.RESOLVE:
        return _NOT_ALL
    command = (
        Resolve(alert_id=alert_id, who=who) if act is Act.RESOLVE else Acknowledge(alert_id=alert_id, who=who)
    )
    try:
        if is_group:
            return take_all(wired, AcknowledgeGroup(group_id=alert_id, who=who, goes_on=True)).message
        result = wired.engine.command(command)
    except (StoreUnavailable, ProblemError):
        return _NOT_KEPT
    return result.message if isinstance(result, Done) else f"not done: {result.message}"


def words_of(wired: Wiring, alert_id: str) -> str:
    """Return what is read aloud again of an alert, or of a group; "" where there is none."""
    with wired.store.reading() as reading:
        alert, group = reading.alert(alert_id), reading.group(alert_id)
    if group is not None:
        return f"{group.severity.word}. {_name_of(group)}."
    if alert is None:
        return ""
    return f"{alert.severity.word}. {alert.job.replace('_', ' ')}: {alert.summary}."


def _meant(reading: Reading, targets: frozenset[str], reply: Reply) -> Alert | Group | str:
    known: tuple[Alert | Group, ...] = (
        *reading.alerts(states=_OPEN, limit=MAX_OPEN),
        *reading.groups(MAX_GROUPS),
    )
    open_ = [one for one in known if _has_heard(one, targets)]
    if reply.code:
        found = [one for one in open_ if code_of(one.id) == reply.code] or _over(reading, targets, reply.code)
        none = f"No alert that you were told of has the code {reply.code}."
    else:
        free = [one for one in open_ if _is_free(one)]
        found = free or open_ if reply.act is Act.ACKNOWLEDGE else open_
        none = "Nothing that you were told of is open."
    if len(found) == 1:
        return found[0]
    return _choice(found) if found else none


def _is_free(one: Alert | Group) -> bool:
    """Whether it is in nobody's hand."""
    return one.waits_for_somebody if isinstance(one, Group) else one.state is AlertState.FIRING


def _name_of(one: Alert | Group) -> str:
    return f"{how_many_jobs(one.total)} {what_happened(one)}" if isinstance(one, Group) else one.job


def _over(reading: Reading, targets: frozenset[str], code: str) -> list[Alert | Group]:
    """Return the newest ended alert with this code, so that its end can be told."""
    ended: Sequence[Alert | Group] = reading.alerts(states=(AlertState.RESOLVED,), limit=MAX_RESOLVED)
    return [alert for alert in ended if code_of(alert.id) == code and _has_heard(alert, targets)][:1]


def _has_heard(one: Alert | Group, targets: frozenset[str]) -> bool:
    heard = one.targets if isinstance(one, Group) else (target for target, _ in one.told.heard)
    return not targets.isdisjoint(heard)


def _choice(alerts: Sequence[Alert | Group]) -> str:
    listed = ", ".join(f"{code_of(one.id)} {_name_of(one)[:30]}" for one in alerts[:MAX_LISTED])
    more = f" and {len(alerts) - MAX_LISTED} more" if len(alerts) > MAX_LISTED else ""
    return short.plain(f"{len(alerts)} alerts are open. Reply 1 and a code: {listed}{more}")[:ANSWER_LIMIT]
