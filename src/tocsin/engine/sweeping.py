"""Going through the firing alerts and the groups a portion at a time, so that many of them cost little."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from tocsin.alerts.alert import Alert
from tocsin.alerts.drill import DRILL
from tocsin.alerts.group import Group
from tocsin.engine.suspicion import Suspect
from tocsin.engine.troubles import Check
from tocsin.engine.unheard import excuse_of, is_explained, will_climb
from tocsin.errors import StoreUnreadable
from tocsin.store.audits import Place
from tocsin.store.base import Reading
from tocsin.store.rows import FiringAlert

PORTION: Final = 500
PORTIONS: Final = 10
MAX_HISTORIES: Final = 500

_BEGINNING: Final[Place] = (-1, 0, "")
_OF_ALERTS: Final = frozenset({Check.UNHEARD, Check.ESCALATIONS})
_OF_GROUPS: Final = frozenset({Check.GROUPS_AT_REST, Check.GROUPS_ASIDE, Check.ESCALATIONS})


class Sweep:
    """Where the last audit stopped among alerts and groups; each one goes on from there, and begins anew."""

    def __init__(self) -> None:
        self._place = _BEGINNING
        self._key = ""

    def alerts(self, reading: Reading, before: Sequence[Suspect], late: datetime) -> Iterator[Suspect]:
        """Return what is suspicious among firing alerts: of this portion, and of what was so before."""
        looked_at: set[str] = set()
        look = _Look(reading, late)
        for _ in range(PORTIONS):
            rows = reading.firing(self._place, PORTION)
            if not rows and self._place != _BEGINNING:
                rows = reading.firing(_BEGINNING, PORTION)
            self._place = rows[-1].place if len(rows) == PORTION else _BEGINNING
            for row in rows:
                looked_at.add(row.place[2])
                yield from look.at(row)
            if self._place == _BEGINNING:
                break
        yield from _alerts_again(look, reading, before, looked_at)

    def groups(self, reading: Reading, before: Sequence[Suspect]) -> Iterator[Suspect]:
        """Return the same of groups: those that nobody looks at in time for what they have to say."""
        looked_at: set[str] = set()
        for _ in range(PORTIONS):
            found = reading.open_groups(self._key, PORTION)
            self._key = found[-1].key if len(found) == PORTION else ""
            for group in found:
                looked_at.add(group.id)
                yield from _of_group(group)
            if not self._key:
                break
        yield from _groups_again(reading, before, looked_at)


def again(reading: Reading, before: Sequence[Suspect], late: datetime) -> Iterator[Suspect]:
    """Return what is still suspicious of the alerts and groups that were so before, without going on."""
    yield from _groups_again(reading, before, set())
    yield from _alerts_again(_Look(reading, late), reading, before, set())


def _alerts_again(
    look: "_Look", reading: Reading, before: Sequence[Suspect], looked_at: set[str]
) -> Iterator[Suspect]:
    for alert_id in sorted({one.example for one in before if one.check in _OF_ALERTS} - looked_at):
        one = reading.firing_one(alert_id)
        if one is not None:
            yield from look.at(one)


def _groups_again(reading: Reading, before: Sequence[Suspect], looked_at: set[str]) -> Iterator[Suspect]:
    for group_id in sorted({one.example for one in before if one.check in _OF_GROUPS} - looked_at):
        group = _group_of(reading, group_id)
        if group is not None and group.closed_at is None:
            yield from _of_group(group)


def _group_of(reading: Reading, group_id: str) -> Group | None:
    """Return a group; None for one that cannot be read, which speaks for nobody."""
    try:
        return reading.group(group_id)
    except StoreUnreadable:
        return None


def _of_group(group: Group) -> Iterator[Suspect]:
    if group.waiting and group.due_at is None:
        yield Suspect(check=Check.GROUPS_AT_REST, id=group.id, example=group.id)
    if group.aside_until is not None:
        yield Suspect(check=Check.GROUPS_ASIDE, id=group.id, example=group.id)
    climbs = group.has_spoken and group.waits_for_somebody
    if climbs and not will_climb(group.climb, group.due_at):
        yield Suspect(check=Check.ESCALATIONS, id=group.id, example=group.id)


class _Look:
    """One look at firing alerts, which reads each of their groups once."""

    def __init__(self, reading: Reading, late: datetime) -> None:
        self._reading = reading
        self._late = late
        self._groups: dict[str, Group | None] = {}
        self._is_over: dict[str, bool] = {}
        self._histories = 0

    def at(self, row: FiringAlert) -> Iterator[Suspect]:
        """Return what is suspicious of one alert."""
        alert = row.alert
        if alert is None or alert.condition == DRILL:  # it says by itself whom it has not reached
            return
        if not row.is_reached and not self._is_excused(row):
            yield Suspect(
                check=Check.UNHEARD, id=f"{alert.id}@{alert.held_back_until or ''}", example=alert.id
            )
        if not will_climb(alert.climb, row.job_due_at):
            yield Suspect(check=Check.ESCALATIONS, id=alert.id, example=alert.id)

    def _is_excused(self, row: FiringAlert) -> bool:
        alert = row.alert
        if alert is None:
            return True
        if self._is_left_muted(alert):
            return False
        if excuse_of(alert, self._groups_of(row), self._late) is not None:
            return True
        self._histories += 1
        return self._histories > MAX_HISTORIES or is_explained(self._reading.history(alert.id))

    def _is_left_muted(self, alert: Alert) -> bool:
        """Whether an alert is still muted by one that is over; nothing would look at it any more."""
        muted = alert.inhibited
        if alert.snooze is not None or muted is None or muted.by is None or not muted.is_by_another:
            return False
        source_id = muted.by.alert_id
        if source_id not in self._is_over:
            source = self._reading.alert(source_id)
            self._is_over[source_id] = source is None or not source.is_open
        return self._is_over[source_id]

    def _groups_of(self, row: FiringAlert) -> list[Group | None]:
        names = [pooled.group for pooled in row.alert.pooled] if row.alert is not None else []
        for name in names:
            if name not in self._groups:
                self._groups[name] = _group_of(self._reading, name)
        return [self._groups[name] for name in names]
