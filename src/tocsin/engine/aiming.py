"""Whom a drill tells, level by level: those whom an alert would tell by the same way just now. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from tocsin.alerts.drill import Aim, DrillLevel, Silent
from tocsin.engine.behind import behind, escalation_of
from tocsin.engine.book import Book
from tocsin.engine.reaching import ways_of
from tocsin.oncall.escalation import Level, Policy
from tocsin.oncall.restriction import is_open
from tocsin.oncall.schedule import on_call
from tocsin.rules.wording import clock_time

ROUTES = "routes"


def levels_of(
    aim: Aim, target: str, labels: Mapping[str, str], book: Book, now: datetime, *, quiet: str = ""
) -> tuple[DrillLevel, ...]:
    """Return the levels that are tried; `target` names what there is, `labels` are those of a job's alert.

    `quiet` says in words why nobody would hear of that alert now, if so.
    A policy is tried as a whole. An alert of a job tells its routes at once and with them the first level
    that can be told, so that no more is tried of the policy of its route.
    """
    match aim:
        case Aim.RECEIVER:
            return (_receiver(target, book),)
        case Aim.POLICY:
            return tuple(_policy(book.configuration.escalations[target], book, now))
        case Aim.JOB:
            return tuple(_job(dict(labels), quiet, book, now))


def _receiver(name: str, book: Book) -> DrillLevel:
    targets = book.configuration.targets[name]
    if targets:
        return DrillLevel(number=0, name=f"receiver {name}", targets=targets)
    why = "it is told by a daily digest alone, and of nothing at once"
    return DrillLevel(number=0, name=f"receiver {name}", silent=Silent.HOLE, why_silent=why)


def _policy(policy: Policy, book: Book, now: datetime) -> Iterator[DrillLevel]:
    told = behind(policy, book, now)
    for number, (level, targets) in enumerate(zip(policy.levels, told, strict=True), start=1):
        yield _level(number, level, targets, book, now)


def _level(number: int, level: Level, targets: tuple[str, ...], book: Book, now: datetime) -> DrillLevel:
    if not is_open(level.working_hours, level.timezone, now):
        why = "it is outside its working hours"
        return DrillLevel(number=number, name=level.name, silent=Silent.PASSED_OVER, why_silent=why)
    if not targets:
        why = _why_nobody(level, book, now)
        return DrillLevel(number=number, name=level.name, silent=Silent.HOLE, why_silent=why)
    return DrillLevel(number=number, name=level.name, targets=targets)


def _why_nobody(level: Level, book: Book, now: datetime) -> str:
    schedules = book.configuration.on_call_schedules
    vacant = [
        name
        for name in level.targets
        if name in schedules and on_call(schedules[name], book.overrides, now).responder is None
    ]
    if vacant:
        return f"nobody is on call in {', '.join(vacant)}"
    if level.notification_channels:
        return f"nobody behind it is told through {', '.join(level.notification_channels)}"
    return "nobody behind it has a receiver that is told at once"


def _job(labels: dict[str, str], quiet: str, book: Book, now: datetime) -> Iterator[DrillLevel]:
    routes = _routes(labels, quiet, book, now)
    yield routes
    policy = book.configuration.escalations.get(escalation_of(book.configuration.route, labels))
    if policy is None or not routes.targets:
        return
    for level in _policy(policy, book, now):
        others = tuple(target for target in level.targets if target not in routes.targets)
        if level.targets and not others:
            why = "the routes have told the same"
            yield DrillLevel(number=level.number, name=level.name, silent=Silent.TOLD_BELOW, why_silent=why)
            return
        yield replace(level, targets=others)
        if others:
            return


def _routes(labels: dict[str, str], quiet: str, book: Book, now: datetime) -> DrillLevel:
    configuration, zone = book.configuration, book.configuration.defaults.timezone
    if quiet:
        return DrillLevel(number=0, name=ROUTES, silent=Silent.PASSED_OVER, why_silent=quiet)
    mute = book.mute_of(labels, now)
    if mute is not None:
        why = f"{mute.words} until {clock_time(mute.until_at, zone)}: {mute.note or mute.who}"
        return DrillLevel(number=0, name=ROUTES, silent=Silent.PASSED_OVER, why_silent=why)
    ways = ways_of(labels, configuration, now)
    open_ = [way for way in ways if way.muted_until is None]
    targets = dict.fromkeys(target for way in open_ for target in configuration.targets[way.receiver])
    if targets:
        return DrillLevel(number=0, name=ROUTES, targets=tuple(targets))
    muted = [f"{way.receiver} is muted by {way.muted_by}" for way in ways if way.muted_until is not None]
    daily = [f"{way.receiver} is told by a daily digest alone" for way in open_]
    why = ", ".join((*muted, *daily))
    return DrillLevel(number=0, name=ROUTES, silent=Silent.PASSED_OVER, why_silent=why)
