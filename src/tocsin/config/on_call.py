"""Responders and on-call schedules of the file: checked against each other, built, and looked at for gaps."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from tocsin.config.as_written import items, named, nothing_called, twice, words
from tocsin.config.grammar import oncall as grammar
from tocsin.config.grammar.file import File
from tocsin.config.problems import MAX_SHOWN, Fault, Place
from tocsin.jobs.schedule import check_timezone
from tocsin.jobs.sla import read_wall_time
from tocsin.jobs.walltime import MIDNIGHT, instant_of, local_date, zone
from tocsin.oncall.responder import Responder
from tocsin.oncall.restriction import Restriction
from tocsin.oncall.rotation import Rotation, turn_starts_at
from tocsin.oncall.schedule import Gap, HandOverTo, Layer, OnCallSchedule, gaps

WEEK: Final = timedelta(days=7)
EVERY_DAY: Final = tuple(range(7))

_GAPS_SHOWN: Final = 5


def on_call_faults(data: Mapping[str, object], known_receivers: list[str]) -> Iterator[Fault]:
    """Return the names in the file, as it was written, that nobody and nothing has."""
    responders = _mapping(data.get("responders"))
    for name, responder in responders.items():
        for place, receiver in words(_mapping(responder).get("receivers"), ("responders", name, "receivers")):
            if receiver not in known_receivers:
                yield nothing_called(receiver, "receiver", place, known_receivers)
    for name, schedule in _mapping(data.get("oncall")).items():
        if name in responders:
            message = f"a responder is called {str(name)[:MAX_SHOWN]!r}, too; choose another name"
            yield Fault(place=("oncall", name), message=message)
        layers = _mapping(schedule).get("layers")
        yield from _layer_faults(
            ("oncall", name, "layers"), layers if isinstance(layers, list) else [layers], responders
        )


def _layer_faults(place: Place, layers: list[object], responders: Mapping[str, object]) -> Iterator[Fault]:
    yield from twice(named(layers, place), "layer")
    for at_layer, layer in items(layers, place):
        for at, participant in words(layer.get("participants"), (*at_layer, "participants")):
            if participant not in responders:
                yield nothing_called(participant, "responder", at, map(str, responders))


def build_responders(file: File) -> dict[str, Responder]:
    """Return the responders of the file by name."""
    return {
        name: Responder(
            name=name,
            receivers=tuple(written.receivers or ()),
            contacts=tuple(sorted((written.contacts or {}).items())),
            description=written.description or "",
        )
        for name, written in (file.responders or {}).items()
    }


def build_on_call_schedules(file: File) -> dict[str, OnCallSchedule]:
    """Return the on-call schedules of the file by name."""
    general = file.defaults.timezone or "UTC"
    return {name: _schedule(name, written, general) for name, written in (file.oncall or {}).items()}


def gap_warnings(file: File) -> Iterator[Fault]:
    """Return for each on-call schedule when in the week nobody is on call, once all of its rotations run."""
    for name, schedule in build_on_call_schedules(file).items():
        found = weekly_gaps(schedule)
        if found:
            told = ", ".join(_span(gap, schedule.timezone) for gap in found[:_GAPS_SHOWN])
            more = f" and at {len(found) - _GAPS_SHOWN} other times" if len(found) > _GAPS_SHOWN else ""
            message = f"nobody is on call {told}{more} ({schedule.timezone})"
            yield Fault(place=("oncall", name), message=message)


def weekly_gaps(schedule: OnCallSchedule) -> tuple[Gap, ...]:
    """Return the gaps of a week in which every rotation has begun, those over its end as one."""
    begun_at = max(turn_starts_at(layer.rotation, 0) for layer in schedule.layers)
    day = local_date(begun_at, schedule.timezone)
    monday = day + timedelta(days=7 - day.weekday())
    first, second, third = (instant_of(monday + n * WEEK, MIDNIGHT, schedule.timezone) for n in range(3))
    found = gaps(schedule, (), first, third)
    return tuple(gap for gap in found if first < gap.starts_at <= second) or found[:1]


def _schedule(name: str, written: grammar.OnCallSchedule, general: str) -> OnCallSchedule:
    timezone = check_timezone(written.timezone or general)
    layers = tuple(_layer(layer, number, timezone) for number, layer in enumerate(written.layers, start=1))
    return OnCallSchedule(
        name=name,
        layers=layers,
        timezone=timezone,
        description=written.description or "",
        hand_over_to=HandOverTo(written.hand_over_to),
    )


def _layer(written: grammar.Layer, number: int, timezone: str) -> Layer:
    day, at = grammar.read_start(written.starts)
    return Layer(
        name=written.name or f"layer {number}",
        rotation=Rotation(
            participants=tuple(written.participants),
            starts_on=day,
            starts=at,
            timezone=check_timezone(written.timezone or timezone),
            length_hours=grammar.read_turn(written.rotation),
        ),
        restrictions=tuple(build_restriction(one) for one in written.restrictions or ()),
    )


def build_restriction(written: grammar.Restriction) -> Restriction:
    """Return a window of the file."""
    days = sorted({grammar.read_weekday(day) for day in written.weekdays}) if written.weekdays else EVERY_DAY
    return Restriction(
        weekdays=tuple(days), starts=read_wall_time(written.starts), ends=read_wall_time(written.ends)
    )


def _span(gap: Gap, timezone: str) -> str:
    starts, ends = (_wall(at, timezone) for at in (gap.starts_at, gap.ends_at))
    if starts.date() == ends.date():
        return f"{starts:%a %H:%M}–{ends:%H:%M}"
    if ends - starts <= timedelta(days=1) and ends.time() == MIDNIGHT:
        return f"{starts:%a %H:%M}–24:00"
    return f"{starts:%a %H:%M} – {ends:%a %H:%M}"


def _wall(at: datetime, timezone: str) -> datetime:
    return at.astimezone(zone(timezone)).replace(tzinfo=None)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
