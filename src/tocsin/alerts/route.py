"""Who is told: a tree of routes, first match, with a default that always exists."""

from dataclasses import dataclass

from tocsin.alerts.matcher import Matcher, match_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A node: whom it tells and whom it asks first.

    The root has no matchers and always a receiver; a child without a receiver inherits its parent's.
    """

    receiver: str
    matchers: tuple[Matcher, ...] = ()
    routes: tuple["Route", ...] = ()


def receiver_for(route: Route, labels: dict[str, str]) -> str:
    """Return the receiver of the first, deepest node on the way that matches; the root's if none does.

    `labels` are the alert's own with `severity`, `condition` and `rule` added.
    """
    for child in route.routes:
        if match_all(child.matchers, labels):
            return receiver_for(child, labels)
    return route.receiver
