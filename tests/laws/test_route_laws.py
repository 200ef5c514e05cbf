"""What holds for every tree of routes: the index says what the matchers say, and dead ends are dead."""

from collections.abc import Iterator

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.laws.histories import START
from tocsin.alerts.implying import contradiction, implied, takes_all
from tocsin.alerts.matcher import Matcher, match_all
from tocsin.alerts.route import Route, ways
from tocsin.rules.finding import Severity

law = settings(derandomize=True, database=None, deadline=None, max_examples=200)

SEVERITIES = tuple(severity.word for severity in Severity)
VALUES = {"severity": SEVERITIES, "team": ("a", "b", "ab", ""), "job": ("a", "aa", "b\nb", "ä")}
PATTERNS = ("a", "a+", "a|b", ".*", "(?s).*", ".+", "", "[^a]", "info|page", "(?i)A", "crit.*")

labels = st.fixed_dictionaries(
    {"severity": st.sampled_from(SEVERITIES)},
    optional={name: st.sampled_from(VALUES[name]) for name in ("team", "job")},
)


@st.composite
def matchers(draw: st.DrawFn) -> Matcher:
    name = draw(st.sampled_from(sorted(VALUES)))
    operator = draw(st.sampled_from(["=", "!=", "=~", "!~"]))
    of = VALUES[name] if operator in ("=", "!=") else PATTERNS
    return Matcher(name=name, operator=operator, value=draw(st.sampled_from(of)))


tests_on_labels = st.lists(matchers(), max_size=3).map(tuple)
trees = st.recursive(
    st.builds(Route, receiver=st.just("r"), matchers=tests_on_labels, continues=st.booleans()),
    lambda below: st.builds(
        Route,
        receiver=st.just("r"),
        matchers=tests_on_labels,
        continues=st.booleans(),
        routes=st.lists(below, max_size=5).map(tuple),
    ),
    max_leaves=15,
)


def asked_one_by_one(node: Route, path: str, of_alert: dict[str, str]) -> Iterator[str]:
    """Walk the tree as it is told: each branch in order, each of its tests."""
    taken = False
    for number, child in enumerate(node.routes):
        if match_all(child.matchers, of_alert):
            taken = True
            yield from asked_one_by_one(child, f"{path}/routes[{number}]", of_alert)
            if not child.continues:
                break
    if not taken:
        yield path


@law
@given(root=trees, of_alert=labels)
def test_the_ways_are_those_that_the_matchers_lead_to_one_by_one(
    root: Route, of_alert: dict[str, str]
) -> None:
    found = ways(root, of_alert, START, {})

    assert [way.path for way in found] == list(asked_one_by_one(root, "route", of_alert))
    assert found


@law
@given(given_tests=tests_on_labels, of_alert=labels)
def test_no_alert_passes_tests_that_are_said_to_contradict_each_other(
    given_tests: tuple[Matcher, ...], of_alert: dict[str, str]
) -> None:
    against = contradiction(given_tests)

    assert set(against) <= set(given_tests)
    if against:
        assert not match_all(against, of_alert)


@law
@given(given_tests=tests_on_labels, others=st.lists(tests_on_labels, max_size=4), of_alert=labels)
@example(
    given_tests=(),
    others=[(Matcher(name="job", operator="=~", value=".*"),)],
    of_alert={"severity": "info", "job": "b\nb"},
)
def test_what_is_said_to_follow_does_follow(
    given_tests: tuple[Matcher, ...], others: list[tuple[Matcher, ...]], of_alert: dict[str, str]
) -> None:
    if not match_all(given_tests, of_alert):
        return
    for other in others:
        if implied(given_tests, other):
            assert match_all(other, of_alert)
    takers = takes_all(given_tests, others)
    assert not takers or any(match_all(others[number], of_alert) for number in takers)
