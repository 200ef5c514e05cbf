"""On-call schedules: who is on call at an instant, why, and until when, by arithmetic alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import islice
from typing import Final

from tocsin.oncall.override import Override, in_force, next_edge
from tocsin.oncall.restriction import Restriction, is_open, next_turning
from tocsin.oncall.rotation import Rotation, next_hand_over, turn_at, turn_starts_at, whose

LOOK_AHEAD: Final = timedelta(days=366)
MOST_STRETCHES: Final = 20_000

_MOST_EDGES: Final = 1_000
_OVERRIDDEN: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A rotation, which counts at all times or within its restrictions, on the clocks of its zone."""

    name: str
    rotation: Rotation
    restrictions: tuple[Restriction, ...] = ()


class HandOverTo(Enum):
    """Who is sent the message of a hand-over."""

    NOBODY = "nobody"
    COMES = "comes"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallSchedule:
    """Layers, the uppermost first: it wins wherever it has anybody.

    `timezone` is the zone that people read it in; each layer's rotation has its own. `hand_over_to` are
    told at each hand-over what is open.
    """

    name: str
    layers: tuple[Layer, ...]
    timezone: str = "UTC"
    description: str = ""
    hand_over_to: HandOverTo = HandOverTo.NOBODY


class Because(Enum):
    """Why somebody is on call, or that nobody is."""

    OVERRIDE = "override"
    LAYER = "layer"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """Who is on call at an instant, and why.

    `responder` is the name of a responder, None while nobody is on call. `source` is the layer's name or
    the override's id. `until_at` is the first instant at which another answer to "who?" holds; None where
    that is not within 366 days. (After 1 000 changes of layers that bring the same person it is the last.)
    """

    responder: str | None
    because: Because
    source: str
    until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A span in which one responder is on call without a break, with the reason for its beginning."""

    responder: str
    starts_at: datetime
    ends_at: datetime
    because: Because
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A span in which nobody is on call."""

    starts_at: datetime
    ends_at: datetime


def on_call(schedule: OnCallSchedule, overrides: Iterable[Override], instant: datetime) -> OnCall:
    """Return who is on call at an instant; `overrides` may hold those of other on-call schedules too."""
    return _on_call(schedule, _own(schedule, overrides), instant)


def next_change(
    schedule: OnCallSchedule, overrides: Iterable[Override], instant: datetime
) -> datetime | None:
    """Return the first instant after this one at which somebody else is on call; None within 366 days."""
    return on_call(schedule, overrides, instant).until_at


def shifts(
    schedule: OnCallSchedule,
    overrides: Iterable[Override],
    from_at: datetime,
    to_at: datetime,
    *,
    most: int = MOST_STRETCHES,
) -> tuple[Shift, ...]:
    """Return the first `most` shifts between two instants in order, cut at both."""
    found = (
        Shift(
            responder=held.responder,
            starts_at=starts_at,
            ends_at=ends_at,
            because=held.because,
            source=held.source,
        )
        for held, starts_at, ends_at in _stretches(schedule, overrides, from_at, to_at)
        if held.responder is not None
    )
    return tuple(islice(found, most))


def gaps(
    schedule: OnCallSchedule,
    overrides: Iterable[Override],
    from_at: datetime,
    to_at: datetime,
    *,
    most: int = MOST_STRETCHES,
) -> tuple[Gap, ...]:
    """Return the first `most` spans between two instants without anybody on call, in order, cut at both."""
    found = (
        Gap(starts_at=starts_at, ends_at=ends_at)
        for held, starts_at, ends_at in _stretches(schedule, overrides, from_at, to_at)
        if held.responder is None
    )
    return tuple(islice(found, most))


def _own(schedule: OnCallSchedule, overrides: Iterable[Override]) -> tuple[Override, ...]:
    return tuple(one for one in overrides if one.schedule == schedule.name)


def _stretches(
    schedule: OnCallSchedule, overrides: Iterable[Override], from_at: datetime, to_at: datetime
) -> Iterator[tuple[OnCall, datetime, datetime]]:
    own = _own(schedule, overrides)
    at = from_at
    for _ in range(MOST_STRETCHES):
        if at >= to_at:
            return
        held = _on_call(schedule, own, at)
        ends_at = to_at if held.until_at is None else min(held.until_at, to_at)
        yield held, at, ends_at
        at = ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Who is on call, by which override or by the layer of which number: no lower one matters meanwhile."""

    responder: str | None
    rank: int
    override: Override | None = None


def _on_call(schedule: OnCallSchedule, own: tuple[Override, ...], instant: datetime) -> OnCall:
    held = _held(schedule, own, instant)
    if held.override is not None:
        because, source = Because.OVERRIDE, held.override.id
    elif held.responder is not None:
        because, source = Because.LAYER, schedule.layers[held.rank].name
    else:
        because, source = Because.NOBODY, ""
    return OnCall(
        responder=held.responder,
        because=because,
        source=source,
        until_at=_until(schedule, own, instant, held),
    )


def _held(schedule: OnCallSchedule, own: tuple[Override, ...], instant: datetime) -> _Held:
    override = in_force(own, instant)
    if override is not None:
        return _Held(responder=override.responder, rank=_OVERRIDDEN, override=override)
    for rank, layer in enumerate(schedule.layers):
        responder = _of_layer(layer, instant)
        if responder is not None:
            return _Held(responder=responder, rank=rank)
    return _Held(responder=None, rank=len(schedule.layers))


def _until(
    schedule: OnCallSchedule, own: tuple[Override, ...], instant: datetime, held: _Held
) -> datetime | None:
    """Go from edge to edge until one of them brings somebody else; most do at once."""
    at, latest_at, present = instant, instant + LOOK_AHEAD, held.responder
    for _ in range(_MOST_EDGES):
        edges = [_next_of_layer(layer, at) for layer in schedule.layers[: held.rank + 1]]
        known = [edge for edge in (*edges, next_edge(own, at, held.override)) if edge is not None]
        if not known or min(known) > latest_at:
            return None
        at = min(known)
        held = _held(schedule, own, at)
        if held.responder != present:
            return at
    return at


def _of_layer(layer: Layer, instant: datetime) -> str | None:
    turn = turn_at(layer.rotation, instant)
    if turn is None or not is_open(layer.restrictions, layer.rotation.timezone, instant):
        return None
    return whose(layer.rotation, turn)


def _next_of_layer(layer: Layer, instant: datetime) -> datetime | None:
    """Return the first instant after this one at which the layer's own answer is another."""
    begins_at, timezone = turn_starts_at(layer.rotation, 0), layer.rotation.timezone
    if instant < begins_at:
        if is_open(layer.restrictions, timezone, begins_at):
            return begins_at
        return next_turning(layer.restrictions, timezone, begins_at)
    turning_at = next_turning(layer.restrictions, timezone, instant)
    if not is_open(layer.restrictions, timezone, instant):
        return turning_at
    handing_over_at = next_hand_over(layer.rotation, instant)
    if turning_at is None or handing_over_at is None:
        return turning_at or handing_over_at
    return min(turning_at, handing_over_at)
