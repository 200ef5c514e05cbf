"""Who is behind a level of an escalation policy at an instant. Pure."""

from collections.abc import Mapping
from datetime import datetime

from tocsin.alerts.route import ROOT, Route
from tocsin.engine.book import Book
from tocsin.oncall.escalation import Level, Policy
from tocsin.oncall.schedule import on_call


def escalation_of(route: Route, labels: Mapping[str, str]) -> str:
    """Return the escalation policy of the first way of these labels that has one, or nothing."""
    return escalating_way(route, labels)[1]


def escalating_way(
    route: Route, labels: Mapping[str, str], inherited: str = "", path: str = ROOT
) -> tuple[str, str]:
    """Return the path of the first way of these labels that has an escalation policy, and that policy."""
    named = inherited if route.escalation is None else route.escalation
    numbers = route.matching(labels)
    if not numbers:
        return path, named
    for number in numbers:
        end = escalating_way(route.routes[number], labels, named, f"{path}/routes[{number}]")
        if end[1]:
            return end
    return path, ""


def behind(policy: Policy, book: Book, now: datetime) -> tuple[tuple[str, ...], ...]:
    """Return for each level of a policy the targets that are told when it is its turn, each once."""
    return tuple(_behind_level(level, book, now) for level in policy.levels)


def _behind_level(level: Level, book: Book, now: datetime) -> tuple[str, ...]:
    reached = (target for name in level.targets for target in _targets_of(name, book, now))
    wanted = level.notification_channels
    return tuple(dict.fromkeys(t for t in reached if not wanted or kind_of(t) in wanted))


def _targets_of(name: str, book: Book, now: datetime) -> tuple[str, ...]:
    """Return the targets of a name: of an on-call schedule, else of a responder, else of a receiver."""
    configuration = book.configuration
    schedule = configuration.on_call_schedules.get(name)
    whom = name if schedule is None else on_call(schedule, book.overrides, now).responder
    if whom is None:
        return ()
    responder = configuration.responders.get(whom)
    receivers = (whom,) if responder is None else responder.receivers
    return tuple(t for receiver in receivers for t in configuration.targets.get(receiver, ()))


def kind_of(target: str) -> str:
    """Return the kind of channel that a target speaks through: "slack" of "on-call/slack".

    One of several telephones of a receiver carries its number: "sms" of "ann/sms:+4930…".
    """
    return target.rpartition("/")[2].partition(":")[0]
