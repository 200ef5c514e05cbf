"""Matchers, routes and silences: who is told, and who is not."""

from dataclasses import replace

import pytest

from tests.alerts.words import NOON, at
from tocsin.alerts.matcher import match_all, read_matcher
from tocsin.alerts.route import Route, ways
from tocsin.alerts.silence import Silence, covering, pending
from tocsin.errors import InvalidMatcher
from tocsin.rules.pattern import MAX_PATTERN, compile_pattern

LABELS = {"job": "etl_main", "severity": "critical", "team": "data"}


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ('job="etl_main"', True),
        ("job=etl_main", True),
        (" job = etl_main ", True),
        ("job=etl", False),
        ("job!=etl", True),
        ('job=~"etl_.*"', True),
        ("job=~etl", False),
        ("job=~main", False),
        ('severity=~"critical|page"', True),
        ('severity!~"info|warning"', True),
        ("severity!~crit.*", False),
        ("tier=", True),
        ('tier=""', True),
        ("tier!=gold", True),
        ("tier=~.+", False),
        ('job="etl_\\"main"', False),
    ],
)
def test_a_matcher_tests_the_whole_value_and_a_missing_label_is_empty(text: str, passes: bool) -> None:  # noqa: FBT001 - a column of the table
    assert read_matcher(text).matches(LABELS) is passes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a matcher"),
        ("job", "is not a matcher"),
        ("job~etl", "is not a matcher"),
        ("1job=x", "is not a matcher"),
        ('job="etl', "is not a matcher"),
        ("job=a b", "is not a matcher"),
        ("job=~(", "is not valid RE2"),
        ("job=~(?=x)", "is not valid RE2"),
        ("job=~" + "x" * (MAX_PATTERN + 1), "characters; at most"),
    ],
)
def test_what_is_no_matcher_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(InvalidMatcher, match=says):
        read_matcher(text)


@pytest.mark.parametrize("text", ['job="etl"', 'job!="a\\"b"', 'job=~"a\\\\.b|c"', 'job!~""'])
def test_a_matcher_is_written_as_it_is_read(text: str) -> None:
    assert str(read_matcher(text)) == text
    assert read_matcher(str(read_matcher(text))) == read_matcher(text)


def test_no_pattern_makes_it_hang() -> None:
    assert compile_pattern("(a+)+$").fullmatch("a" * 5000 + "b") is None


def test_all_matchers_must_pass_and_none_at_all_passes_everything() -> None:
    yes, no = read_matcher("team=data"), read_matcher("team=other")

    assert match_all((), LABELS)
    assert match_all((yes,), LABELS)
    assert not match_all((yes, no), LABELS)


def route(receiver: str, *routes: Route, when: str = "") -> Route:
    return Route(receiver=receiver, matchers=tuple(read_matcher(m) for m in when.split()), routes=routes)


TREE = route(
    "default",
    route("pager", when="severity=page"),
    route(
        "data",
        route("data-critical", when="severity=critical"),
        route("data-etl", when="job=~etl_.*"),
        when="team=data",
    ),
    route("never", when="team=data severity=info"),
)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({}, "default"),
        ({"severity": "page", "team": "data"}, "pager"),
        ({"severity": "critical", "team": "data", "job": "etl_x"}, "data-critical"),
        ({"severity": "warning", "team": "data", "job": "etl_x"}, "data-etl"),
        ({"severity": "info", "team": "data", "job": "load"}, "data"),
        ({"severity": "critical", "team": "web"}, "default"),
    ],
)
def test_the_first_route_that_matches_and_the_deepest_of_it_is_taken(
    labels: dict[str, str], receiver: str
) -> None:
    assert [way.receiver for way in ways(TREE, labels, NOON, {})] == [receiver]


def silence(name: str, matcher: str, since: str, until: str) -> Silence:
    return Silence(
        id=name,
        matchers=(read_matcher(matcher),),
        starts_at=at(since),
        ends_at=at(until),
        created_by="ann",
        created_at=at("09:00"),
    )


@pytest.mark.parametrize(
    ("now", "found"),
    [("11:59", None), ("12:00", "short"), ("12:30", "long"), ("13:00", "long"), ("14:00", None)],
)
def test_the_active_silence_that_lasts_longest_covers(now: str, found: str | None) -> None:
    silences = [
        silence("short", "job=etl_main", "12:00", "13:00"),
        silence("long", "severity=critical", "12:30", "14:00"),
        silence("other", "job=load", "11:00", "20:00"),
    ]

    covers = covering(silences, LABELS, at(now))

    assert (covers.id if covers is not None else None) == found


def test_a_silence_that_had_begun_is_in_force_though_the_clock_was_set_back_since() -> None:
    begun = replace(silence("begun", "job=etl_main", "12:00", "13:00"), created_at=at("12:00"))
    to_come = replace(begun, starts_at=at("12:30"))

    assert covering([begun, to_come], LABELS, at("11:00")) == begun
    assert covering([to_come], LABELS, at("11:00")) is None
    assert pending([begun, to_come], LABELS, at("11:00")) == [to_come]
