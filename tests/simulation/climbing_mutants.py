"""Faults planted into escalations, of alerts and of groups, and into what puts them off."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
import pytest

from tests.simulation.mutants import breaks
from tests.simulation.setting import ESCALATED
from tocsin.alerts import advance, snooze, turning
from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, Pooled, SnoozeEnd
from tocsin.alerts.group import Group
from tocsin.engine import escalating
from tocsin.engine.gathering import Gathering
from tocsin.oncall import escalation
from tocsin.oncall.escalation import Climb, Facts, Standing, Step
from tocsin.store.sqlite.writing import SqliteWriting


@breaks("in hand", "escalates")
def taking_does_not_stop(patch: pytest.MonkeyPatch) -> None:
    """An escalation goes on though somebody has it in hand."""
    real = escalation.climb

    def climb(state: Climb, facts: Facts, now: datetime) -> Step:
        if facts.standing is Standing.ACKNOWLEDGED:
            facts = replace(facts, standing=Standing.FIRING, until_at=None)
        return real(state, facts, now)

    patch.setattr("tocsin.engine.escalating.climb", climb)


@breaks("each level once")
def climb_forgotten(patch: pytest.MonkeyPatch) -> None:
    """How far an escalation has come is not kept, so that every look begins it anew."""
    real = escalation.climb

    def climb(state: Climb, facts: Facts, now: datetime) -> Step:
        step = real(state, facts, now)
        return replace(step, state=replace(step.state, level=0)) if step.tell else step

    patch.setattr("tocsin.engine.escalating.climb", climb)


@breaks("escalates")
def never_begun(patch: pytest.MonkeyPatch) -> None:
    """What the routes tell is not escalated."""

    def nothing(*_: Any) -> None:  # noqa: ANN401 -- as the real one
        return None

    patch.setattr(escalating, "_climb_of", nothing)


@breaks("escalates")
def storm_never_escalated(patch: pytest.MonkeyPatch) -> None:
    """What is told as one is escalated neither as one nor alone."""

    def climb_for(_self: Gathering, _alert: Alert, pooled: Pooled, *_rest: Any) -> Pooled:  # noqa: ANN401 -- as the real one
        return pooled

    patch.setattr(Gathering, "climb_for", climb_for)


@breaks("each level once", "escalates")
def climb_of_a_storm_forgotten(patch: pytest.MonkeyPatch) -> None:
    """How far a group has come is not kept."""
    real = SqliteWriting.save_groups

    def save(self: SqliteWriting, groups: Iterable[Group]) -> None:
        real(self, [_without_climb(one) for one in groups])

    patch.setattr(SqliteWriting, "save_groups", save)


def _without_climb(group: Group) -> Group:
    if group.climb is None or not group.climb.level:
        return group
    return msgspec.structs.replace(group, climb=replace(group.climb, level=0))


@breaks("escalates")
def timer_of_a_storm_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A group is not looked at when its next level has its turn."""
    patch.setattr(turning, "_climbs_at", lambda _group: None)


@breaks("in hand", "escalates")
def taking_a_storm_does_not_stop(patch: pytest.MonkeyPatch) -> None:
    """A group is escalated and repeated though somebody has all of it in hand."""
    patch.setattr(Group, "waits_for_somebody", property(lambda one: one.open > 0))


@breaks("put off ends")
def acknowledgement_never_ends(patch: pytest.MonkeyPatch) -> None:
    """What somebody took in hand for a time stays quiet for good."""
    real = advance.acknowledge

    def acknowledge(alert: Alert, who: str, now: datetime, **_until: Any) -> Change:  # noqa: ANN401 -- as the real one
        return real(alert, who, now)

    patch.setattr("tocsin.engine.in_hand.acknowledge", acknowledge)


@breaks("put off ends")
def snooze_never_ends(patch: pytest.MonkeyPatch) -> None:
    """What somebody put off stays quiet for good."""
    real = snooze.snooze

    def for_good(alert: Alert, who: str, now: datetime, *, end: SnoozeEnd, **_until: Any) -> Change:  # noqa: ANN401 -- as the real one
        return real(alert, who, now, end=end, until_at=now + snooze.LONGEST)

    patch.setattr("tocsin.engine.in_hand.snooze", for_good)


@breaks("closed")
def level_not_told_of_the_end(patch: pytest.MonkeyPatch) -> None:
    """Whom a group was escalated to is not kept, and does not hear that all of it is over."""
    real = Gathering.told

    def told(self: Gathering, group_id: str, targets: Iterable[str]) -> None:
        real(self, group_id, [target for target in targets if target not in ESCALATED])

    patch.setattr(Gathering, "told", told)
