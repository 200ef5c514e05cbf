"""The reckoning of escalations: each level in its turn, once, and on until somebody has taken it."""

from collections.abc import Sequence
from datetime import timedelta

from tests.simulation.setting import ESCALATION
from tests.simulation.world import World
from tocsin.alerts.alert import Alert, AlertState, Entry, Reason
from tocsin.oncall.escalation import Status

TOLD = {Reason.ESCALATION_BEGUN, Reason.ESCALATED, Reason.ESCALATION_WENT_ON}
RESTED = {Reason.ACKNOWLEDGED, Reason.SILENCED, Reason.SNOOZED, Reason.LOUDER}
LATE = timedelta(seconds=30)


def judge_climb(world: World, alert: Alert, history: Sequence[Entry], *, is_told: bool) -> None:
    """Accuse an escalation that has told a level twice, stands still, or never began."""
    if alert.climb is None:
        if is_told and alert.state is AlertState.FIRING:
            world.accuse("escalates", f"{alert.id} was told and its escalation has not begun")
        return
    _each_level_once(world, alert, history)
    climb = alert.climb
    standing = {AlertState.ACKNOWLEDGED: Status.ACKNOWLEDGED, AlertState.RESOLVED: Status.RESOLVED}
    wanted = standing.get(alert.state)
    if wanted is not None and climb.status is not wanted:
        world.accuse(
            "escalates", f"{alert.id} is {alert.state.value} and its escalation {climb.status.value}"
        )
    if wanted is None and climb.next_at is not None and climb.next_at < world.now() - LATE:
        world.accuse("escalates", f"the escalation of {alert.id} was to go on at {climb.next_at}")
    is_at_the_top = climb.level == len(ESCALATION.levels) or climb.status is Status.SUPPRESSED
    if wanted is None and climb.next_at is None and not is_at_the_top:
        world.accuse("escalates", f"the escalation of {alert.id} stands still at level {climb.level}")


def _each_level_once(world: World, alert: Alert, history: Sequence[Entry]) -> None:
    told: set[str] = set()
    for entry in history:
        if entry.reason in RESTED:
            told.clear()
        elif entry.reason in TOLD:
            level = entry.note.partition(":")[0]
            if level in told:
                world.accuse("each level once", f"{alert.id} was told {level} twice")
            told.add(level)
