"""Two rules of inhibition by which two alerts mute each other are told, and no others."""

from time import process_time

import pytest

from tests.config.conftest import Load
from tocsin.alerts.inhibition import InhibitRule
from tocsin.alerts.matcher import read_matcher
from tocsin.config.deadlocks import MAX_RULES, MAX_TOLD, circles, mutual

HOSTS = "{name: hosts, source_matchers: [tier = host], target_matchers: [tier != host], equal: [zone]}"
BACK = "{name: back, source_matchers: [tier = app], target_matchers: [tier =~ host|disk], equal: [zone]}"

ZONED = "defaults: {labels: {zone: a}}\n"


def rule(source: str, target: str, *equal: str) -> InhibitRule:
    return InhibitRule(
        source_matchers=tuple(read_matcher(text) for text in source.split()),
        target_matchers=tuple(read_matcher(text) for text in target.split()),
        equal=equal,
    )


def test_rules_that_mute_each_other_are_named_with_what_to_do(load: Load) -> None:
    (warning,) = load(f"inhibit_rules:\n  - {HOSTS}\n  - {BACK}\n{ZONED}").warnings

    assert (warning.path, warning.line) == ("inhibit_rules[1]", 3)
    assert "'back' (inhibit_rules[1]) and 'hosts' (inhibit_rules[0]) mute each other" in warning.message
    assert (
        'an alert with tier="host" and one with tier="app" are open, only one of them is told'
        in warning.message
    )
    assert "take one of the rules out, or add to the 'target_matchers' of one" in warning.message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rule("job=a", "job=b"), rule("job=b", "job=a")),
        (rule("job=a", "job=b", "host"), rule("job=b", "job=a", "zone", "team")),
        (rule("severity=critical", "severity=~info|warning"), rule("severity=warning", "severity!=page")),
        (rule("team=~data|web", "team="), rule("team!=data", "team=web")),
        (rule("a=1 b=2", "a=1 b=3", "a"), rule("b=3", "b=2")),
        (
            rule("condition=no_data", "condition!=no_data", "job"),
            rule("condition=stalled", "condition!=stalled"),
        ),
    ],
)
def test_it_is_told_where_two_alerts_can_have_such_labels(one: InhibitRule, other: InhibitRule) -> None:
    assert len(list(mutual((one, other)))) == 1
    assert len(list(mutual((other, one)))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # A chain: whoever mutes the one in between is told.
        (rule("severity=page", "severity=~warning|critical"), rule("severity=critical", "severity=warning")),
        (rule("job=a", "job=b"), rule("job=b", "job=c")),
        # Never both, for one label must be equal and is not.
        (rule("job=a", "job=b", "job"), rule("job=b", "job=a")),
        (rule("tier=x team=1", "tier=y team=2", "team"), rule("tier=y", "tier=x")),
        # Who is on both sides of a rule is muted only by one that is not.
        (rule("job=~a|b", "job=~a|b"), rule("job=~a|b", "job=~a|b")),
        # No alert has such labels.
        (rule("severity=high", "severity=low"), rule("severity=low", "severity=high")),
        (rule("job=", "job=b"), rule("job=b", "job=")),
        # Nobody can say without more, and nobody is told.
        (rule("host=~db[0-9]+", "host=~app[0-9]+"), rule("host=~app[0-9]+", "host=~db[0-9]+")),
    ],
)
def test_it_is_not_told_where_it_cannot_happen(one: InhibitRule, other: InhibitRule) -> None:
    assert list(mutual((one, other))) == []
    assert list(mutual((other, one))) == []


@pytest.mark.parametrize("target", ["team=t{n} host!=h", "team=none"])
def test_a_list_of_many_rules_is_looked_through_in_bounded_time(target: str) -> None:
    sources = "job=~a{n}|b job!=c zone!~x|y"
    many = [rule(sources.format(n=n), target.format(n=n), "zone") for n in range(MAX_RULES + 1)]
    begun = process_time()

    found = list(mutual(many))

    assert len(found) <= MAX_TOLD
    assert process_time() - begun < 10


@pytest.mark.parametrize("jobs", ["abc", "abcd", "abcdef"])
def test_rules_in_a_circle_are_named(load: Load, jobs: str) -> None:
    pairs = zip(jobs, (*jobs[1:], jobs[0]), strict=True)
    rules = "".join(
        f"  - {{source_matchers: [job={one}], target_matchers: [job={other}], equal: [team]}}\n"
        for one, other in pairs
    )

    (warning,) = load(f"inhibit_rules:\n{rules}").warnings

    assert warning.path == f"inhibit_rules[{len(jobs) - 1}]"
    assert "mute each other in a circle: while alerts with" in warning.message
    assert all(f'job="{job}"' in warning.message for job in jobs)


@pytest.mark.parametrize(
    "rules",
    [
        (rule("job=a", "job=b"), rule("job=b", "job=c"), rule("job=a", "job=c")),
        (rule("job=a", "job=b", "team"), rule("job=b", "job=c", "team"), rule("job=c", "job=a team=x")),
        (
            rule("job=a team=x", "job=b", "team"),
            rule("job=b", "job=c", "team"),
            rule("job=c team=y", "job=a"),
        ),
        (rule("severity=page", "severity=critical"), rule("severity=critical", "severity=warning")),
        (rule("job=~a|b|c", "job=~a|b|c"),) * 3,
    ],
)
def test_a_circle_is_named_only_where_alerts_can_make_one(rules: tuple[InhibitRule, ...]) -> None:
    can = rules[0].equal == ("team",) and not rules[0].source_matchers[1:]

    assert bool(list(circles(rules))) == can


def test_circles_are_looked_for_in_bounded_time() -> None:
    many = [rule(f"job=~a{n}|b job!=c zone!~x|y", f"team=t{n} host!=h", "zone") for n in range(MAX_RULES + 1)]
    begun = process_time()

    assert len(list(circles(many))) <= MAX_TOLD
    assert process_time() - begun < 10
