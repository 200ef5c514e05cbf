"""A group as time passes: what there is to say of many as one, and when next. Pure."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tocsin.alerts.group import MAX_BESIDE, Group, Member, forgetting

MAX_BATCHES: Final = 20
PAGE_WAIT: Final = timedelta(seconds=5)


class Said(Enum):
    """What there is to say of a group as one."""

    TOGETHER = "together"
    REPEAT = "repeat"
    IN_HAND = "in_hand"
    OVER = "over"
    ESCALATED = "escalated"


class Turn(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A group after time has passed: what to say, whose jobs to look at for a word of their own, when next.

    `added` is how many are told as one, `named` the first of them, and `again` how many of them are told so
    once more and are no worse. `is_louder`: some were told so before.
    """

    group: Group
    said: Said | None = None
    added: int = 0
    again: int = 0
    named: tuple[Member, ...] = ()
    release: tuple[int, ...] = ()
    is_louder: bool = False
    ask_again_at: datetime | None = None


def turn(group: Group, now: datetime) -> Turn:
    """Return what to say of a group now, and when to ask again: never, where nothing is owed any more."""
    group = forgetting(group, now)
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


def _flushed(group: Group, now: datetime) -> Turn:
    names = tuple(member.alert_id for member in group.named)
    settled = replace(group, waiting=0, waiting_since_at=None, added_at=None, named=(), again=0)
    settled = replace(settled, hushed_at=None, hushed_until=None, page_waits_since_at=None)
    settled = replace(settled, is_louder=False, is_worse=False)
    if group.waiting == len(names) and len(group.told) + group.waiting < group.pace.together_from:
        apart = replace(
            settled,
            released=(*group.released, *names),
            total=group.total - group.waiting + group.again,
            open=group.open + group.again,
            apart=group.apart + group.again,
        )
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
    again = 0 if group.is_worse else group.again
    told = Turn(group=one, said=Said.TOGETHER, added=group.waiting, again=again, named=group.named)
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
    assert group.waiting_since_at is not None  # noqa: S101 -- programmer error, what waits has waited since
    at = min(group.added_at + group.pace.wait, group.waiting_since_at + group.pace.interval)
    at = at if group.together_at is None else max(at, group.together_at + group.pace.interval)
    if group.page_waits_since_at is not None and group.page_at is not None:
        at = min(at, _pages_at(group, group.page_at, group.page_waits_since_at))
    return max(until for until in (at, group.quiet_until, group.hushed_until) if until is not None)


def _pages_at(group: Group, newest_at: datetime, since_at: datetime) -> datetime:
    """Return when pages that wait are told: soon, but as one not more often than `page_every` of the pace."""
    wait = min(group.pace.wait, group.pace.page_every)
    at = min(newest_at + min(PAGE_WAIT, wait), since_at + wait)
    return at if group.together_at is None else max(at, group.together_at + group.pace.page_every)


def _climbs_at(group: Group) -> datetime | None:
    return group.climb.next_at if group.climb is not None and group.waits_for_somebody else None


def _repeat_at(group: Group) -> datetime | None:
    if group.together_at is None or not group.waits_for_somebody:
        return None
    at = group.together_at + group.pace.repeat_every
    return max(until for until in (at, group.quiet_until, group.muted_until) if until is not None)
