"""Routes where an alert that must wake somebody ends at a receiver that is told once a day.

It errs on the side of silence: a way is named only where no other is known to take the same alerts.
"""

from collections.abc import Iterator
from typing import Final

from tocsin.alerts.implying import contradiction, implied, takes_all
from tocsin.alerts.matcher import Matcher
from tocsin.alerts.route import Route
from tocsin.config.grammar.file import File
from tocsin.config.problems import MAX_SHOWN, Fault, Place
from tocsin.config.routing import build_route
from tocsin.rules.finding import Severity

_PAGE: Final = Matcher(name="severity", operator="=", value=Severity.PAGE.word)


def pages_heard_late(file: File) -> Iterator[Fault]:
    """Tell the routes at which a page waits for a digest, and no escalation policy finds anybody before."""
    late = {one.name for one in file.receivers or () if all(m.digest_at is not None for m in one.means)}
    if not late:
        return
    if file.route is not None:
        yield from _late(build_route(file.route), ("route",), (_PAGE,), "", late)
    elif (first := (file.receivers or [])[0].name) in late:
        yield _fault(("receivers", 0, "name"), first)


def _late(
    node: Route, place: Place, above: tuple[Matcher, ...], inherited: str, late: set[str]
) -> Iterator[Fault]:
    tests = (*above, *node.matchers)
    policy = inherited if node.escalation is None else node.escalation
    if contradiction(tests):
        return
    if node.receiver in late and not policy and not takes_all(tests, [one.matchers for one in node.routes]):
        yield _fault(place, node.receiver)
    earlier: list[tuple[Matcher, ...]] = []
    for number, child in enumerate(node.routes):
        within = (*tests, *child.matchers)
        if not takes_all(within, earlier):
            others = [one.matchers for one in node.routes if one is not child]
            is_alone = not child.continues and not any(implied(within, one) for one in others)
            if is_alone or child.receiver not in late:
                yield from _late(child, (*place, "routes", number), tests, policy, late)
        if not child.continues:
            earlier.append(child.matchers)


def _fault(place: Place, receiver: str) -> Fault:
    message = (
        f"{receiver[:MAX_SHOWN]!r} is told once a day, so nobody hears at once of a 'page' that ends here; "
        f"give it a way that speaks at once, or an 'escalation' policy"
    )
    return Fault(place=place, message=message)
