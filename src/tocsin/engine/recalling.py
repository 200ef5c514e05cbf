"""Was I told, when, by which way, and why not: what was decided and owed about all alerts, newest first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from tocsin.alerts.alert import Alert
from tocsin.alerts.group import Group
from tocsin.engine.configuration import Configuration
from tocsin.engine.reaching import ways_of
from tocsin.engine.voicing import labels_of
from tocsin.store.base import Reading
from tocsin.store.past import Decided, Owed, Place
from tocsin.store.rows import Delivery, NotificationState

EVER = datetime(2000, 1, 1, tzinfo=UTC)
SLICE = 200
MOST_LOOKED_AT = 2_000
"""Most decisions that are read for one page; a filter that lets few pass gives short pages."""


class Outcome(Enum):
    """What it means for whoever should know: told or not, or what else has happened."""

    TOLD = "told"
    WAITING = "waiting"
    FAILED = "failed"
    NOT_TOLD = "not_told"
    ACTED = "acted"
    DECIDED = "decided"


_OF_STATE = {
    NotificationState.SENT: Outcome.TOLD,
    NotificationState.PENDING: Outcome.WAITING,
    NotificationState.SENDING: Outcome.WAITING,
    NotificationState.DEAD: Outcome.FAILED,
    NotificationState.UNKNOWN: Outcome.FAILED,
    NotificationState.CANCELLED: Outcome.NOT_TOLD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a list has come to in each of the two things that it is made of."""

    decisions: Place
    owed: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to recall: from `since` on; of one job; of an outcome; of whom `name` names.

    A name is a receiver, a responder or a user. Then it is what was owed to them, what they did, and what
    was kept back of alerts whose routes, as they are now, or whose escalation policies lead to them.
    """

    since: datetime = EVER
    job_id: int | None = None
    name: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was decided, or one notification that was owed, with its tries.

    `alert` is what it is about, or `group`; neither for digests and tests.
    """

    at: datetime
    outcome: Outcome
    decided: Decided | None = None
    owed: Owed | None = None
    deliveries: tuple[Delivery, ...] = ()
    alert: Alert | None = None
    group: Group | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """One page; `following` is where the next begins, None on the last."""

    lines: tuple[Line, ...]
    following: Places | None


def recall(
    reading: Reading,
    question: Question,
    begin: Places,
    configuration: Configuration,
    *,
    now: datetime,
    limit: int,
) -> Recalled:
    """Return one page of what was decided and owed, newest first."""
    decided = _decided(reading, question, begin.decisions, _concerns(question, configuration, now), limit)
    owed = _owed(reading, question, begin.owed, configuration, limit)
    horizon = max((part.came_to.at for part in (decided, owed) if not part.is_done), default=EVER)
    found = sorted((*decided.lines, *owed.lines), key=_order, reverse=True)
    shown = [line for line in found if line.at >= horizon][:limit]
    following = Places(
        decisions=_behind(begin.decisions, [one for one in shown if one.decided], decided),
        owed=_behind(begin.owed, [one for one in shown if one.owed], owed),
    )
    is_last = decided.is_done and owed.is_done and len(shown) == len(found)
    return Recalled(lines=_told_of(reading, shown), following=None if is_last else following)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one of the two had to give, and how far it was looked through."""

    lines: tuple[Line, ...]
    came_to: Place
    is_done: bool


def _decided(
    reading: Reading, question: Question, begin: Place, wanted: Callable[[Decided], bool], limit: int
) -> _Part:
    outcome = question.outcome
    if outcome not in (None, Outcome.NOT_TOLD, Outcome.ACTED, Outcome.DECIDED):
        return _Part(lines=(), came_to=begin, is_done=True)
    lines: list[Line] = []
    place, looked_at = begin, 0
    while len(lines) < limit and looked_at < MOST_LOOKED_AT:
        found = reading.decisions(
            question.since,
            place,
            job_id=question.job_id,
            kept_back=None if outcome is None else outcome is Outcome.NOT_TOLD,
            acted=None if outcome in (None, Outcome.NOT_TOLD) else outcome is Outcome.ACTED,
            name=question.name,
            limit=SLICE,
        )
        lines += map(_line_of, filter(wanted, found))
        looked_at += len(found)
        if found:
            place = Place(at=found[-1].entry.at, id=found[-1].id)
        if len(found) < SLICE:
            return _Part(lines=tuple(lines), came_to=place, is_done=True)
    return _Part(lines=tuple(lines), came_to=place, is_done=False)


def _line_of(one: Decided) -> Line:
    entry = one.entry
    outcome = Outcome.ACTED if entry.who else Outcome.DECIDED
    return Line(
        at=entry.at,
        outcome=Outcome.NOT_TOLD if entry.kept_back else outcome,
        decided=one,
        alert=one.alert,
    )


def _owed(
    reading: Reading, question: Question, begin: Place, configuration: Configuration, limit: int
) -> _Part:
    states = [state for state, outcome in _OF_STATE.items() if question.outcome in (None, outcome)]
    if not states:
        return _Part(lines=(), came_to=begin, is_done=True)
    found = reading.owed(
        question.since,
        begin,
        job_id=question.job_id,
        receivers=receivers_of(question.name, configuration),
        states=() if question.outcome is None else states,
        limit=limit + 1,
    )
    lines = tuple(
        Line(at=one.notification.created_at, outcome=_OF_STATE[one.notification.state], owed=one)
        for one in found
    )
    came_to = Place(at=found[-1].notification.created_at, id=found[-1].id) if found else begin
    return _Part(lines=lines, came_to=came_to, is_done=len(found) <= limit)


def receivers_of(name: str, configuration: Configuration) -> tuple[str, ...]:
    """Return the receivers that a name means: those of a responder, else itself; none without a name."""
    if not name:
        return ()
    responder = configuration.responders.get(name)
    return (name,) if responder is None else tuple(dict.fromkeys((name, *responder.receivers)))


def _concerns(question: Question, configuration: Configuration, now: datetime) -> Callable[[Decided], bool]:
    """Return whether a decision has to do with whom the question names; with anybody if it names nobody."""
    if not question.name:
        return lambda _: True
    receivers = set(receivers_of(question.name, configuration))
    known: dict[str, bool] = {}

    def leads_there(alert: Alert) -> bool:
        levels = alert.climb.policy.levels if alert.climb is not None else ()
        if any(receivers.intersection(level.targets) for level in levels):
            return True
        return any(way.receiver in receivers for way in ways_of(labels_of(alert), configuration, now))

    def concerns(one: Decided) -> bool:
        if one.entry.who == question.name:
            return True
        if one.alert.id not in known:
            known[one.alert.id] = leads_there(one.alert)
        return known[one.alert.id]

    return concerns


def _order(line: Line) -> tuple[datetime, int, int]:
    """Return where a line stands: of one instant, what was decided stands below what follows from it."""
    one = line.decided or line.owed
    return line.at, 0 if line.decided else 1, one.id if one is not None else 0


def _behind(begin: Place, shown: Sequence[Line], part: _Part) -> Place:
    """Return where a part goes on: behind what was looked through if all that was found in it is shown."""
    if len(shown) == len(part.lines):
        return part.came_to
    if not shown:
        return begin
    one = shown[-1].decided or shown[-1].owed
    return Place(at=shown[-1].at, id=one.id if one is not None else 0)


def _told_of(reading: Reading, lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return the lines with the tries of each notification, and with what it is about."""
    keys = [line.owed.notification.key for line in lines if line.owed is not None]
    tries: dict[str, list[Delivery]] = {key: [] for key in keys}
    for delivery in reading.deliveries(keys):
        tries[delivery.key].append(delivery)
    about = dict(_subjects(reading, lines))
    return tuple(_with_subject(line, tries, about) for line in lines)


def _subjects(reading: Reading, lines: Sequence[Line]) -> Iterator[tuple[str, Alert | Group | None]]:
    for subject in dict.fromkeys(line.owed.notification.alert_id for line in lines if line.owed is not None):
        yield subject, reading.alert(subject) or reading.group(subject)


def _with_subject(
    line: Line, tries: dict[str, list[Delivery]], about: dict[str, Alert | Group | None]
) -> Line:
    if line.owed is None:
        return line
    subject = about[line.owed.notification.alert_id]
    return replace(
        line,
        deliveries=tuple(tries[line.owed.notification.key]),
        alert=subject if isinstance(subject, Alert) else None,
        group=subject if isinstance(subject, Group) else None,
    )
