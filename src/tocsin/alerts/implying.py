"""What follows from tests on labels: that they contradict each other, or that another test passes with them.

It errs on the side of silence: two patterns may contradict each other without being found out.
"""

from collections.abc import Sequence

from tocsin.alerts.matcher import Matcher
from tocsin.rules.finding import Severity

Tests = Sequence[Matcher]

# Labels whose values are known, all of them.
KNOWN_VALUES = {"severity": tuple(severity.word for severity in Severity)}


def contradiction(tests: Tests) -> tuple[Matcher, ...]:
    """Return tests that no label set passes together, or nothing where none are found."""
    for name in dict.fromkeys(test.name for test in tests):
        about = tuple(test for test in tests if test.name == name)
        possible = _possible(name, about)
        if possible is not None and not possible:
            return _smallest(name, about)
    return ()


def implied(tests: Tests, by_then: Tests) -> bool:
    """Whether every label set that passes `tests` is known to pass all of `by_then`, too."""
    return all(_implies(tests, one) for one in by_then)


def takes_all(tests: Tests, others: Sequence[Tests]) -> tuple[int, ...]:
    """Return which of the others together take whatever passes `tests`, by their numbers; or nothing.

    One of them does, or each severity that is possible is taken by one.
    """
    alone = next((number for number, other in enumerate(others) if implied(tests, other)), None)
    if alone is not None:
        return (alone,)
    about = tuple(test for test in tests if test.name == "severity")
    together: set[int] = set()
    for value in _possible("severity", about) or ():
        narrowed = (*tests, Matcher(name="severity", operator="=", value=value))
        taker = next((number for number, other in enumerate(others) if implied(narrowed, other)), None)
        if taker is None:
            return ()
        together.add(taker)
    return tuple(sorted(together))


def _possible(name: str, about: Tests) -> list[str] | None:
    """Return the values that pass all tests on a label, or None where there may be any number of them."""
    equal = [test.value for test in about if test.operator == "="]
    values = KNOWN_VALUES.get(name) or equal[:1]
    if not values:
        return None
    return [value for value in values if all(test.matches({name: value}) for test in about)]


def _smallest(name: str, about: Tests) -> tuple[Matcher, ...]:
    for number, test in enumerate(about):
        if _possible(name, (test,)) == []:
            return (test,)
        for other in about[:number]:
            if _possible(name, (other, test)) == []:
                return (other, test)
    return tuple(about)


def _implies(tests: Tests, one: Matcher) -> bool:
    about = tuple(test for test in tests if test.name == one.name)
    if one in about:
        return True
    possible = _possible(one.name, about)
    if possible is not None:
        return all(one.matches({one.name: value}) for value in possible)
    if one.operator == "!=":
        return any(not test.matches({one.name: one.value}) for test in about)
    return one.operator == "=~" and one.value == "(?s).*"
