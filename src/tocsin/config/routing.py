"""What the file says about routes, time intervals and inhibition, made into values."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from tocsin.alerts.inhibition import InhibitRule
from tocsin.alerts.matcher import Matcher, read_matchers
from tocsin.alerts.route import Route
from tocsin.alerts.timeinterval import (
    NamedInterval,
    TimeInterval,
    read_days_of_month,
    read_months,
    read_times,
    read_weekdays,
    read_years,
)
from tocsin.config.escalations import escalation_named
from tocsin.config.grammar import routing as grammar
from tocsin.jobs.walltime import check_timezone


def build_route(root: grammar.RootRoute) -> Route:
    """Return the tree; every node has a receiver of its own or that of the node above."""
    return Route(
        receiver=root.receiver,
        routes=_branches(root.routes, root.receiver),
        escalation=escalation_named(root.escalation),
        group_by=_group_by(root),
        group_wait_for=_length(root.group_wait),
        group_every=_length(root.group_interval),
        repeat_every=_length(root.repeat_interval),
    )


def _branches(routes: list[grammar.Route] | None, inherited: str) -> tuple[Route, ...]:
    return tuple(_branch(route, route.receiver or inherited) for route in routes or ())


def _branch(route: grammar.Route, receiver: str) -> Route:
    return Route(
        receiver=receiver,
        matchers=tuple(_matchers(route.matchers, route.match, route.match_re)),
        routes=_branches(route.routes, receiver),
        continues=route.continues,
        escalation=escalation_named(route.escalation),
        group_by=_group_by(route),
        group_wait_for=_length(route.group_wait),
        group_every=_length(route.group_interval),
        repeat_every=_length(route.repeat_interval),
        mute_time_intervals=tuple(route.mute_time_intervals or ()),
        active_time_intervals=tuple(route.active_time_intervals or ()),
    )


def _matchers(
    texts: Iterable[str] | None, values: Mapping[str, str] | None, patterns: Mapping[str, str] | None
) -> Iterator[Matcher]:
    for text in texts or ():
        yield from read_matchers(text)
    for name, value in (values or {}).items():
        yield Matcher(name=name, operator="=", value=value)
    for name, pattern in (patterns or {}).items():
        yield Matcher(name=name, operator="=~", value=pattern)


def _group_by(route: grammar.Grouping) -> tuple[str, ...] | None:
    return None if route.group_by is None else tuple(route.group_by)


def _length(text: str | None) -> timedelta | None:
    return None if text is None else grammar.read_duration(text)


def build_time_intervals(written: Iterable[grammar.TimeIntervals]) -> dict[str, NamedInterval]:
    """Return the time intervals by name."""
    return {one.name: build_interval(one.name, one.time_intervals) for one in written}


def build_interval(name: str, written: Iterable[grammar.TimeInterval]) -> NamedInterval:
    """Return stretches of time under a name."""
    return NamedInterval(name=name, intervals=tuple(map(_interval, written)))


def _interval(written: grammar.TimeInterval) -> TimeInterval:
    return TimeInterval(
        times=tuple(read_times(one.start_time, one.end_time) for one in written.times or ()),
        weekdays=tuple(map(read_weekdays, written.weekdays or ())),
        days_of_month=tuple(map(read_days_of_month, written.days_of_month or ())),
        months=tuple(map(read_months, written.months or ())),
        years=tuple(map(read_years, written.years or ())),
        timezone=check_timezone(written.location or "UTC"),
    )


def build_inhibit_rules(written: Iterable[grammar.InhibitRule]) -> tuple[InhibitRule, ...]:
    """Return the rules of inhibition."""
    return tuple(
        InhibitRule(
            name=one.name or "",
            source_matchers=tuple(_matchers(one.source_matchers, one.source_match, one.source_match_re)),
            target_matchers=tuple(_matchers(one.target_matchers, one.target_match, one.target_match_re)),
            equal=tuple(one.equal or ()),
        )
        for one in written
    )
