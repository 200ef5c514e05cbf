"""Rules of inhibition that mute each other's alerts, so that only one of them is told.

It errs on the side of silence: two rules are named only with labels of two alerts for which it is so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice, product
from typing import Final

from tocsin.alerts.implying import KNOWN_VALUES, contradiction
from tocsin.alerts.inhibition import InhibitRule
from tocsin.alerts.matcher import Matcher
from tocsin.config.problems import MAX_SHOWN, Fault
from tocsin.rules.judge import CONDITIONS

MAX_RULES: Final = 100
"""Rules that are compared with each other; the rest of a longer list is not."""
MAX_TOLD: Final = 20
MAX_TRIED: Final = 256
MAX_VALUES: Final = 20
SOME_VALUE: Final = "other"
_KNOWN: Final = {**KNOWN_VALUES, "condition": tuple(CONDITIONS)}
_NEVER_EMPTY: Final = ("job", "environment", "rule")
_LITERALS: Final = re.compile(r"[\w \-/|]*")

MAX_LENGTH: Final = 6
"""Rules of the longest circle that is looked for."""
MAX_STEPS: Final = 2_000
MAX_CIRCLES: Final = 200

Labels = dict[str, str]
Tests = Sequence[Matcher]
Choice = tuple[str, str]


def mutual(rules: Sequence[InhibitRule]) -> Iterator[Fault]:
    """Tell the pairs of rules by which two alerts can mute each other, at the later one; MAX_TOLD at most."""
    yield from islice(_pairs(rules[:MAX_RULES]), MAX_TOLD)


def circles(rules: Sequence[InhibitRule]) -> Iterator[Fault]:
    """Tell three to MAX_LENGTH rules by which alerts can mute each other in a circle, at the last of them."""
    rules = rules[:MAX_RULES]
    found = (_told(rules, ring) for ring in islice(_rings(rules), MAX_CIRCLES))
    yield from islice((fault for fault in found if fault is not None), MAX_TOLD)


def _rings(rules: Sequence[InhibitRule]) -> Iterator[tuple[int, ...]]:
    """Return rules of which each may mute the source of the next, each circle once, within MAX_STEPS."""
    after = [
        [
            n
            for n, other in enumerate(rules)
            if not contradiction((*one.target_matchers, *other.source_matchers))
        ]
        for one in rules
    ]
    steps = 0
    for first in range(len(rules)):
        paths: list[tuple[int, ...]] = [(first,)]
        while paths and steps < MAX_STEPS:
            steps += 1
            path = paths.pop()
            if len(path) > 2 and first in after[path[-1]]:  # noqa: PLR2004 -- two are told as a pair
                yield path
            if len(path) < MAX_LENGTH:
                paths += [(*path, n) for n in reversed(after[path[-1]]) if n > first and n not in path]


def _told(rules: Sequence[InhibitRule], ring: tuple[int, ...]) -> Fault | None:
    circle = [rules[number] for number in ring]
    found = _all_muted(circle)
    if found is None:
        return None
    names = ", ".join(_called(rules[number], number) for number in ring)
    before = (circle[-1], *circle)
    alerts = "; ".join(_written(x, rule, last) for x, rule, last in zip(found, circle, before, strict=False))
    message = (
        f"{names} mute each other in a circle: while alerts with {alerts} are open, only one is told; "
        "take one of the rules out, or make its tests narrower"
    )
    return Fault(place=("inhibit_rules", max(ring)), message=message)


def _all_muted(circle: Sequence[InhibitRule]) -> list[Labels] | None:
    """Return the labels of alerts of which each is muted by the one before under the rule of that one."""
    before = (circle[-1], *circle)
    tests = [(*one.source_matchers, *last.target_matchers) for one, last in zip(circle, before, strict=False)]
    asked = (test.name for of_one in tests for test in of_one)
    names = dict.fromkeys([*asked, *(name for rule in circle for name in rule.equal)])
    rows = [_rows(name, tests, circle) for name in names]
    for chosen in islice(product(*rows), MAX_TRIED):
        values = dict(zip(names, chosen, strict=True))
        found = [{name: row[n] for name, row in values.items() if row[n]} for n in range(len(circle))]
        targets = (*found[1:], found[0])
        if all(rule.mutes(x, y) for rule, x, y in zip(circle, found, targets, strict=True)):
            return found
    return None


def _rows(name: str, tests: Sequence[Tests], circle: Sequence[InhibitRule]) -> list[tuple[str, ...]]:
    """Return values of a label for each alert of a circle, equal where the rule between two asks for that."""
    values = _values(name, [test for of_one in tests for test in of_one if test.name == name])
    rows: list[tuple[str, ...]] = [()]
    for number, of_one in enumerate(tests):
        about = [test for test in of_one if test.name == name]
        own = [value for value in values if all(test.matches({name: value}) for test in about)]
        is_equal = number > 0 and name in circle[number - 1].equal
        rows = [(*row, v) for row in rows for v in own if not is_equal or row[-1] == v][:MAX_TRIED]
    return [row for row in rows if name not in circle[-1].equal or row[-1] == row[0]]


def _pairs(rules: Sequence[InhibitRule]) -> Iterator[Fault]:
    for (first, one), (second, other) in combinations(enumerate(rules), 2):
        found = _both_muted(one, other)
        if found is None:
            continue
        mine, others = (_written(labels, one, other) for labels in found)
        message = (
            f"{_called(other, second)} and {_called(one, first)} mute each other: while an alert with {mine} "
            f"and one with {others} are open, only one of them is told; take one of the rules out, or add to "
            f"the 'target_matchers' of one a test that the sources of the other do not pass"
        )
        yield Fault(place=("inhibit_rules", second), message=message)


def _both_muted(one: InhibitRule, other: InhibitRule) -> tuple[Labels, Labels] | None:
    """Return the labels of two alerts of which the first rule mutes the second, and the other the first."""
    here = (*one.source_matchers, *other.target_matchers)
    there = (*other.source_matchers, *one.target_matchers)
    equal = {*one.equal, *other.equal}
    choices: dict[str, list[Choice]] = {}
    for name in dict.fromkeys([*(test.name for test in (*here, *there)), *equal]):
        choices[name] = _choices(name, here, there, is_equal=name in equal)
        if not choices[name]:
            return None
    for chosen in islice(product(*choices.values()), MAX_TRIED):
        pairs = dict(zip(choices, chosen, strict=True))
        x, y = ({name: pair[side] for name, pair in pairs.items() if pair[side]} for side in (0, 1))
        if one.mutes(x, y) and other.mutes(y, x):
            return x, y
    return None


def _choices(name: str, here: Tests, there: Tests, *, is_equal: bool) -> list[Choice]:
    """Return values of a label for both alerts that pass what is asked of each."""
    about = [test for test in (*here, *there) if test.name == name]
    values = _values(name, about)
    mine, others = (
        [value for value in values if all(test.matches({name: value}) for test in tests if test.name == name)]
        for tests in (here, there)
    )
    if is_equal:
        return [(value, value) for value in mine if value in others]
    return list(product(mine, others))


def _values(name: str, about: Tests) -> list[str]:
    """Return values that a label can have, as far as its tests let them be guessed."""
    if name in _KNOWN:
        return list(_KNOWN[name])
    literal = (value for test in about if _LITERALS.fullmatch(test.value) for value in test.value.split("|"))
    found = dict.fromkeys([*literal, SOME_VALUE, *(() if name in _NEVER_EMPTY else ("",))])
    return [value for value in found if value or name not in _NEVER_EMPTY][:MAX_VALUES]


def _called(rule: InhibitRule, number: int) -> str:
    place = f"inhibit_rules[{number}]"
    return f"{rule.name[:MAX_SHOWN]!r} ({place})" if rule.name else place


def _written(labels: Mapping[str, str], one: InhibitRule, other: InhibitRule) -> str:
    """Return what of the labels of an alert the rules ask for."""
    sides = (one.source_matchers, one.target_matchers, other.source_matchers, other.target_matchers)
    asked = {test.name for side in sides for test in side}
    shown = [
        str(Matcher(name=name, operator="=", value=value)) for name, value in labels.items() if name in asked
    ]
    return ", ".join(shown)[:200] or "no label at all"
