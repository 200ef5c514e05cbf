"""Climbing an escalation policy once for many alerts that are told as one. Pure."""

import dataclasses
from datetime import datetime

from msgspec.structs import replace

from tocsin.alerts.alert import Alert, Pooled
from tocsin.alerts.group import Group
from tocsin.alerts.membership import forget
from tocsin.alerts.turning import Said, Turn
from tocsin.oncall.escalation import Climb, Facts, Move, Policy, Standing, Status, Step, begin, climb

_RUNNING = (Status.PENDING, Status.ESCALATED)


def handed(
    group: Group, policy: Policy, before: Climb | None, now: datetime, deadline_at: datetime | None = None
) -> Group:
    """Return the group with one more alert to climb for; what begins, begins with this copy of the policy.

    `before` is how far the alert itself had come. A group goes on from where the furthest of them was, so
    that nobody is asked less because there are more; whoever was told there is told of the group.
    """
    current = begin(policy, now) if group.climb is None else group.climb
    if before is not None and before.level > current.level and _is_same(before.policy, current.policy):
        current = resting(before)
    known_at = group.deadline_at if group.deadline_at is not None and group.deadline_at > now else None
    earliest_at = min((at for at in (known_at, deadline_at) if at is not None), default=None)
    return replace(group, climb=current, deadline_at=earliest_at)


def _is_same(one: Policy, other: Policy) -> bool:
    return one.policy_id == other.policy_id and len(one.levels) == len(other.levels)


def resting(state: Climb) -> Climb:
    """Return a climb that tells the level where it is once more, as soon as it goes on."""
    return dataclasses.replace(state, status=Status.SUPPRESSED, next_at=None, who="")


def left_behind(group: Group, pooled: Pooled) -> Climb | None:
    """Return how far was climbed for an alert that goes its own way, if anybody was told of it."""
    if group.climb is None or not group.climb.level or pooled.batch >= group.batch:
        return None
    return resting(group.climb)


def woken(group: Group, now: datetime) -> Group:
    """Return the group, to be looked at now if it rests because all of it was muted."""
    if not group.has_spoken:
        return group
    rests = group.climb is not None and group.climb.status is Status.SUPPRESSED
    state = (
        dataclasses.replace(group.climb, next_at=now) if rests and group.climb is not None else group.climb
    )
    return replace(group, climb=state, muted_until=None)


def in_hand(group: Group, now: datetime) -> Group:
    """Return the group with its climb at rest, where somebody has by now all that was told as one."""
    if group.climb is None or not group.open or group.open > group.taken:
        return group
    facts = Facts(behind=(), standing=Standing.ACKNOWLEDGED, who=group.taken_by, since_at=now)
    return replace(group, climb=climb(group.climb, facts, now).state)


def joined(group: Group, alert: Alert, policy_id: str) -> tuple[Group, Pooled] | None:
    """Return the group that speaks for an alert from now on, and how they are bound; None where it stays out.

    It joins those that were told as one right after it, while they are escalated by the same policy: the
    levels that are still to come are told of all of them together.
    """
    if group.closed_at is not None or group.climb is None or not group.waits_for_somebody:
        return None
    if alert.id not in group.beside or group.climb.policy.policy_id != policy_id:
        return None
    pooled = Pooled(
        group=group.id,
        receiver=group.receiver,
        batch=group.batch - 1,
        severity=alert.severity,
        step=alert.step,
        climbs=True,
    )
    known = next((one for one in alert.left if one.group == group.id), None)
    if known is not None:
        group = replace(forget(group, known), total=group.total - 1)
    return replace(group, open=group.open + 1, total=group.total + 1), pooled


def was_told_by(group: Group, batch: int, instant: datetime, now: datetime) -> bool:
    """Whether what came in this batch was told as one by then; what is too old to be known counts as not.

    What was told by a clock that has been set back since was told by then.
    """
    age = group.batch - batch
    if age < 1:
        return False
    if not group.batches_at:  # kept by a version that did not note them
        return age > 1 or group.together_at is None or not instant < group.together_at <= now
    return not instant < group.batches_at[-min(age, len(group.batches_at))] <= now


def climbed(turn: Turn, facts: Facts, now: datetime) -> tuple[Group, Step | None]:
    """Return the group after its turn with its climb moved on, and the step that was made, if any was.

    `facts` say who is behind the levels and until when nobody may be told; how the group stands is added.
    What has got worse begins at no lower level for that, and the level where it is hears of it.
    """
    group = turn.group
    if group.climb is None or not group.has_spoken:
        return group, None
    if group.closed_at is not None:
        over = dataclasses.replace(facts, standing=Standing.RESOLVED, since_at=now)
        return _moved(group, group.climb, over, now)
    if not group.waits_for_somebody:
        return in_hand(group, now), None
    current = group.climb
    is_anew = turn.said is Said.TOGETHER and group.told_of == turn.added and current.status in _RUNNING
    if is_anew and current.level and not turn.is_louder:
        current = begin(current.policy, now)
    facts = dataclasses.replace(facts, deadline_at=group.deadline_at)
    moved, step = _moved(group, current, facts, now)
    if turn.is_louder and current.status in _RUNNING and current.level and not step.tell:
        step = dataclasses.replace(step, move=Move.WENT_ON, tell=facts.behind[current.level - 1])
    return moved, step


def _moved(group: Group, current: Climb, facts: Facts, now: datetime) -> tuple[Group, Step]:
    step = climb(current, facts, now)
    return replace(group, climb=step.state), step
