"""The tree of routes: which ways an alert takes, what holds there, and whether they are open."""

from datetime import datetime, timedelta

import pytest

from tests.alerts.words import NOON, at
from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.route import ALL_LABELS, FOR_EVER, Grouping, Route, Way, ways
from tocsin.alerts.timeinterval import NamedInterval, Span, TimeInterval, read_times

MINUTE = timedelta(minutes=1)


def node(
    receiver: str,
    *routes: Route,
    when: str = "",
    go_on: bool = False,
    mute: tuple[str, ...] = (),
    active: tuple[str, ...] = (),
) -> Route:
    return Route(
        receiver=receiver,
        matchers=tuple(read_matcher(m) for m in when.split()),
        routes=routes,
        continues=go_on,
        mute_time_intervals=mute,
        active_time_intervals=active,
    )


def receivers(root: Route, **labels: str) -> list[str]:
    return [way.receiver for way in ways(root, labels, NOON, {})]


def interval(name: str, times: str) -> NamedInterval:
    return NamedInterval(name=name, intervals=(TimeInterval(times=(read_times(*times.split("-")),)),))


INTERVALS = {
    "morning": interval("morning", "06:00-12:00"),
    "lunch": interval("lunch", "12:00-13:00"),
    "afternoon": interval("afternoon", "13:00-18:00"),
    "always": NamedInterval(name="always", intervals=(TimeInterval(),)),
    "never": NamedInterval(name="never", intervals=(TimeInterval(years=(Span(first=1999, last=1999),)),)),
}

TREE = node(
    "default",
    node("audit", node("audit-page", when="severity=page"), when="team=data", go_on=True),
    node("etl", when="job=~etl_.* severity!=info"),
    node("not-web", when="team!~web|ops env="),
    node("twice", when="severity=info", go_on=True),
    node("twice", when="severity=info"),
)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, ["not-web"]),
        ({"team": "web"}, ["default"]),
        ({"team": "web", "severity": "info"}, ["twice", "twice"]),
        ({"team": "data", "job": "etl_a", "severity": "page"}, ["audit-page", "etl"]),
        ({"team": "data", "job": "etl_a", "severity": "info"}, ["audit", "not-web"]),
        ({"team": "data", "job": "x", "env": "prod", "severity": "page"}, ["audit-page"]),
        ({"team": "ops", "job": "etl_", "severity": "critical"}, ["etl"]),
        ({"team": "ops", "job": "an_etl_", "severity": "critical"}, ["default"]),
    ],
)
def test_branches_are_asked_in_order_until_one_takes_the_alert_and_does_not_continue(
    labels: dict[str, str], expected: list[str]
) -> None:
    assert receivers(TREE, **labels) == expected


def test_a_way_names_its_node() -> None:
    found = ways(TREE, {"team": "data", "job": "etl_a", "severity": "page"}, NOON, {})

    assert [way.path for way in found] == ["route/routes[0]/routes[0]", "route/routes[1]"]
    assert [way.path for way in ways(TREE, {"team": "web"}, NOON, {})] == ["route"]


def test_continue_leads_to_no_second_way_where_nothing_else_matches() -> None:
    assert receivers(node("root", node("a", when="x=1", go_on=True)), x="1") == ["a"]


def test_what_a_node_leaves_unsaid_is_inherited() -> None:
    deepest = Route(receiver="c", group_by=ALL_LABELS)
    child = Route(receiver="b", group_wait_for=MINUTE, group_by=(), routes=(deepest,))
    root = Route(receiver="a", repeat_every=7 * MINUTE, group_every=3 * MINUTE, routes=(child,))

    (way,) = ways(root, {}, NOON, {}, Grouping(group_by=("team",)))

    assert way == Way(
        path="route/routes[0]/routes[0]",
        receiver="c",
        group_by=ALL_LABELS,
        group_wait_for=MINUTE,
        group_every=3 * MINUTE,
        repeat_every=7 * MINUTE,
        repeats_past=True,
    )
    (way,) = ways(Route(receiver="a", routes=(Route(receiver="b"),)), {}, NOON, {})
    assert (way.group_by, way.group_wait_for, way.group_every, way.repeat_every) == (
        ("condition", "severity"),
        timedelta(seconds=30),
        5 * MINUTE,
        240 * MINUTE,
    )


@pytest.mark.parametrize(
    ("mute", "active", "now", "muted"),
    [
        ((), (), "12:00", ("", None)),
        (("morning",), (), "12:00", ("", None)),
        (("lunch",), (), "12:00", ("lunch", at("13:00"))),
        (("morning", "lunch", "afternoon"), (), "07:00", ("morning", at("18:00"))),
        ((), ("lunch",), "12:59", ("", None)),
        ((), ("lunch", "morning"), "05:00", ("lunch", at("06:00"))),
        (("lunch",), ("morning", "lunch"), "12:00", ("lunch", at("06:00") + timedelta(days=1))),
        (("always",), (), "12:00", ("always", FOR_EVER)),
        ((), ("never",), "12:00", ("never", FOR_EVER)),
        (("lunch",), ("lunch",), "12:30", ("lunch", None)),
    ],
)
def test_a_way_is_muted_by_its_time_intervals_until_none_does(
    mute: tuple[str, ...], active: tuple[str, ...], now: str, muted: tuple[str, datetime | None]
) -> None:
    (way,) = ways(node("a", mute=mute, active=active), {}, at(now), INTERVALS)

    if mute == active and mute:
        assert way.muted_by == "lunch"
        assert way.muted_until is not None
        assert way.muted_until > NOON + timedelta(days=90)
    else:
        assert (way.muted_by, way.muted_until) == muted


def test_time_intervals_are_not_inherited() -> None:
    (way,) = ways(node("a", node("b"), mute=("always",)), {}, NOON, INTERVALS)

    assert (way.receiver, way.muted_by) == ("b", "")


def test_patterns_that_do_not_fit_into_memory_together_are_asked_one_by_one() -> None:
    large = [f"[a-z]{{{n + 800}}}" for n in range(100)]
    branches = [Route(receiver=str(n), matchers=(read_matcher(f'x=~"{p}"'),)) for n, p in enumerate(large)]
    root = Route(receiver="root", routes=tuple(branches))

    assert receivers(root, x="a" * 807) == ["7"]
    assert receivers(root, x="nothing") == ["root"]


@pytest.mark.parametrize("value", ["", "a\nb", "ä", "x" * 5_000])
def test_any_value_of_a_label_is_looked_at_as_a_whole(value: str) -> None:
    root = node("root", node("any", when="x=~(?s).*", go_on=True), node("some", when="x=~(?s).+"))

    assert receivers(root, x=value) == (["any", "some"] if value else ["any"])
