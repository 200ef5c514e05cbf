"""Routes that no alert ever takes, receivers that nobody reaches, and routes that are always quiet."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tocsin.alerts.implying import KNOWN_VALUES, contradiction, implied, takes_all
from tocsin.alerts.matcher import Matcher, read_matchers
from tocsin.alerts.route import FOR_EVER, USUAL, Intervals, Route, way_of
from tocsin.config.problems import MAX_SHOWN, Fault, Place, closest, written
from tocsin.errors import InvalidMatcher

Branches = Sequence[tuple[Place, Mapping[str, object]]]
Tests = tuple[Matcher, ...]
QUIET_FOR = timedelta(days=45)


def never_taken(children: Branches, above: Tests) -> Iterator[tuple[Fault | None, Tests]]:
    """Return for each branch of a route its fault, if no alert ever takes it, and the tests that lead to it.

    `above` are the tests that lead to the route. The branches are as they were written; what cannot be
    read in them is told elsewhere.
    """
    earlier: list[tuple[Place, Tests]] = []
    for place, child in children:
        own = _tests(child)
        tests = (*above, *(own or ()))
        taken = takes_all(tests, [other for _, other in earlier]) if own is not None else ()
        against = contradiction(tests)
        if against:
            yield _contradicted(place, against), tests
        elif taken:
            yield _shadowed(place, [earlier[number][0] for number in taken]), tests
        else:
            yield None, tests
            if own is not None and child.get("continue") is not True:
                earlier.append((place, own))


def _contradicted(place: Place, against: Tests) -> Fault:
    if len(against) > 1:
        both = " and ".join(map(str, against))
        return Fault(place=place, message=f"can never match: no alert passes {both} together")
    (test,) = against
    known = KNOWN_VALUES[test.name]
    message = f"can never match: no alert passes {test}; {test.name} is one of {', '.join(known)}"
    return Fault(place=place, message=message, suggestion=closest(test.value, known))


def _shadowed(place: Place, takers: list[Place]) -> Fault:
    if len(takers) == 1:
        message = f"is never reached: {written(takers[0])} matches everything that this one does; swap them"
    else:
        together = " and ".join(map(written, takers))
        message = f"is never reached: {together} together match everything that this one does"
    return Fault(place=place, message=message)


def _tests(route: Mapping[str, object]) -> Tests | None:
    """Return the tests of a branch as it was written; None if they cannot be read."""
    texts = route.get("matchers") or []
    texts = [texts] if isinstance(texts, str) else texts
    values, patterns = route.get("match") or {}, route.get("match_re") or {}
    if not isinstance(texts, list) or not isinstance(values, dict) or not isinstance(patterns, dict):
        return None
    try:
        found = [matcher for text in texts if text for matcher in read_matchers(str(text))]
    except InvalidMatcher:
        return None
    found += [Matcher(name=str(name), operator="=", value=str(value)) for name, value in values.items()]
    found += [Matcher(name=str(name), operator="=~", value=str(value)) for name, value in patterns.items()]
    return None if any(_is_unreadable(matcher) for matcher in found) else tuple(found)


def _is_unreadable(matcher: Matcher) -> bool:
    try:
        matcher.matches({})
    except InvalidMatcher:
        return True
    return False


def ends(root: Route) -> Iterator[tuple[Place, Route]]:
    """Return the nodes at which a way can end, for not every alert there goes on into a branch."""
    yield from _ends(root, ("route",), ())


def _ends(node: Route, place: Place, above: Tests) -> Iterator[tuple[Place, Route]]:
    tests = (*above, *node.matchers)
    if not any(implied(tests, child.matchers) for child in node.routes):
        yield place, node
    for number, child in enumerate(node.routes):
        yield from _ends(child, (*place, "routes", number), tests)


def always_quiet(root: Route, intervals: Intervals, now: datetime) -> Iterator[Fault]:
    """Tell the routes at whose end nobody hears of anything for a long time."""
    for place, node in ends(root):
        way = way_of(node, written(place), USUAL, now, intervals)
        if way.muted_until is None or way.muted_until - now < QUIET_FOR:
            continue
        until = "always" if way.muted_until == FOR_EVER else f"until {way.muted_until:%Y-%m-%d} at least"
        message = f"{way.muted_by[:MAX_SHOWN]!r} keeps it quiet {until}; alerts that end here reach nobody"
        yield Fault(place=place, message=message)
