"""Alerts that are told together, so that a storm is one message and not ten thousand. Pure.

The first alert of a group is told at once, and one that must wake somebody and is not one of many as well.
What follows waits a moment for more to come; few are then told one by one, many as one message that says how
many there are, which came first and what they share.
"""

import dataclasses
from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from tocsin.alerts.alert import Alert, AtRisk, Pooled
from tocsin.alerts.blast import together
from tocsin.alerts.causes import TROUBLE, Cause, causes_of, counted
from tocsin.oncall.escalation import Climb
from tocsin.rules.finding import Severity

MAX_NAMED = 10
THROTTLED = "throttled"
MAX_BESIDE = 50
MAX_BATCHES = 20
SHARED_BY = 0.5

PAGE_WAIT = timedelta(seconds=5)


class Pace(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How long to gather: `wait` after the newest alert, never longer than `interval` after the first.

    As one are told `together_from` and more that came within `interval`; what goes on is repeated.
    """

    wait: timedelta = timedelta(seconds=30)
    interval: timedelta = timedelta(minutes=5)
    together_from: int = 5
    repeat_every: timedelta = timedelta(hours=4)


EACH_ALONE = Pace(wait=timedelta(0), interval=timedelta(0))


class Member(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One of the alerts of a group, in the few words in which a message names it."""

    alert_id: str
    job_id: int
    job: str
    environment: str
    summary: str
    at: datetime


class Alone(Struct, frozen=True, kw_only=True, gc=False):
    """An alert that was told by itself, and when."""

    alert_id: str
    at: datetime


class Group(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The alerts of one route and the same values of its labels, while anything is owed of them.

    It keeps the `pace` that it began with. `told` are the instants within the last interval at which
    something was told, `together_at` when last as one, `batch` how often anew, `batches_at` when the last of
    these. `waiting` were added since, from `waiting_since_at` to `added_at`; `named` are the first of them.
    `released` may be told one by one.
    Of those that were told as one, `open` are not over, somebody has `taken` so many of these in hand, and
    `over` have ended; `total` is how many ever were among them, or wait to be. `targets` are those who were
    told, `seq` numbers what they were told, and `heard` are the numbers that each of them was told last.
    `due_at` is when there may be more to say; before `quiet_until`, when the time intervals of its route are
    over, nothing but that all of it is.
    `climb` is how far its escalation policy has been climbed for those that were told as one, `deadline_at`
    the earliest deadline among them, and `taken_by` who last took one in hand; `told_in_hand`: it was said
    that somebody has all of them. `alone` were told by themselves within the last interval; `beside` were so
    before the others were told as one, and are escalated with these. What waits is told only after
    `hushed_until`, since `hushed_at`, when silences that were made meanwhile cover some of it: these leave
    first. `at_risk` are the jobs that need theirs. `is_louder`: some of what waits was told as one of it
    before. After a turn that could not be taken nothing is said before `aside_until`.
    Nothing is repeated before `muted_until`, while all that is in nobody's hand is muted. The newest page
    came at `page_at`; those that wait have done so since `page_waits_since_at`.
    """

    id: str
    key: str
    receiver: str
    labels: tuple[tuple[str, str], ...]
    opened_at: datetime
    severity: Severity
    pace: Pace = Pace()
    told: tuple[datetime, ...] = ()
    together_at: datetime | None = None
    batch: int = 0
    batches_at: tuple[datetime, ...] = ()
    waiting: int = 0
    waiting_since_at: datetime | None = None
    added_at: datetime | None = None
    named: tuple[Member, ...] = ()
    first: Member | None = None
    released: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    open: int = 0
    taken: int = 0
    over: int = 0
    total: int = 0
    targets: tuple[str, ...] = ()
    seq: int = 0
    heard: tuple[tuple[str, int], ...] = ()
    due_at: datetime | None = None
    quiet_until: datetime | None = None
    closed_at: datetime | None = None
    climb: Climb | None = None
    deadline_at: datetime | None = None
    taken_by: str = ""
    told_in_hand: bool = False
    alone: tuple[Alone, ...] = ()
    beside: tuple[str, ...] = ()
    hushed_at: datetime | None = None
    hushed_until: datetime | None = None
    at_risk: AtRisk | None = None
    is_louder: bool = False
    aside_until: datetime | None = None
    muted_until: datetime | None = None
    page_at: datetime | None = None
    page_waits_since_at: datetime | None = None

    @property
    def waits_for_somebody(self) -> bool:
        """Whether any of those that were told as one is in nobody's hand."""
        return self.open > self.taken

    @property
    def owes_in_hand(self) -> bool:
        """Whether it is still to be said that somebody has all of those in hand that were told as one."""
        return bool(self.open) and not self.waits_for_somebody and not self.told_in_hand

    @property
    def has_spoken(self) -> bool:
        """Whether some of its alerts were told as one, so that their end is the group's to tell."""
        return self.together_at is not None


class Said(Enum):
    """What there is to say of a group as one."""

    TOGETHER = "together"
    REPEAT = "repeat"
    IN_HAND = "in_hand"
    OVER = "over"
    ESCALATED = "escalated"


class Turn(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A group after time has passed: what to say, whose jobs to look at for a word of their own, when next.

    `added` is how many are told as one, `named` the first of them; `is_louder`: some were told so before.
    """

    group: Group
    said: Said | None = None
    added: int = 0
    named: tuple[Member, ...] = ()
    release: tuple[int, ...] = ()
    is_louder: bool = False
    ask_again_at: datetime | None = None


class Admitted(Enum):
    """What becomes of an alert that has something to say."""

    AT_ONCE = "at_once"
    POOLED = "pooled"


def admit(group: Group, alert: Alert, now: datetime) -> tuple[Group, Admitted]:
    """Return the group with one more alert, and whether that is told at once.

    At once are told the first within an interval, one that was released, and pages: while few alerts came,
    and whenever no other page came within the pace's `wait`.
    """
    group = _forgetting(group, now)
    if alert.id in group.released:
        left = tuple(other for other in group.released if other != alert.id)
        return _told_alone(replace(group, released=left), alert, now), Admitted.AT_ONCE
    is_first = not group.told and not group.waiting
    few = len(group.told) + group.waiting + 1 < group.pace.together_from
    if is_first or (alert.severity is Severity.PAGE and (few or _comes_alone(group, now))):
        return _told_alone(group, alert, now), Admitted.AT_ONCE
    return _with_waiting(group, alert, now), Admitted.POOLED


def _comes_alone(group: Group, now: datetime) -> bool:
    """Whether a page that comes now is not one of many."""
    return group.page_at is None or group.page_at + group.pace.wait <= now


def _told_alone(group: Group, alert: Alert, now: datetime) -> Group:
    alone = (*group.alone, Alone(alert_id=alert.id, at=now))[-MAX_BESIDE:]
    page_at = now if alert.severity is Severity.PAGE else group.page_at
    return replace(group, told=(*group.told, now), alone=alone, page_at=page_at)


def put_by(group: Group, alert: Alert, until: datetime, now: datetime) -> Group:
    """Return the group with one more alert, which in any case is told as one with the others at `until`.

    What waits already keeps to the instant that it was promised.
    """
    if not group.waiting:
        wait = max(until - now, timedelta(seconds=1))
        pace = replace(group.pace, wait=wait, interval=wait, together_from=1)
        group = replace(group, pace=pace)
    return _with_waiting(_forgetting(group, now), alert, now)


def _forgetting(group: Group, now: datetime) -> Group:
    since = now - group.pace.interval
    recent = tuple(at for at in group.told if at > since)
    if recent == group.told:
        return group
    return replace(group, told=recent, alone=tuple(one for one in group.alone if one.at > since))


def _with_waiting(group: Group, alert: Alert, now: datetime) -> Group:
    member = Member(
        alert_id=alert.id,
        job_id=alert.job_id,
        job=alert.job,
        environment=alert.environment,
        summary=alert.summary[:200],
        at=now,
    )
    if not group.waiting:
        group = replace(group, waiting_since_at=None, page_waits_since_at=None)
    if alert.severity is Severity.PAGE:
        group = replace(group, page_at=now, page_waits_since_at=group.page_waits_since_at or now)
    return replace(
        group,
        waiting=group.waiting + 1,
        waiting_since_at=group.waiting_since_at or now,
        added_at=now,
        named=(*group.named, member) if len(group.named) < MAX_NAMED else group.named,
        first=group.first or member,
        causes=counted(group.causes, causes_of(alert)),
        total=group.total + 1,
        at_risk=together(group.at_risk, alert.at_risk),
        severity=max(group.severity, alert.severity),
    )


def left(group: Group, alert: Alert, pooled: Pooled, *, is_over: bool) -> Group:
    """Return the group without an alert that is over, or that goes its own way because it got louder."""
    if pooled.batch == group.batch:
        named = tuple(member for member in group.named if member.alert_id != alert.id)
        released = tuple(other for other in group.released if other != alert.id)
        gone = 0 if alert.id in group.released else 1
        waiting, total = group.waiting - gone, group.total - (0 if pooled.was_told else gone)
        over = group.over + (gone if is_over and pooled.was_told else 0)
        return replace(group, waiting=waiting, total=total, over=over, named=named, released=released)
    taken = group.taken - 1 if pooled.is_taken else group.taken
    return replace(group, open=group.open - 1, taken=taken, over=group.over + (1 if is_over else 0))


def taken(group: Group, alert: Alert, pooled: Pooled) -> tuple[Group, Pooled | None]:
    """Return the group, and what still binds the alert to it, after somebody has taken the alert in hand."""
    if pooled.is_taken:
        return group, pooled
    if pooled.batch == group.batch:
        return left(group, alert, pooled, is_over=False), None
    return replace(group, taken=group.taken + 1), dataclasses.replace(pooled, is_taken=True)


def turn(group: Group, now: datetime) -> Turn:
    """Return what to say of a group now, and when to ask again: never, where nothing is owed any more."""
    group = _forgetting(group, now)
    if is_to_flush(group, now):
        return _flushed(group, now)
    if group.has_spoken and not group.open and not group.waiting:
        ended = replace(group, closed_at=now, seq=group.seq + 1)
        return Turn(group=ended, said=Said.OVER)
    if group.owes_in_hand:
        noted = replace(group, told_in_hand=True, seq=group.seq + 1)
        return Turn(group=noted, said=Said.IN_HAND, ask_again_at=next_at(noted))
    repeat_at = _repeat_at(group)
    if repeat_at is not None and repeat_at <= now:
        again = replace(group, together_at=now, told=(*group.told, now), seq=group.seq + 1)
        return Turn(group=again, said=Said.REPEAT, ask_again_at=next_at(again))
    asks_at = next_at(group)
    is_done = asks_at is None and not group.open
    return Turn(group=replace(group, closed_at=now) if is_done else group, ask_again_at=asks_at)


def is_to_flush(group: Group, now: datetime) -> bool:
    """Whether what waits in a group is told now."""
    return bool(group.waiting) and _flush_at(group) <= now


def is_to_repeat(group: Group, now: datetime) -> bool:
    """Whether a group is repeated now, unless all of it is muted."""
    at = _repeat_at(replace(group, muted_until=None))
    return at is not None and at <= now


def still_waiting(group: Group) -> Group:
    """Return the group, which has to say anew that all is in hand once something is not."""
    return replace(group, told_in_hand=False) if group.told_in_hand and group.waits_for_somebody else group


def _flushed(group: Group, now: datetime) -> Turn:
    names = tuple(member.alert_id for member in group.named)
    settled = replace(group, waiting=0, waiting_since_at=None, added_at=None, named=())
    settled = replace(settled, hushed_at=None, hushed_until=None, is_louder=False, page_waits_since_at=None)
    if group.waiting == len(names) and len(group.told) + group.waiting < group.pace.together_from:
        apart = replace(settled, released=(*group.released, *names), total=group.total - group.waiting)
        jobs = tuple(dict.fromkeys(member.job_id for member in group.named))
        return Turn(group=apart, release=jobs, ask_again_at=next_at(apart))
    one = replace(
        settled,
        told=(*group.told, now),
        together_at=now,
        muted_until=None,
        batch=group.batch + 1,
        batches_at=(*group.batches_at, now)[-MAX_BATCHES:],
        open=group.open + group.waiting,
        seq=group.seq + 1,
        alone=(),
        beside=(*group.beside, *(one.alert_id for one in group.alone))[-MAX_BESIDE:],
    )
    told = Turn(group=one, said=Said.TOGETHER, added=group.waiting, named=group.named)
    return replace(told, is_louder=group.is_louder, ask_again_at=next_at(one))


def next_at(group: Group) -> datetime | None:
    """Return when there may be something to say of a group, or when it can be forgotten."""
    asks = [at for at in (_repeat_at(group), _climbs_at(group)) if at is not None]
    if group.waiting:
        asks.append(_flush_at(group))
    if group.owes_in_hand or (group.has_spoken and not group.open and not group.waiting):
        asks.append(group.together_at or group.opened_at)
    if not asks and group.told:
        asks.append(group.told[-1] + group.pace.interval)
    return min(asks, default=None)


def _flush_at(group: Group) -> datetime:
    """Return when what waits is told: once no more come, and after one message not at once the next.

    Pages that come one upon the other are gathered as well, and wait for no interval.
    """
    assert group.added_at is not None  # noqa: S101 -- programmer error, what waits was added
    assert group.waiting_since_at is not None  # noqa: S101 -- as above
    at = min(group.added_at + group.pace.wait, group.waiting_since_at + group.pace.interval)
    at = at if group.together_at is None else max(at, group.together_at + group.pace.interval)
    if group.page_waits_since_at is not None and group.page_at is not None:
        at = min(at, _pages_at(group, group.page_at, group.page_waits_since_at))
    return max(until for until in (at, group.quiet_until, group.hushed_until) if until is not None)


def _pages_at(group: Group, newest_at: datetime, since_at: datetime) -> datetime:
    """Return when pages that wait are told: at the latest after the pace's `wait`, as one not more often."""
    wait = group.pace.wait
    at = newest_at + min(PAGE_WAIT, wait)
    return min(since_at + wait, at if group.together_at is None else max(at, group.together_at + wait))


def _climbs_at(group: Group) -> datetime | None:
    return group.climb.next_at if group.climb is not None and group.waits_for_somebody else None


def _repeat_at(group: Group) -> datetime | None:
    if group.together_at is None or not group.waits_for_somebody:
        return None
    at = group.together_at + group.pace.repeat_every
    return max(until for until in (at, group.quiet_until, group.muted_until) if until is not None)


def shared_cause(group: Group) -> Cause | None:
    """Return what most of the alerts that were added have in common, or None.

    An error comes before everything else, then a job that they need and that is in trouble; of what equally
    many share, a job that they need comes before a label.
    """
    found = [cause for cause in group.causes if cause.count > max(1, group.total * SHARED_BY)]
    found = [cause for cause in found if (cause.kind.removeprefix("label "), cause.what) not in group.labels]
    return max(found, key=_weight, default=None)


def _weight(cause: Cause) -> tuple[bool, bool, int, int]:
    rank = {"upstream": 2, "host": 1}.get(cause.kind, 0)
    return cause.kind == "error", cause.kind == TROUBLE, cause.count, rank
