"""Who is told: the tree of routes that Alertmanager users know.

A node matches when all its matchers do. Its branches are asked in order, and the first that matches takes
the alert, unless it says `continue`: then those behind it are asked, too. Where no branch matches, the way
ends at the node itself. So every alert has a way, and one may have several.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tocsin.alerts.matcher import Matcher
from tocsin.alerts.picking import Pick
from tocsin.alerts.timeinterval import FURTHEST, NamedInterval
from tocsin.quality.remembering import by_identity

ALL_LABELS = ("...",)
FOR_EVER = datetime.fromisoformat("2200-01-01T00:00:00+00:00")
ROOT = "route"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A node: whom it tells, in which groups, when, and whom it asks first.

    The root has no matchers and always a receiver. What is None is inherited from the node above; time
    intervals are not. `group_by` names labels, or is ALL_LABELS. `continues` is Alertmanager's `continue`.
    `escalation` names the escalation policy that is climbed for what ends here; empty: none.
    """

    receiver: str
    matchers: tuple[Matcher, ...] = ()
    routes: tuple["Route", ...] = ()
    continues: bool = False
    group_by: tuple[str, ...] | None = None
    group_wait_for: timedelta | None = None
    group_every: timedelta | None = None
    repeat_every: timedelta | None = None
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    escalation: str | None = None
    _pick: Pick = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The index is a function of the branches alone; a frozen value can be given it only this way.
        object.__setattr__(self, "_pick", Pick(tuple(child.matchers for child in self.routes)))

    def matching(self, labels: Mapping[str, str]) -> tuple[int, ...]:
        """Return the numbers of the branches that the labels go into, in order."""
        if not self.routes:
            return ()
        found = []
        for number in self._pick.matching(labels):
            found.append(number)
            if not self.routes[number].continues:
                break
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A node at which an alert ends, with all that holds there.

    `path` names the node: "route/routes[2]/routes[0]". `muted_by` is the time interval that keeps quiet
    now, or that would have to be on for it to speak, and `muted_until` the first instant at which no
    interval does so; FOR_EVER if there is none, and later than a year if there is none within it. Both are
    empty while the way is open. `repeats_past`: a route says itself how often to repeat, and so of all that
    it tells, also of what is told once elsewhere.
    """

    path: str
    receiver: str
    group_by: tuple[str, ...]
    group_wait_for: timedelta
    group_every: timedelta
    repeat_every: timedelta
    repeats_past: bool = False
    muted_by: str = ""
    muted_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """What holds at a node that says nothing of its own."""

    group_by: tuple[str, ...] = ("condition", "severity")
    group_wait_for: timedelta = timedelta(seconds=30)
    group_every: timedelta = timedelta(minutes=5)
    repeat_every: timedelta = timedelta(hours=4)
    repeats_past: bool = False

    def at(self, node: Route) -> "Grouping":
        """Return what holds at a node below."""
        if (node.group_by, node.group_wait_for, node.group_every, node.repeat_every) == _NOTHING:
            return self
        return Grouping(
            group_by=self.group_by if node.group_by is None else node.group_by,
            group_wait_for=self.group_wait_for if node.group_wait_for is None else node.group_wait_for,
            group_every=self.group_every if node.group_every is None else node.group_every,
            repeat_every=self.repeat_every if node.repeat_every is None else node.repeat_every,
            repeats_past=self.repeats_past or node.repeat_every is not None,
        )


_NOTHING = (None, None, None, None)
_REMEMBERED = 1_024
USUAL = Grouping()
Intervals = Mapping[str, NamedInterval]


def ways(
    root: Route, labels: Mapping[str, str], now: datetime, intervals: Intervals, usual: Grouping = USUAL
) -> tuple[Way, ...]:
    """Return the ways that an alert takes, in the order of the tree; at least one.

    `labels` are the alert's own with `job`, `environment`, `severity`, `condition` and `rule` added; a
    label that is missing is empty. `intervals` are the time intervals by name, `usual` what the root
    leaves unsaid.
    """
    ends = _ends(root, ROOT, usual.at(root), labels)
    return tuple(way_of(node, path, grouping, now, intervals) for path, node, grouping in ends)


def _ends(
    node: Route, path: str, grouping: Grouping, labels: Mapping[str, str]
) -> Iterator[tuple[str, Route, Grouping]]:
    numbers = node.matching(labels)
    if not numbers:
        yield path, node, grouping
    for number in numbers:
        child = node.routes[number]
        yield from _ends(child, f"{path}/routes[{number}]", grouping.at(child), labels)


def way_of(node: Route, path: str, grouping: Grouping, now: datetime, intervals: Intervals) -> Way:
    """Return a node as the end of a way."""
    way, muted_by = _open_way(node, path, grouping), _muted_by(node, now, intervals)
    if not muted_by:
        return way
    return replace(way, muted_by=muted_by, muted_until=_muted_until(node, now, intervals))


@by_identity(_REMEMBERED)
def _open_way(node: Route, path: str, grouping: Grouping) -> Way:
    """Return the way that ends at a node while nothing mutes it: the same for every alert."""
    return Way(
        path=path,
        receiver=node.receiver,
        group_by=grouping.group_by,
        group_wait_for=grouping.group_wait_for,
        group_every=grouping.group_every,
        repeat_every=grouping.repeat_every,
        repeats_past=grouping.repeats_past,
    )


def _muted_by(node: Route, now: datetime, intervals: Intervals) -> str:
    for name in node.mute_time_intervals:
        if intervals[name].is_in(now):
            return name
    if node.active_time_intervals and not any(intervals[n].is_in(now) for n in node.active_time_intervals):
        return node.active_time_intervals[0]
    return ""


def _muted_until(node: Route, now: datetime, intervals: Intervals) -> datetime:
    """Go from change to change of the intervals until none of them mutes."""
    names, at = {*node.mute_time_intervals, *node.active_time_intervals}, now
    while at - now < FURTHEST:
        changes = [change for name in names if (change := intervals[name].changes_after(at)) is not None]
        if not changes:
            return FOR_EVER
        at = min(changes)
        if not _muted_by(node, at, intervals):
            break
    return at
