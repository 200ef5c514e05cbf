"""Rules of inhibition that mute each other's alerts, so that nobody is told of either.

It errs on the side of silence: two rules are named only with labels of two alerts for which it is so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice, product
from typing import Final

from tocsin.alerts.implying import KNOWN_VALUES
from tocsin.alerts.inhibition import InhibitRule, Source, inhibited
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

Labels = dict[str, str]
Tests = Sequence[Matcher]
Choice = tuple[str, str]


def mutual(rules: Sequence[InhibitRule]) -> Iterator[Fault]:
    """Tell the pairs of rules by which two alerts can mute each other, at the later one; MAX_TOLD at most."""
    yield from islice(_pairs(rules[:MAX_RULES]), MAX_TOLD)


def _pairs(rules: Sequence[InhibitRule]) -> Iterator[Fault]:
    for (first, one), (second, other) in combinations(enumerate(rules), 2):
        found = _both_muted(one, other)
        if found is None:
            continue
        mine, others = (_written(labels, one, other) for labels in found)
        message = (
            f"{_called(other, second)} and {_called(one, first)} mute each other: while an alert with {mine} "
            f"and one with {others} are open, nobody is told of either; take one of the rules out, or add to "
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
        if _mutes(one, x, y) and _mutes(other, y, x):
            return x, y
    return None


def _mutes(rule: InhibitRule, source: Labels, target: Labels) -> bool:
    return inhibited((rule,), target, (Source(alert_id="", labels=tuple(source.items())),)) is not None


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
