"""The reckoning of escalations: each level in its turn, once, and on until somebody has taken it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from tests.simulation.people import Promise
from tests.simulation.resting import Span
from tests.simulation.setting import ESCALATED, ESCALATION
from tests.simulation.world import World
from tocsin.alerts.alert import Alert, AlertState, Entry, Reason
from tocsin.alerts.group import Group
from tocsin.alerts.route import ROOT
from tocsin.notify.message import unpack
from tocsin.oncall.escalation import Climb, Status
from tocsin.store.rows import Notification

TOLD = {Reason.ESCALATION_BEGUN, Reason.ESCALATED, Reason.ESCALATION_WENT_ON}
RESTED = {Reason.ACKNOWLEDGED, Reason.SILENCED, Reason.SNOOZED, Reason.LOUDER, Reason.INHIBITED}
ENDS = {
    Reason.ACKNOWLEDGEMENT_ENDED,
    Reason.SNOOZE_ENDED,
    Reason.ACKNOWLEDGED,
    Reason.SNOOZED,
    Reason.LOUDER,
    Reason.RESOLVED_BY_HAND,
}
CLIMBS = {"firing", "escalated"}
LATE = timedelta(seconds=30)
# How long the first level has at most, with what a server needs that fails for some seconds.
MOMENT_SECONDS = 1.0
LATEST_SECONDS = ESCALATION.levels[0].timeout_minutes * 60.0 + 120.0


def judge_climb(world: World, alert: Alert, history: Sequence[Entry], *, is_told: bool) -> None:
    """Accuse an escalation that has told a level twice, stands still, or never began."""
    if alert.climb is None:
        if is_told and alert.state is AlertState.FIRING and not alert.climbs_in:
            world.accuse("escalates", f"{alert.id} was told and its escalation has not begun")
        return
    _each_level_once(world, alert, history)
    standing = {AlertState.ACKNOWLEDGED: Status.ACKNOWLEDGED, AlertState.RESOLVED: Status.RESOLVED}
    wanted = standing.get(alert.state, Status.SUPPRESSED if alert.climbs_in or alert.inhibited else None)
    _stands(world, alert.id, alert.climb, wanted)


def judge_group_climb(
    world: World, group: Group, owed: Sequence[Notification], awake: Sequence[Span] | None
) -> None:
    """Accuse the escalation of a group in the same way; `awake` is when it waited for somebody, if known."""
    if not group.has_spoken or group.key.partition("\x1f")[0] != ROOT:
        return
    if group.climb is None:
        world.accuse("escalates", f"group {group.id} was told as one and its escalation has not begun")
        return
    world.happened("a group was escalated")
    wanted = None if group.waits_for_somebody else Status.ACKNOWLEDGED
    if group.open or group.closed_at is not None:
        closed = Status.RESOLVED if group.closed_at is not None else wanted
        _stands(world, f"group {group.id}", group.climb, closed)
    if awake is not None:
        _each_level_of_many_once(world, group, owed, len(awake))


def in_hand(owed: Sequence[Notification], known: frozenset[str]) -> Sequence[Notification]:
    """Return what was owed of a group after somebody took it in hand, until more came."""
    later = sorted((one for one in owed if one.key not in known), key=lambda one: one.seq)
    more = next((one.seq for one in later if one.kind == "firing"), None)
    return [one for one in later if more is None or one.seq < more]


def _stands(world: World, what: str, climb: Climb, wanted: Status | None) -> None:
    """Accuse a climb that does not stand as it should, or that should move and does not."""
    if wanted is not None and climb.status is not wanted:
        world.accuse("escalates", f"{what} is {wanted.value} and its escalation {climb.status.value}")
    if wanted is None and climb.status in (Status.ACKNOWLEDGED, Status.RESOLVED):
        world.accuse("escalates", f"{what} is in nobody's hand, its escalation is {climb.status.value}")
    if wanted is None and climb.next_at is not None and climb.next_at < world.now() - LATE:
        world.accuse("escalates", f"the escalation of {what} was to go on at {climb.next_at}")
    is_at_the_top = climb.level == len(ESCALATION.levels) or climb.status is Status.SUPPRESSED
    if wanted is None and climb.next_at is None and not is_at_the_top:
        world.accuse("escalates", f"the escalation of {what} stands still at level {climb.level}")


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


def _each_level_of_many_once(
    world: World, group: Group, owed: Sequence[Notification], times_awake: int
) -> None:
    """Once, and once more where an acknowledgement or a rest has ended: its level then hears of it anew."""
    mine = [one for one in owed if one.target in ESCALATED and not one.fallback_of]
    told = Counter(dict(unpack(one.message).evidence).get("escalation", one.kind) for one in mine)
    for level, count in told.items():
        if level != "resolved" and count > group.batch + max(times_awake - 1, 0):
            world.accuse("each level once", f"group {group.id} was told to {level} {count} times")


def judge_put_off(world: World, alert: Alert, history: Sequence[Entry], promise: Promise) -> None:
    """Accuse what keeps an alert quiet though its end has passed."""
    until_at = getattr(promise.command, "until_at", None)
    place = next((number for number, entry in enumerate(history) if entry.who == promise.who), None)
    if until_at is None or place is None:
        return
    end_at = world.now() if alert.resolved_at is None else alert.resolved_at
    if end_at > until_at + LATE and not any(entry.reason in ENDS for entry in history[place + 1 :]):
        world.accuse("put off ends", f"{alert.id} was put off until {until_at} and was quiet after that")


def judge_pace(
    world: World,
    group: Group,
    owed: Sequence[Notification],
    awake: Sequence[Span],
    *,
    made_seconds: Mapping[str, float],
    deaths: Sequence[float],
) -> None:
    """Accuse a group whose next level was told late, never, or while nothing of it waited for anybody.

    `awake` is when something did. What rested goes on with the whole time of its level.
    """
    mine = [one for one in owed if one.target in ESCALATED and not one.fallback_of and one.kind in CLIMBS]
    begun = sorted({made_seconds[one.key] for one in mine})
    for one in mine:
        told = made_seconds[one.key]
        span = next((span for span in awake if _around(span, told)), None)
        if one.kind == "firing":
            continue
        if span is None:
            world.accuse("rests", f"{one.key} was owed while nothing of its group waited for anybody")
            continue
        since = max([span.begin, *(at for at in begun if at < told)])
        if told - since > LATEST_SECONDS and not _died(deaths, since, told):
            world.accuse("escalates", f"{one.key} was owed {told - since:.0f} s after the level below")
    for first in begun[:1]:
        if group.climb is None or abs(world.seconds_of(group.climb.started_at) - first) > MOMENT_SECONDS:
            continue  # one of its alerts had begun to be escalated by itself before
        by = first + LATEST_SECONDS
        is_awake = any(span.begin <= first + MOMENT_SECONDS and by <= span.end for span in awake)
        if is_awake and not any(first < at <= by for at in begun) and not _died(deaths, first, by):
            world.accuse("escalates", f"{mine[0].alert_id} was told and its second level was not")


def _around(span: Span, seconds: float) -> bool:
    return span.begin - MOMENT_SECONDS <= seconds <= span.end + MOMENT_SECONDS


def _died(deaths: Sequence[float], since: float, until: float) -> bool:
    return any(since <= death <= until for death in deaths)
