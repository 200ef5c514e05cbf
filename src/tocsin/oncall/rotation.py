"""Whose turn it is: participants in order, who hand over at the same time of the wall clock."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from tocsin.jobs.walltime import instant_of, zone

DAILY_HOURS: Final = 24
WEEKLY_HOURS: Final = 7 * DAILY_HOURS

# What a clock shows twice, or skips, is at most a day, and the shortest turn is an hour.
_MOST_REPEATED: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Participants who take turns of `length_hours`, counted on the clocks of a zone.

    The first turn begins when these clocks first show `starts_on` and `starts`. A daily rotation that
    began at 09:00 hands over at 09:00 on every day, whether it has 23, 24 or 25 hours; a hand-over at a
    time that the clock skips takes place at the end of the jump, one that it shows twice at the first.
    """

    participants: tuple[str, ...]
    starts_on: date
    starts: time
    timezone: str
    length_hours: int = WEEKLY_HOURS


@lru_cache(maxsize=4096)
def turn_starts_at(rotation: Rotation, turn: int) -> datetime:
    """Return when the turn of this number begins; the first is 0."""
    wall = _first(rotation) + turn * timedelta(hours=rotation.length_hours)
    return instant_of(wall.date(), wall.time(), rotation.timezone)


def turn_at(rotation: Rotation, instant: datetime) -> int | None:
    """Return the number of the turn that an instant falls into, or None before the first."""
    if instant < turn_starts_at(rotation, 0):
        return None
    wall = instant.astimezone(zone(rotation.timezone)).replace(tzinfo=None)
    turn = (wall - _first(rotation)) // timedelta(hours=rotation.length_hours)
    # In the second of two equal hours the clock shows less than it has shown already.
    for _ in range(_MOST_REPEATED):
        if turn_starts_at(rotation, turn + 1) > instant:
            break
        turn += 1
    return turn


def whose(rotation: Rotation, turn: int) -> str:
    """Return whose turn this is."""
    return rotation.participants[turn % len(rotation.participants)]


def next_hand_over(rotation: Rotation, instant: datetime) -> datetime | None:
    """Return the first instant after this one at which it is somebody else's turn, or None if never."""
    turn = turn_at(rotation, instant)
    if turn is None:
        return turn_starts_at(rotation, 0)
    present = whose(rotation, turn)
    if all(name == present for name in rotation.participants):
        return None
    for number in range(turn + 1, turn + 1 + 2 * len(rotation.participants) + _MOST_REPEATED):
        if whose(rotation, number) == present:
            continue
        starts_at = turn_starts_at(rotation, number)
        # A turn that lies wholly in a time which the clock skips never comes.
        effective = turn_at(rotation, starts_at)
        if effective is not None and whose(rotation, effective) != present:
            return starts_at
    return None


def _first(rotation: Rotation) -> datetime:
    return datetime.combine(rotation.starts_on, rotation.starts)
