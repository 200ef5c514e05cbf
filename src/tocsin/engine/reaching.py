"""Whom what is said of an alert reaches now, and who must wait for the end of a time interval. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tocsin.alerts.alert import Alert, Told
from tocsin.alerts.drill import DRILL
from tocsin.alerts.route import Grouping, Way, ways
from tocsin.engine.configuration import Configuration
from tocsin.quality.remembering import by_identity
from tocsin.rules.wording import clock_time

_REMEMBERED: Final = 8
"""Configurations of which the usual grouping is at hand: that in force, and those that are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The ways of an alert, as targets.

    `targets` may be told now, each once; `late` are those among them who have missed the latest news.
    `muted` are ways that are muted now, each with the targets that no other way reaches; `open` the others,
    but for those whose receiver a group will tell. `ways` are both, in the order of the routes.
    """

    targets: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    muted: tuple[tuple[Way, tuple[str, ...]], ...] = ()
    open: tuple[Way, ...] = ()
    ways: tuple[Way, ...] = ()

    @property
    def muted_until(self) -> datetime | None:
        """When anybody can be told again, if nobody can be now."""
        return None if self.targets else _earliest(way for way, _ in self.muted)

    @property
    def repeat_every(self) -> timedelta | None:
        """How often it is told again: the shortest that any of its ways says, muted or not."""
        return min((way.repeat_every for way in self.ways), default=None)

    @property
    def repeat_past_every(self) -> timedelta | None:
        """How often what is told once is told again all the same: the shortest that a way asks for."""
        return min((way.repeat_every for way in self.ways if way.repeats_past), default=None)

    def missed_by(self, way: Way, configuration: Configuration) -> bool:
        """Whether somebody on this way has missed the latest news."""
        return not set(self.late).isdisjoint(configuration.targets[way.receiver])

    def waiting(self, told: Told) -> tuple[Way, ...]:
        """Return the muted ways that have somebody who has missed the latest news."""
        return tuple(way for way, targets in self.muted if any(_has_missed(told, t) for t in targets))


NOBODY = Reach()


def reach_of(alert: Alert, labels: Mapping[str, str], configuration: Configuration, now: datetime) -> Reach:
    """Return whom the routes name for an alert with these labels."""
    return reach_along(ways_of(labels, configuration, now), alert, configuration)


def reach_along(found: tuple[Way, ...], alert: Alert, configuration: Configuration) -> Reach:
    """Return whom these ways name for an alert: those that no group tells of it."""
    grouped = {pooled.receiver for pooled in alert.pooled}
    taken = tuple(way for way in found if way.receiver not in grouped)
    open_ = tuple(way for way in taken if way.muted_until is None)
    targets = dict.fromkeys(t for way in open_ for t in configuration.targets[way.receiver])
    return Reach(
        targets=tuple(targets),
        late=tuple(t for t in targets if _has_missed(alert.told, t)),
        muted=tuple(
            (way, tuple(t for t in configuration.targets[way.receiver] if t not in targets))
            for way in taken
            if way.muted_until is not None
        ),
        open=open_,
        ways=taken,
    )


def has_moved(alert: Alert, reach: Reach) -> bool:
    """Whether the ways of an alert lead to others by now, none of whom was ever told of it.

    So it is when its labels or the routes have changed since; not where it has only become milder.
    """
    told = alert.told
    if not told.targets or not reach.targets or alert.severity != told.severity or alert.condition == DRILL:
        return False
    return not any(target in told.targets for target in reach.targets)


def ways_of(labels: Mapping[str, str], configuration: Configuration, now: datetime) -> tuple[Way, ...]:
    """Return the ways that an alert with these labels takes under a configuration."""
    usual = usual_grouping(configuration)
    return ways(configuration.route, labels, now, configuration.time_intervals, usual)


@by_identity(_REMEMBERED)
def usual_grouping(configuration: Configuration) -> Grouping:
    """Return what holds where no route says anything about groups."""
    policy = configuration.policy
    return Grouping(
        group_wait_for=policy.pace.wait, group_every=policy.pace.interval, repeat_every=policy.repeat_every
    )


def waits_until(waiting: tuple[Way, ...]) -> datetime | None:
    """Return when the first of some muted ways opens."""
    return _earliest(waiting)


def reasons_of(waiting: tuple[Way, ...], timezone: str) -> str:
    """Return, for the alert's history, who waits for what."""
    return "; ".join(
        f"{way.receiver} by {way.muted_by} until {clock_time(way.muted_until, timezone)} ({way.path})"
        for way in waiting
        if way.muted_until is not None
    )


def _has_missed(told: Told, target: str) -> bool:
    return target not in told.targets or dict(told.heard).get(target, 0) < told.news


def _earliest(muted: Iterable[Way]) -> datetime | None:
    return min((way.muted_until for way in muted if way.muted_until is not None), default=None)
