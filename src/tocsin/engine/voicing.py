"""From a change of an alert to what is owed to whom. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import structs

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import KEEPS_BACK, Alert, AlertState, Entry, Reason
from tocsin.alerts.drill import DRILL
from tocsin.alerts.muting import Mute
from tocsin.alerts.route import Way
from tocsin.alerts.telling import Speech, Utterance, said, speak
from tocsin.alerts.throttle import is_throttled
from tocsin.engine.book import Book
from tocsin.engine.pooling import Groups, admitted, bound
from tocsin.engine.reaching import NOBODY, Reach, has_moved, reach_along, reach_of, reasons_of, waits_until
from tocsin.engine.wording import message_of
from tocsin.jobs.state import hidden_by
from tocsin.notify.message import pack
from tocsin.rules.wording import clock_time
from tocsin.store.rows import Notification

NO_STAND_IN = "drill"
"""Stands where the key of a stand-in would: nobody is woken in the place of who was to be tried."""
BACKFILL_NOTE = "a backfill never pages: it is a warning at most, and no escalation policy is climbed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voiced:
    """An alert after it has, or has not, been spoken of; `speech` is what there was to say by its routes.

    It is set also where all of them wait for their digest, so that nothing is owed to anybody at once.
    """

    alert: Alert
    speech: Speech | None = None
    entries: tuple[Entry, ...] = ()
    notifications: tuple[Notification, ...] = ()
    kept_back: Reason | None = None
    cancels_repeats: bool = False
    ask_again_at: datetime | None = None


def labels_of(alert: Alert) -> dict[str, str]:
    """Return what routes and silences may match of an alert."""
    labels = {
        **dict(alert.labels),
        "job": alert.job,
        "environment": alert.environment,
        "condition": alert.condition,
        "rule": alert.rule,
        "severity": alert.severity.word,
    }
    if alert.error_class:
        labels["error_class"] = alert.error_class
        labels["error_cause"] = alert.error_cause
        labels["error_signature"] = alert.error_signature
    return labels


def voice(
    change: Change,
    book: Book,
    groups: Groups,
    now: datetime,
    *,
    who: str = "",
    note: str = "",
    throttled_until: datetime | None = None,
) -> Voiced:
    """Return the alert, its new history, and the notifications that this change owes."""
    labels = labels_of(change.alert)
    mute = book.mute_of(labels, now)
    alert = bound(change, groups, mute)
    until = throttled_until if is_throttled(alert.severity) else None
    is_released = len(alert.pooled) < len(change.alert.pooled)
    entries = _what_happened(alert, change.reason, now, who, note)
    if change.reason is Reason.ACKNOWLEDGED:
        return _taken_in_hand(alert, entries, book, now)
    utterance, reach = considered(alert, mute, book=book, now=now, is_released=is_released, until=until)
    if utterance.speech is None:
        note = mute.note if mute is not None else ""
        alert, kept_back, entry = _kept_back(alert, utterance, reach, now, note)
        entries += [entry] if entry is not None else []
        return Voiced(
            alert=alert,
            entries=tuple(entries),
            kept_back=kept_back,
            cancels_repeats=_ends_repeats(change),
            ask_again_at=_sooner(_ask_again_at(alert, utterance), _mute_of_group_at(alert, book, now)),
        )
    if utterance.speech is not Speech.RESOLVED and utterance.reason is not Reason.REPEATED:
        is_new = utterance.reason is not Reason.CAUGHT_UP
        ways = [way for way in reach.open if is_new or reach.missed_by(way, book.configuration)]
        alert = admitted(alert, ways, labels, groups, now, until=until)
        reach = reach_along(reach.ways, alert, book.configuration)
        if not reach.targets and alert.pooled:
            return _left_to_group(alert, entries, utterance, reach, book=book, now=now, until=until)
    targets = _targets(alert, utterance, reach)
    notifications = owed_to(alert, targets, change.reason, book=book, now=now)
    alert = said(alert, utterance.speech, tuple(targets), now, book.manners)
    if targets or utterance.reason is not Reason.REPEATED:
        note = ", ".join(targets) or "nobody at once, but in the next digest"
        entries.append(entry_of(alert, utterance.reason, now, "", note))
    alert, kept_back, entry = _kept_back(alert, utterance, reach, now, "")
    entries += [entry] if entry is not None else []
    return Voiced(
        alert=alert,
        speech=utterance.speech,
        entries=tuple(entries),
        notifications=notifications,
        kept_back=kept_back,
        cancels_repeats=_ends_repeats(change),
        ask_again_at=_sooner(utterance.ask_again_at, alert.held_back_until),
    )


def considered(
    alert: Alert,
    mute: Mute | None,
    *,
    book: Book,
    now: datetime,
    is_released: bool = False,
    until: datetime | None = None,
) -> tuple[Utterance, Reach]:
    """Return what there is to say of an alert, or why there is not, and whom that reaches.

    `mute` is what keeps it quiet, `until` when its job is throttled no more; `is_released`: no group tells of
    it any more.
    """
    reach = reach_of(alert, labels_of(alert), book.configuration, now) if alert.is_open else NOBODY
    is_behind = is_released or alert.held_back_until is not None or has_moved(alert, reach)
    is_owed = is_behind and bool(reach.late)
    return _utterance(alert, reach, mute, book=book, now=now, is_owed=is_owed, until=until), reach


def _utterance(
    alert: Alert,
    reach: Reach,
    mute: Mute | None,
    *,
    book: Book,
    now: datetime,
    is_owed: bool,
    until: datetime | None,
) -> Utterance:
    """Return what to say of an alert; while its job is throttled, `until` then, nothing is said again."""
    manners = book.manners
    if reach.repeat_every is not None:
        past_every = reach.repeat_past_every
        manners = replace(manners, repeat_every=reach.repeat_every, repeat_past_every=past_every)
    utterance = speak(
        alert,
        now,
        manners,
        mute=mute,
        no_repeat_before=_waits_until(book, now),
        muted_until=reach.muted_until,
        is_owed=is_owed,
    )
    if until is not None and utterance.reason is Reason.REPEATED:
        return Utterance(speech=None, reason=Reason.THROTTLED, ask_again_at=until)
    return utterance


def _what_happened(alert: Alert, reason: Reason, now: datetime, who: str, note: str) -> list[Entry]:
    """Return what its history says of a change, before anything is said of it."""
    if reason in (Reason.UNCHANGED, Reason.UPDATED):
        return []
    is_turn = reason is Reason.FLAPPING
    entries = [
        entry_of(alert, reason, now, who, note or _shown(alert) if is_turn else note, kept_back=is_turn)
    ]
    if reason is Reason.OPENED and alert.backfill:
        entries.append(entry_of(alert, Reason.BACKFILL, now, "", BACKFILL_NOTE, kept_back=True))
    if reason is Reason.OPENED and alert.flapping:
        entries.append(entry_of(alert, Reason.FLAPPING, now, "", _shown(alert)))
    return entries


def _shown(alert: Alert) -> str:
    """Return how it is shown that an alert flaps."""
    return dict(alert.evidence).get("flapping", "")


def _left_to_group(
    alert: Alert,
    entries: list[Entry],
    utterance: Utterance,
    reach: Reach,
    *,
    book: Book,
    now: datetime,
    until: datetime | None,
) -> Voiced:
    """Return an alert of which its group will tell, with the word of where it is to be found.

    What is owed on its other ways, which are muted, is told when they open.
    """
    reason, note = Reason.GROUPED, f"told with others of group {alert.pooled[-1].group}"
    if until is not None:
        reason = Reason.THROTTLED
        note = (
            f"too many of this job: told at {clock_time(until, alert.timezone)} {note.removeprefix('told ')}"
        )
    entries = [*entries, entry_of(alert, reason, now, "", note, kept_back=True)]
    alert, _, entry = _kept_back(alert, utterance, reach, now, "")
    entries += [entry] if entry is not None else []
    return Voiced(
        alert=alert,
        entries=tuple(entries),
        kept_back=reason,
        ask_again_at=_sooner(alert.held_back_until, _mute_of_group_at(alert, book, now)),
    )


def _mute_of_group_at(alert: Alert, book: Book, now: datetime) -> datetime | None:
    """Return when what waits in a group may be muted, so that its group does not tell it."""
    return book.mute_begins_at(labels_of(alert), now) if alert.pooled else None


def _ends_repeats(change: Change) -> bool:
    ended = change.reason is not Reason.UNCHANGED and change.alert.state is AlertState.RESOLVED
    return ended or change.reason is Reason.SNOOZED


def _taken_in_hand(alert: Alert, entries: list[Entry], book: Book, now: datetime) -> Voiced:
    """Tell those who track who has it in hand, among those who were told of it; silenced or not."""
    wanted = book.configuration.hears_acknowledgements
    targets = tuple(target for target in alert.told.targets if target in wanted)
    alert = structs.replace(alert, held_back_until=None)
    said_to = dict.fromkeys(targets, Speech.ACKNOWLEDGED)
    owed = owed_to(alert, said_to, Reason.ACKNOWLEDGED, book=book, now=now)
    if targets:
        alert = said(alert, Speech.ACKNOWLEDGED, targets, now, book.manners)
        entries = [*entries, entry_of(alert, Reason.TOLD, now, "", ", ".join(targets))]
    return Voiced(alert=alert, entries=tuple(entries), notifications=owed, cancels_repeats=True)


def _kept_back(
    alert: Alert, utterance: Utterance, reach: Reach, now: datetime, note: str
) -> tuple[Alert, Reason | None, Entry | None]:
    """Note once that something was kept back, so that nobody has to guess why they heard nothing.

    What was said, or would be but for its time, may be owed to somebody whom a time interval keeps from it.
    """
    until, reason = None, utterance.reason
    if reason is Reason.INHIBITED:
        return alert, None, None
    waiting: tuple[Way, ...] = ()
    if utterance.speech is None and reason in KEEPS_BACK:
        until, waiting = utterance.ask_again_at, tuple(way for way, _ in reach.muted)
    elif utterance.speech is not None or (alert.held_back_until and reason is Reason.NOTHING_TO_SAY):
        waiting = reach.waiting(alert.told)
        until, reason = waits_until(waiting), Reason.MUTED
    if until == alert.held_back_until or _waits_already(alert, until, now):
        return alert, None, None
    alert = structs.replace(alert, held_back_until=until)
    if until is None:
        return alert, None, None
    if reason is Reason.MUTED:
        note = reasons_of(waiting, alert.timezone)
    return alert, reason, entry_of(alert, reason, now, "", note, kept_back=True)


def _waits_already(alert: Alert, until: datetime | None, now: datetime) -> bool:
    """Whether it is asked again anyhow before that: only then it counts what else keeps it back by then."""
    known = alert.held_back_until
    return known is not None and until is not None and now < known < until


def entry_of(
    alert: Alert, reason: Reason, now: datetime, who: str = "", note: str = "", *, kept_back: bool = False
) -> Entry:
    """Return the line of an alert's history about a change that has just happened to it."""
    return Entry(
        alert_id=alert.id,
        at=now,
        reason=reason,
        state=alert.state,
        severity=alert.severity,
        who=who,
        note=note,
        kept_back=kept_back,
    )


def _targets(alert: Alert, utterance: Utterance, reach: Reach) -> Mapping[str, Speech]:
    """Return who is told, each once, and which kind of news it is to them."""
    if utterance.speech is None or utterance.speech is Speech.RESOLVED:
        return dict.fromkeys(alert.told.targets, Speech.RESOLVED)
    told = reach.late if utterance.reason is Reason.CAUGHT_UP else reach.targets
    targets: dict[str, Speech] = dict.fromkeys(told, utterance.speech)
    is_late = alert.held_back_until is not None or utterance.reason is Reason.CAUGHT_UP
    if utterance.speech is Speech.REPEAT and is_late:
        for target in reach.late:
            targets[target] = Speech.LOUDER if target in alert.told.targets else Speech.FIRING
    return targets


def _ask_again_at(alert: Alert, utterance: Utterance) -> datetime | None:
    """Return when there can be more to say; what another alert mutes waits for that one alone."""
    if utterance.reason is Reason.INHIBITED:
        return utterance.ask_again_at
    return _sooner(utterance.ask_again_at, alert.held_back_until)


def _sooner(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)


def _waits_until(book: Book, now: datetime) -> datetime | None:
    """Return when those we could not hear have had time to tell what happened, if that is still to come."""
    window = hidden_by(book.blind, now) if book.blind else None
    return window.hold_until if window is not None else None


def closing(alert: Alert, target: str, base_url: str, now: datetime) -> Notification:
    """Return the last notification of a resolved alert, for a target that was told of it only afterwards."""
    reason = Reason.RESOLVED_BY_HAND if alert.resolved_by else Reason.RECOVERED
    return _owed(alert, target, Speech.RESOLVED, reason, seq=alert.told.count, base_url=base_url, now=now)


def owed_to(
    alert: Alert, targets: Mapping[str, Speech], reason: Reason, *, book: Book, now: datetime
) -> tuple[Notification, ...]:
    """Return what is owed to these targets, as the next thing that is told of an alert."""
    base_url, seq = None if book.is_mute else book.configuration.base_url, alert.told.count + 1
    return tuple(
        _owed(alert, target, speech, reason, seq=seq, base_url=base_url, now=now)
        for target, speech in targets.items()
    )


def _owed(
    alert: Alert,
    target: str,
    speech: Speech,
    reason: Reason,
    *,
    seq: int,
    base_url: str | None,
    now: datetime,
) -> Notification:
    """Return what is owed to a target; where `base_url` is None, in no words."""
    key, message = notification_key(alert.id, seq, target), ""
    if base_url is not None:
        said = message_of(alert, speech.value, reason=reason, key=key, now=now, base_url=base_url)
        message = pack(said).decode()
    return Notification(
        key=key,
        alert_id=alert.id,
        target=target,
        kind=speech.value,
        seq=seq,
        message=message,
        created_at=now,
        due_at=now,
        severity=int(alert.severity),
        fallback_key=NO_STAND_IN if alert.condition == DRILL else "",
    )


def notification_key(alert_id: str, seq: int, target: str) -> str:
    """Return the identity of a notification: the same however often it is tried or made again."""
    return f"{alert_id}-{seq}-{hashlib.blake2b(target.encode(), digest_size=4).hexdigest()}"
