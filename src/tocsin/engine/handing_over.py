"""At a hand-over of an on-call schedule: whoever comes on call is told once what is open."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from tocsin.alerts.alert import Alert
from tocsin.alerts.drill import DRILL
from tocsin.alerts.silence import Silence
from tocsin.engine.apart import apart, asked_again
from tocsin.engine.behind import kind_of
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import Draft
from tocsin.engine.voicing import notification_key
from tocsin.notify.hand_over import hand_over_message
from tocsin.notify.message import pack
from tocsin.oncall.handover import HandOver, InForce, OpenTrouble, hand_over
from tocsin.oncall.schedule import HandOverTo, OnCallSchedule, next_change, on_call
from tocsin.rules.finding import Severity
from tocsin.store.rows import Notification

MOST_OPEN: Final = 500
NOT_FOR_READING: Final = frozenset({"pagerduty", "phone"})
"""Kinds of channel that wake people: nothing is wrong, so that they are left out."""


class _Known(msgspec.Struct, frozen=True):
    """Who was on call when it was looked last."""

    at: datetime
    who: str | None


def look_at_hand_overs(draft: Draft, job_id: int) -> None:
    """Tell those who have come on call since the last look, and ask again at the next hand-over."""
    asks: list[datetime] = []
    for schedule in draft.book.configuration.on_call_schedules.values():
        if schedule.hand_over_to is not HandOverTo.NOBODY:
            do = partial(_look_at, draft, schedule, asks)
            asks += asked_again(apart(draft.book, f"hand-over: {schedule.name}", draft.now, do))
    draft.watches[job_id] = msgspec.structs.replace(
        draft.watches[job_id], due_at=min(asks, default=None), judged_under=draft.book.version
    )


def _look_at(draft: Draft, schedule: OnCallSchedule, asks: list[datetime]) -> None:
    """Tell of the latest hand-over alone, if several have passed while nobody could look."""
    asks += asked_again(next_change(schedule, draft.book.overrides, draft.now))
    note, now = f"hand-over of {schedule.name}", draft.now
    kept = draft.writing.note(note)
    who = on_call(schedule, draft.book.overrides, now).responder
    known = _Known(now, who) if kept is None else msgspec.json.decode(kept, type=_Known)
    if kept is not None and who == known.who:
        return
    draft.writing.save_note(note, msgspec.json.encode(_Known(now, who)).decode())
    if kept is not None:
        at = _latest_change(draft, schedule, known.at)
        said = hand_over(schedule, draft.book.overrides, at, _troubles(draft), _silences(draft))
        draft.notifications.extend(_owed(draft, schedule, replace(said, goes=known.who, comes=who)))


def _latest_change(draft: Draft, schedule: OnCallSchedule, since_at: datetime) -> datetime:
    """Return when whoever is on call now came on call; now, if only a word of somebody has changed that.

    The span since then is halved until it is found, so that hourly turns after months away cost no more.
    """

    def after(at: datetime) -> datetime | None:
        change_at = next_change(schedule, draft.book.overrides, at)
        return change_at if change_at is not None and change_at <= draft.now else None

    latest_at, high = after(since_at), draft.now
    if latest_at is None:
        return draft.now
    while (following_at := after(latest_at)) is not None:
        middle = latest_at + (high - latest_at) / 2
        later_at = after(middle)
        latest_at, high = (following_at, middle) if later_at is None else (later_at, high)
    return latest_at


def _troubles(draft: Draft) -> Iterable[OpenTrouble]:
    found = draft.writing.alerts_since(draft.now, MOST_OPEN)
    return troubles_of(one for one in found if one.is_open)


def _silences(draft: Draft) -> Iterable[InForce]:
    return in_force(one for one in draft.book.silences if one.is_active(draft.now))


def troubles_of(alerts: Iterable[Alert]) -> tuple[OpenTrouble, ...]:
    """Return open alerts as the next person must know of them; a drill is none."""
    return tuple(
        OpenTrouble(
            job=alert.job,
            environment=alert.environment,
            severity=alert.severity,
            summary=alert.summary,
            since_at=alert.since_at,
            in_hand_of=alert.acknowledged_by,
        )
        for alert in alerts
        if alert.condition != DRILL
    )


def in_force(silences: Iterable[Silence]) -> tuple[InForce, ...]:
    """Return silences as the next person must know of them."""
    return tuple(
        InForce(
            what=" ".join(map(str, silence.matchers)),
            until_at=silence.ends_at,
            by=silence.created_by,
            comment=silence.comment,
        )
        for silence in silences
    )


def _owed(draft: Draft, schedule: OnCallSchedule, said: HandOver) -> Iterable[Notification]:
    whom = [said.comes, *([said.goes] if schedule.hand_over_to is HandOverTo.BOTH else [])]
    digest = hashlib.blake2b(schedule.name.encode(), digest_size=6).hexdigest()
    name = f"hand-over-{digest}-{said.at:%Y-%m-%dT%H:%M:%SZ}"
    base_url = draft.book.configuration.base_url
    for target in _targets(draft.book.configuration, whom):
        key = notification_key(name, 1, target)
        message = hand_over_message(said, name=name, key=key, now=draft.now, base_url=base_url)
        yield Notification(
            key=key,
            alert_id=name,
            target=target,
            kind=message.kind.value,
            seq=1,
            message=pack(message).decode(),
            created_at=draft.now,
            due_at=draft.now,
            severity=int(Severity.INFO),
        )


def _targets(configuration: Configuration, whom: Iterable[str | None]) -> Iterable[str]:
    """Return where these people read, each place once."""
    people = (configuration.responders.get(one) for one in whom if one is not None)
    receivers = (receiver for person in people if person is not None for receiver in person.receivers)
    targets = (target for receiver in receivers for target in configuration.targets.get(receiver, ()))
    return dict.fromkeys(target for target in targets if kind_of(target) not in NOT_FOR_READING)
