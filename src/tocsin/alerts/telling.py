"""Whether to speak of an alert now, and if not, when to think of it again."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from msgspec import structs

from tocsin.alerts.alert import Alert, AlertState, Reason, Told
from tocsin.alerts.forgotten import forgotten_at
from tocsin.alerts.muting import Mute
from tocsin.rules.finding import Severity

FLAPPING_RESTS: Final = timedelta(hours=30)
"""How long a flapping alert that is bad just now rests at least: longer than a nightly job takes to turn."""


class Speech(Enum):
    """What kind of thing there is to say."""

    FIRING = "firing"
    LOUDER = "louder"
    REPEAT = "repeat"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What to say of an alert now: None keeps quiet, for the reason given, until `ask_again_at`."""

    speech: Speech | None
    reason: Reason
    ask_again_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How often to speak.

    `repeat_every` while nothing changes, and `repeat_past_every` of what `is_told_once` (None: never). At
    most `limit` notifications of one fingerprint in `window`: that a trouble is over is always told and does
    not count. At least `remembered` notifications are remembered for `memory`, for others who count them.
    An acknowledgement without an end may end after `acknowledged_for`.
    """

    repeat_every: timedelta
    window: timedelta
    limit: int
    memory: timedelta = timedelta(0)
    acknowledged_for: timedelta | None = None
    remembered: int = 0
    repeat_past_every: timedelta | None = None


def speak(
    alert: Alert,
    now: datetime,
    manners: Manners,
    *,
    mute: Mute | None = None,
    no_repeat_before: datetime | None = None,
    muted_until: datetime | None = None,
    is_owed: bool = False,
) -> Utterance:
    """Return what to say of an alert.

    `mute` is what keeps everything quiet now, such as a silence. `no_repeat_before` is when we shall know
    whether what we said before we were blind still holds. `muted_until` is when time intervals let anybody
    be told again, if they let nobody now; `is_owed` says that somebody whom they kept from hearing the
    latest news can be told by now.

    The end is told to whoever was told the beginning, muted or not. News are a first word, or a
    worse severity or step than was ever told; without news there is the repeat, at once where an
    acknowledgement or a snooze has ended, and neither while somebody has it in hand or has put it off. What
    `is_told_once` has a repeat only with another run.
    Deduplication (A11) keeps back, but never drops: what is still owed is said when the window has room. A
    rise to `page` is never kept back by it. What another alert mutes is told once that is over. What was
    handed to a group is told by the group, until there is worse to say.
    """
    settled = _settled(alert, now, manners)
    if settled is not None:
        return settled
    speech, due_at = _news(alert, now, manners)
    if due_at is not None and speech is Speech.REPEAT and no_repeat_before is not None:
        due_at = max(due_at, no_repeat_before)
    reason = Reason.REPEATED if speech is Speech.REPEAT else Reason.TOLD
    if is_owed and (due_at is None or due_at > now):
        due_at, reason = now, Reason.CAUGHT_UP
    if due_at is None:
        return Utterance(speech=None, reason=_why_never(alert))
    if due_at > now:
        return Utterance(speech=None, reason=Reason.NOTHING_TO_SAY, ask_again_at=due_at)
    if alert.inhibited is not None:
        return Utterance(speech=None, reason=Reason.INHIBITED, ask_again_at=alert.inhibited.until_at)
    if mute is not None and mute.until_at > now:
        return Utterance(speech=None, reason=mute.reason, ask_again_at=mute.until_at)
    if muted_until is not None and muted_until > now:
        return Utterance(speech=None, reason=Reason.MUTED, ask_again_at=muted_until)
    room_at = _room_at(alert.told, now, manners)
    if room_at > now and not _rises_to_page(alert, reason):
        return Utterance(speech=None, reason=Reason.DEDUPLICATED, ask_again_at=room_at)
    every = manners.repeat_past_every if is_told_once(alert) else manners.repeat_every
    return Utterance(speech=speech, reason=reason, ask_again_at=None if every is None else now + every)


def is_told_once(alert: Alert) -> bool:
    """Whether only a change makes an alert worth telling again: it is of a run that has ended, and is mild.

    The clock adds nothing to what has happened once. Who must act hears of it again all the same.
    """
    return alert.is_past and alert.severity < Severity.CRITICAL


def _settled(alert: Alert, now: datetime, manners: Manners) -> Utterance | None:
    """Return what there is to say of what nobody has to be asked for any more, or not now."""
    if alert.state is AlertState.RESOLVED:
        speech = Speech.RESOLVED if alert.told.targets else None
        return Utterance(speech=speech, reason=Reason.CLOSED_AT_RECEIVER if speech else Reason.NOTHING_TO_SAY)
    if alert.state is AlertState.ACKNOWLEDGED:
        ask_again_at = alert.acknowledged_until or forgotten_at(alert, manners.acknowledged_for)
        is_to_come = alert.acknowledged_until is not None or (ask_again_at is not None and ask_again_at > now)
        return Utterance(
            speech=None, reason=Reason.ACKNOWLEDGED, ask_again_at=ask_again_at if is_to_come else None
        )
    if alert.snooze is not None:
        return Utterance(speech=None, reason=Reason.SNOOZED, ask_again_at=alert.snooze.until_at)
    return None


def _news(alert: Alert, now: datetime, manners: Manners) -> tuple[Speech, datetime | None]:
    """Return what there is to say and since when, or will be; none where it is left to a group or flaps.

    News are never still to come, also where the clock was set back since the alert opened.
    """
    told = alert.told
    said = [(pooled.severity, pooled.step) for pooled in alert.pooled]
    if told.severity is not None:
        said.append((told.severity, told.step))
    if not said or (alert.severity, alert.step) > max(said):
        return Speech.FIRING if told.severity is None else Speech.LOUDER, min(alert.opened_at, now)
    if told.last_at is None:
        return Speech.REPEAT, None
    is_old = is_told_once(alert) and told.run == alert.run
    every = manners.repeat_past_every if is_old else manners.repeat_every
    due_again_at = alert.due_again_at
    if due_again_at is not None and due_again_at <= told.last_at:
        due_again_at = None
    if alert.flapping:
        return Speech.REPEAT, due_again_at or _flapping_again_at(alert, told.last_at, now, every)
    repeats = (due_again_at, None if every is None else told.last_at + every)
    return Speech.REPEAT, min((at for at in repeats if at is not None), default=None)


def _flapping_again_at(
    alert: Alert, last_at: datetime, now: datetime, every: timedelta | None
) -> datetime | None:
    """Return when a flapping alert is told again: not by its turns, but when none comes though it is bad."""
    if alert.is_between or every is None:
        return None
    rests_since_at = max(last_at, alert.changed_at) if alert.changed_at <= now else last_at
    return rests_since_at + max(FLAPPING_RESTS, every)


def _why_never(alert: Alert) -> Reason:
    """Return why only a change of an alert can be worth telling."""
    if alert.flapping:
        return Reason.FLAPPING
    return Reason.GROUPED if alert.told.last_at is None else Reason.TOLD_ONCE


def _rises_to_page(alert: Alert, reason: Reason) -> bool:
    told = alert.told.severity
    is_new = told is None or told < Severity.PAGE or reason is Reason.CAUGHT_UP
    return alert.severity is Severity.PAGE and is_new


def _room_at(told: Told, now: datetime, manners: Manners) -> datetime:
    """Return when one more notification fits in the window."""
    within = [at for at in told.at if at > now - manners.window]
    if len(within) < manners.limit:
        return now
    return within[-manners.limit] + manners.window


def said(alert: Alert, speech: Speech, targets: tuple[str, ...], now: datetime, manners: Manners) -> Alert:
    """Return the alert with what its receivers have now been told, or are about to be, durably."""
    told, seq = alert.told, alert.told.count + 1
    heard = heard_by(targets, seq, told.heard)
    if speech is Speech.ACKNOWLEDGED:
        return structs.replace(alert, told=replace(told, heard=heard, count=seq))
    if speech is Speech.RESOLVED:
        return structs.replace(alert, told=replace(told, targets=(), heard=heard, count=seq))
    everyone = (*told.targets, *(t for t in targets if t not in told.targets))
    if speech is Speech.ESCALATED:
        return structs.replace(alert, told=replace(told, targets=everyone, heard=heard, count=seq))
    since = now - max(manners.window, manners.memory)
    recent = [at for at in told.at if at > since][1 - max(manners.limit, manners.remembered, 2) :]
    severity = alert.severity if told.severity is None else max(alert.severity, told.severity)
    step = alert.step if alert.severity == severity else told.step
    return structs.replace(
        alert,
        told=Told(
            at=(*recent, now),
            targets=everyone,
            heard=heard,
            severity=severity,
            step=max(step, told.step) if severity == told.severity else step,
            last_at=now,
            count=seq,
            news=told.news if speech is Speech.REPEAT else seq,
            run=alert.run,
        ),
    )


def heard_by(
    targets: Iterable[str], seq: int, heard: tuple[tuple[str, int], ...]
) -> tuple[tuple[str, int], ...]:
    """Return what everybody has heard when these targets are told the thing of this number."""
    return tuple({**dict(heard), **dict.fromkeys(targets, seq)}.items())
