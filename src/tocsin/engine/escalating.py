"""The levels of escalation policies, told beside what the routes tell. Pure but for what it asks of groups.

The climb is part of the alert, so whatever changes the alert moves it on, in the same transaction; it
asks to be looked at again like everything else, and so it survives every restart. What a group tells of,
the group is escalated for.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import structs

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, AlertState, Entry, Pooled, Reason
from tocsin.alerts.telling import Speech, said
from tocsin.engine import voicing
from tocsin.engine.behind import behind, escalating_way
from tocsin.engine.book import Book
from tocsin.engine.pooling import End, Groups, with_group
from tocsin.engine.reaching import reach_of, ways_of
from tocsin.engine.voicing import Voiced, entry_of, labels_of, owed_to
from tocsin.jobs.state import JobState
from tocsin.oncall.escalation import (
    Climb,
    Facts,
    Move,
    Policy,
    Standing,
    Status,
    Step,
    begin,
    climb,
)
from tocsin.rules.finding import Severity

_OPENINGS = (Speech.LOUDER, Speech.FIRING, Speech.REPEAT)
_REASONS = {
    Move.BEGUN: Reason.ESCALATION_BEGUN,
    Move.ESCALATED: Reason.ESCALATED,
    Move.BEGUN_ANEW: Reason.ESCALATED,
    Move.WENT_ON: Reason.ESCALATION_WENT_ON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A step of an escalation, of what, and on which facts."""

    voiced: Voiced
    facts: Facts
    step: Step


def voice(
    change: Change,
    book: Book,
    groups: Groups,
    now: datetime,
    *,
    who: str = "",
    note: str = "",
    state: JobState | None = None,
    throttled_until: datetime | None = None,
) -> Voiced:
    """Return what an alert's change owes to whom: by its routes, and by its escalation policy.

    `state` is that of the job, from which the deadline to come is known; until `throttled_until` it is told
    of nothing of the job that is not critical.
    """
    voiced = voicing.voice(change, book, groups, now, who=who, note=note, throttled_until=throttled_until)
    if book.configuration.escalations and voiced.alert.pooled != change.alert.pooled:
        voiced = _handed_over(voiced, change.alert, state, book=book, groups=groups, now=now)
    current = _climb_of(voiced, book, now)
    if current is None:
        return voiced
    plain = Facts(behind=behind(current.policy, book, now), deadline_at=_deadline(voiced.alert, state, now))
    made = _made(voiced, current, _standing(plain, voiced.alert, book, now), now)
    if made.step.tell and _can_be_told_with_others(made.step, _told_as(voiced)):
        joined = _joined(voiced, current, book, groups, now)
        if joined is not None:
            made = _made(joined, current, _standing(plain, joined.alert, book, now), now)
    climbed = _climbed(made, current, change, book=book, now=now)
    asks = [at for at in (climbed.ask_again_at, _known_at(current.policy, state, now)) if at is not None]
    return replace(climbed, ask_again_at=min(asks, default=None))


def _climb_of(voiced: Voiced, book: Book, now: datetime) -> Climb | None:
    """Return the climb of an alert.

    A backfill never has one. It begins when people are first told, be it in a digest to come, and anew when
    it has become worse and another policy is for that.
    """
    alert = voiced.alert
    if alert.backfill:
        return None
    if not book.configuration.escalations:
        return alert.climb
    told = _told_as(voiced)
    has_moved = any(entry.reason is Reason.CAUGHT_UP for entry in voiced.entries)
    is_begun = alert.climb is not None and told is not Speech.LOUDER and not has_moved
    if told is None or alert.climbs_in or is_begun:
        return alert.climb
    end = _end_of(alert, book)
    if end is None or (alert.climb is not None and alert.climb.policy.policy_id == end.policy.policy_id):
        return alert.climb
    return begin(end.policy, now)


def _end_of(alert: Alert, book: Book) -> End | None:
    """Return where an alert is escalated, if it is anywhere."""
    path, named = escalating_way(book.configuration.route, labels_of(alert))
    policy = book.configuration.escalations.get(named)
    return None if policy is None else End(path=path, policy=policy)


def _handed_over(
    voiced: Voiced, before: Alert, state: JobState | None, *, book: Book, groups: Groups, now: datetime
) -> Voiced:
    """Return an alert with the groups that are escalated for it, and how far those had come that no more are.

    It goes on from there by itself, or gives that to the next group.
    """
    alert = voiced.alert
    known, kept = {_place_of(one) for one in before.pooled}, {_place_of(one) for one in alert.pooled}
    for pooled in before.pooled:
        if pooled.climbs and _place_of(pooled) not in kept and alert.state is AlertState.FIRING:
            reached = groups.left_behind(pooled)
            if reached is not None and (alert.climb is None or reached.level >= alert.climb.level):
                alert = structs.replace(alert, climb=reached)
    end = _end_of(alert, book) if kept - known and not alert.backfill else None
    if end is not None:
        deadline_at = _deadline(alert, state, now)
        bound = tuple(
            one if _place_of(one) in known else groups.climb_for(alert, one, end, now, deadline_at)
            for one in alert.pooled
        )
        alert = structs.replace(alert, pooled=bound)
    return replace(voiced, alert=alert)


def _place_of(pooled: Pooled) -> tuple[str, int, Severity, int]:
    """Return what tells that an alert is bound as it was: it may have left its group and come back louder."""
    return pooled.group, pooled.batch, pooled.severity, pooled.step


def _joined(voiced: Voiced, current: Climb, book: Book, groups: Groups, now: datetime) -> Voiced | None:
    """Return an alert bound to the group that came right after it, instead of one level higher by itself."""
    alert, labels = voiced.alert, labels_of(voiced.alert)
    end = _end_of(alert, book)
    ways = ways_of(labels, book.configuration, now) if end is not None else ()
    way = next((way for way in ways if end is not None and way.path == end.path), None)
    pooled = None if way is None else groups.join(alert, way, labels, current.policy.policy_id)
    if pooled is None:
        return None
    note = f"its levels are told of it with others of group {pooled.group}"
    entry = entry_of(alert, Reason.ESCALATED_AS_ONE, now, note=note)
    alert = with_group(alert, pooled)
    return replace(voiced, alert=alert, entries=(*voiced.entries, entry))


def _can_be_told_with_others(step: Step, told: Speech | None) -> bool:
    """Whether the level would hear nothing that its group cannot tell as well."""
    return told is None or (told is Speech.REPEAT and step.move in (Move.ESCALATED, Move.BEGUN_ANEW))


def _made(voiced: Voiced, current: Climb, facts: Facts, now: datetime) -> _Made:
    return _Made(voiced=voiced, facts=facts, step=climb(current, facts, now))


def _climbed(made: _Made, current: Climb, change: Change, *, book: Book, now: datetime) -> Voiced:
    voiced, facts, step = made.voiced, made.facts, made.step
    alert = structs.replace(voiced.alert, climb=step.state)
    entries = _entries(alert, current, step, now)
    rests = step.state.status is Status.SUPPRESSED is not current.status
    if rests and alert.snooze is None and not alert.climbs_in:
        entries = (*entries, _at_rest(alert, step, book, now))
    if step.move is Move.SUPPRESSED and facts.muted_until is not None and alert.held_back_until is None:
        alert = structs.replace(alert, held_back_until=facts.muted_until)
    told = {owed.target for owed in voiced.notifications}
    tell = tuple(target for target in _hearers(step, facts, voiced) if target not in told)
    said_to = dict.fromkeys(tell, _speech(step, voiced))
    owed = owed_to(alert, said_to, change.reason, book=book, now=now)
    if owed:
        alert = said(alert, Speech.ESCALATED, tell, now, book.manners)
    asks = [at for at in (voiced.ask_again_at, step.ask_again_at) if at is not None]
    return replace(
        voiced,
        alert=alert,
        entries=(*voiced.entries, *entries),
        notifications=(*voiced.notifications, *owed),
        ask_again_at=min(asks, default=None),
    )


def _standing(plain: Facts, alert: Alert, book: Book, now: datetime) -> Facts:
    """Return the facts with what keeps the climb at rest, if anything does."""
    if alert.state is AlertState.RESOLVED:
        return replace(plain, standing=Standing.RESOLVED, who=alert.resolved_by, since_at=alert.resolved_at)
    if alert.state is AlertState.ACKNOWLEDGED:
        return replace(
            plain,
            standing=Standing.ACKNOWLEDGED,
            who=alert.acknowledged_by,
            since_at=alert.acknowledged_at,
            until_at=alert.acknowledged_until,
        )
    if alert.snooze is not None:
        put_off = alert.snooze
        who, since_at, until_at = put_off.by, put_off.at, put_off.until_at
        return replace(plain, standing=Standing.SUPPRESSED, who=who, since_at=since_at, until_at=until_at)
    if alert.climbs_in:
        return replace(plain, standing=Standing.SUPPRESSED, who=f"group {alert.climbs_in}")
    if alert.inhibited is not None:
        muted = alert.inhibited
        who = muted.by.job if muted.by is not None else ""
        return replace(
            plain, standing=Standing.SUPPRESSED, who=who, since_at=muted.since_at, until_at=muted.until_at
        )
    labels = labels_of(alert)
    mute = book.mute_of(labels, now)
    if mute is not None:
        return replace(plain, who=mute.who, muted_until=mute.until_at)
    if not book.configuration.time_intervals:
        return plain
    muted_until = reach_of(alert, labels, book.configuration, now).muted_until
    return replace(plain, muted_until=muted_until)


def _deadline(alert: Alert, state: JobState | None, now: datetime) -> datetime | None:
    """Return the deadline of what has not finished: of its run, else the next, else the last to pass."""
    if state is None:
        return None
    runs = [run for run in state.open_runs if run.deadline_at is not None]
    own = next((run.deadline_at for run in runs if run.key == alert.run), None)
    if own is not None:
        return own
    found = [run.deadline_at for run in runs if run.deadline_at is not None]
    found += [o.deadline_at for o in state.occurrences if o.deadline_at is not None and o.opens_at <= now]
    to_come = [at for at in found if at > now]
    return min(to_come) if to_come else max(found, default=None)


def _known_at(policy: Policy, state: JobState | None, now: datetime) -> datetime | None:
    """Return when the next expected run opens, whose deadline some level may count from then on."""
    if state is None or all(level.minutes_before_deadline is None for level in policy.levels):
        return None
    opens = (o.opens_at for o in state.occurrences if o.deadline_at is not None and o.opens_at > now)
    return min(opens, default=None)


def _told_as(voiced: Voiced) -> Speech | None:
    """Return what people are told by the routes at this instant, if they are told that it fires.

    Where they are told with the next digest, somebody must be found before that.
    """
    kinds = {owed.kind for owed in voiced.notifications}
    if not kinds and voiced.speech is not None:
        kinds = {voiced.speech.value}
    return next((speech for speech in _OPENINGS if speech.value in kinds), None)


def _hearers(step: Step, facts: Facts, voiced: Voiced) -> tuple[str, ...]:
    """Return who hears of it: the level whose turn it is, and the last one again when it gets worse."""
    level = step.state.level
    if voiced.alert.climbs_in:
        return ()
    if step.tell or not level or _told_as(voiced) is not Speech.LOUDER:
        return step.tell
    return facts.behind[level - 1]


def _speech(step: Step, voiced: Voiced) -> Speech:
    """Return what it is to the level: what it is to everybody, if all hear of it at once."""
    told = _told_as(voiced)
    if told is None or step.move in (Move.ESCALATED, Move.BEGUN_ANEW):
        return Speech.ESCALATED
    return told


def _entries(alert: Alert, before: Climb, step: Step, now: datetime) -> tuple[Entry, ...]:
    after, entries = step.state, list[Entry]()
    known = before.passed if before.loops == after.loops else ()
    for one in after.passed:
        if one not in known:
            note = f"{_named(after, one.level)}: {one.why.value}"
            entries.append(entry_of(alert, Reason.LEVEL_PASSED_OVER, now, note=note, kept_back=True))
    if step.tell:
        note = f"{_named(after, after.level)}: {', '.join(step.tell)}"
        entries.append(entry_of(alert, _REASONS[step.move], now, note=note))
    return tuple(entries)


def _at_rest(alert: Alert, step: Step, book: Book, now: datetime) -> Entry:
    mute = book.mute_of(labels_of(alert), now)
    reason = Reason.MUTED if mute is None else mute.reason
    if alert.inhibited is not None:
        reason = Reason.INHIBITED
    note = f"the escalation rests at level {step.state.level}"
    return entry_of(alert, reason, now, step.state.who, note, kept_back=True)


def _named(at: Climb, level: int) -> str:
    return f"to level {level} of {at.policy.name}, {at.policy.levels[level - 1].name}"
