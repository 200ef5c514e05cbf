"""Who is on call, read off a clock on the wall minute by minute: slow, plain, and nothing of it is ours.

The clock is walked through, and the latest time that it has shown so far is what counts: a time that is
skipped is passed at the jump, and one that is shown again brings nothing back.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.oncall.override import Override
from tocsin.oncall.restriction import Restriction
from tocsin.oncall.schedule import Layer, OnCallSchedule

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# Longer than any clock has ever been put back.
LONGEST_MEMORY = 26 * HOUR

Stretch = tuple[datetime, datetime, str | None]


class WallClock:
    """A clock in a zone that is asked about instants in order, each a full minute."""

    def __init__(self, timezone: str, first: datetime) -> None:
        self._zone = ZoneInfo(timezone)
        self._latest = (first - LONGEST_MEMORY).astimezone(self._zone).replace(tzinfo=None)
        at = first - LONGEST_MEMORY
        while at < first:
            self.latest_at(at)
            at += MINUTE

    def latest_at(self, instant: datetime) -> datetime:
        """Return the latest time that it has shown up to an instant."""
        self._latest = max(self._latest, instant.astimezone(self._zone).replace(tzinfo=None))
        return self._latest


def latest_shown(timezone: str, instant: datetime) -> datetime:
    """Return the latest time that a clock in the zone has shown up to an instant."""
    minute = instant.replace(second=0, microsecond=0)
    return WallClock(timezone, minute).latest_at(minute)


def stretches(
    schedule: OnCallSchedule, overrides: list[Override], first: datetime, last: datetime
) -> list[Stretch]:
    """Return who is on call from one full minute to another, every span that differs from the one before."""
    clocks = {layer.rotation.timezone: WallClock(layer.rotation.timezone, first) for layer in schedule.layers}
    found: list[Stretch] = []
    at = first
    while at < last:
        shown = {timezone: clock.latest_at(at) for timezone, clock in clocks.items()}
        who = _who(schedule, overrides, at, shown)
        if found and found[-1][2] == who:
            found[-1] = (found[-1][0], at + MINUTE, who)
        else:
            found.append((at, at + MINUTE, who))
        at += MINUTE
    return found


def who_at(schedule: OnCallSchedule, overrides: list[Override], instant: datetime) -> str | None:
    """Return who is on call at an instant."""
    zones = {layer.rotation.timezone for layer in schedule.layers}
    return _who(schedule, overrides, instant, {zone: latest_shown(zone, instant) for zone in zones})


def _who(
    schedule: OnCallSchedule, overrides: list[Override], at: datetime, shown: dict[str, datetime]
) -> str | None:
    newest: Override | None = None
    for override in overrides:
        mine = override.schedule == schedule.name and override.starts_at <= at < override.ends_at
        if mine and (newest is None or (override.created_at, override.id) > (newest.created_at, newest.id)):
            newest = override
    if newest is not None:
        return newest.responder
    for layer in schedule.layers:
        wall = shown[layer.rotation.timezone]
        found = _of_layer(layer, wall)
        if found is not None:
            return found
    return None


def _of_layer(layer: Layer, wall: datetime) -> str | None:
    rotation = layer.rotation
    since = wall - datetime(  # noqa: DTZ001 -- a time on the wall, in no zone
        rotation.starts_on.year,
        rotation.starts_on.month,
        rotation.starts_on.day,
        rotation.starts.hour,
        rotation.starts.minute,
    )
    if since < timedelta():
        return None
    if layer.restrictions and not any(_is_within(one, wall) for one in layer.restrictions):
        return None
    hours = (since.days * 86_400 + since.seconds) // 3_600
    return rotation.participants[hours // rotation.length_hours % len(rotation.participants)]


def _is_within(restriction: Restriction, wall: datetime) -> bool:
    minute = wall.hour * 60 + wall.minute
    starts = restriction.starts.hour * 60 + restriction.starts.minute
    ends = restriction.ends.hour * 60 + restriction.ends.minute
    today, yesterday = wall.weekday(), (wall.weekday() - 1) % 7
    if starts < ends:
        return today in restriction.weekdays and starts <= minute < ends
    return (today in restriction.weekdays and minute >= starts) or (
        yesterday in restriction.weekdays and minute < ends
    )
