"""Climbing an escalation policy: who is told next, until somebody has taken it.

A level's time-out counts from the instant at which it was told. A level with `minutes_before_deadline`
is told so long before the deadline, if the job has not finished by then: also before the time-out of
the level below is over, and not before that instant. Where the instant had passed already when the
level below was told, it follows that one's time-out as any other level does.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from tocsin.oncall.restriction import Restriction, is_open, next_turning

NOBODY_AGAIN: Final = timedelta(minutes=15)


class Status(Enum):
    """How a climb stands."""

    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


class Move(Enum):
    """Why a climb has moved, or why it stays where it is."""

    BEGUN = "begun"
    ESCALATED = "escalated"
    BEGUN_ANEW = "begun_anew"
    WENT_ON = "went_on"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"
    NOBODY = "nobody"
    WAITS = "waits"
    AT_THE_TOP = "at_the_top"


class PassedOver(Enum):
    """Why a level was not told when its turn came."""

    NOBODY = "nobody is behind it"
    OUTSIDE_HOURS = "it is outside its working hours"
    NO_DEADLINE = "there is no deadline to come"
    OVERTAKEN = "a level with a deadline came first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Who is told at one height, through which kinds of channel (none named: all), and for how long.

    Outside its `working_hours` on the clocks of `timezone` it is not told; without any it always may be.
    """

    name: str
    targets: tuple[str, ...]
    timeout_minutes: float = 15.0
    notification_channels: tuple[str, ...] = ()
    working_hours: tuple[Restriction, ...] = ()
    timezone: str = "UTC"
    minutes_before_deadline: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Levels from the lowest up; begun anew so long after the last one's time-out, if that is set."""

    policy_id: str
    name: str
    levels: tuple[Level, ...]
    repeat_after_minutes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A level, counted from 1, that was passed over, and why."""

    level: int
    why: PassedOver


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """How far a policy has been climbed; the policy is a copy, so that editing it changes nothing here.

    `level`, counted from 1, was told last, at `entered_at`; 0 before anybody was told in this loop.
    `loops` is how often it was begun anew, `next_at` when it can move by itself. `who` has taken or
    ended it, and `changed_at` is since when `status` holds.
    """

    policy: Policy
    started_at: datetime
    entered_at: datetime
    changed_at: datetime
    status: Status = Status.PENDING
    level: int = 0
    loops: int = 0
    next_at: datetime | None = None
    who: str = ""
    passed: tuple[Passed, ...] = ()


class Standing(Enum):
    """How the alert itself stands."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"


_RESTS: Final = {
    Standing.ACKNOWLEDGED: (Status.ACKNOWLEDGED, Move.ACKNOWLEDGED),
    Standing.SUPPRESSED: (Status.SUPPRESSED, Move.SUPPRESSED),
    Standing.RESOLVED: (Status.RESOLVED, Move.RESOLVED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a climb depends on, besides time.

    `behind` are, for each level, those who can be told at this instant. `who` brought the standing
    about, at `since_at`; it is over by `until_at` (None: it does not end by itself). Until `muted_until`
    nobody may be told. `deadline_at` is that of the run that has not finished, if there is one.
    """

    behind: tuple[tuple[str, ...], ...]
    standing: Standing = Standing.FIRING
    who: str = ""
    since_at: datetime | None = None
    until_at: datetime | None = None
    muted_until: datetime | None = None
    deadline_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The climb after a look at it, who is told now, why, and when it can be otherwise."""

    state: Climb
    move: Move
    tell: tuple[str, ...] = ()
    ask_again_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """The way up at an instant: the level reached (from 0; none: None), and what may open it further.

    `is_open` says that a level above has its turn still to come.
    """

    index: int | None
    is_open: bool
    wakes: tuple[datetime, ...]
    passed: tuple[Passed, ...]


def begin(policy: Policy, now: datetime) -> Climb:
    """Return a climb that has told nobody yet."""
    return Climb(policy=policy, started_at=now, entered_at=now, changed_at=now)


def climb(state: Climb, facts: Facts, now: datetime) -> Step:
    """Return what to do at `now`.

    Asked late, it tells the level whose time it is, once, and none of those it has missed; it never
    goes beyond the top of a loop that way. Who would be told and is muted is not, and the climb rests as
    it does while somebody has it in hand. A rest that is over goes on at the level where it was.
    """
    if facts.standing is not Standing.FIRING:
        return _rest(state, facts, now)
    step = _step(state, facts, now)
    if not step.tell or facts.muted_until is None or facts.muted_until <= now:
        return step
    muted = replace(facts, standing=Standing.SUPPRESSED, since_at=None, until_at=facts.muted_until)
    return _rest(state, muted, now)


def _step(state: Climb, facts: Facts, now: datetime) -> Step:
    if state.status in (Status.ACKNOWLEDGED, Status.SUPPRESSED):
        return _go_on(state, facts, now)
    way = _way(state, facts, now)
    again_at = _again_at(state, way)
    if way.index is None and again_at is not None and again_at <= now:
        anew = replace(state, level=0, loops=state.loops + 1, entered_at=now, passed=())
        return _taken(anew, _way(anew, facts, now), Move.BEGUN_ANEW, facts, now)
    move = Move.ESCALATED if state.level or state.loops else Move.BEGUN
    return _taken(state, way, move, facts, now)


def _rest(state: Climb, facts: Facts, now: datetime) -> Step:
    status, move = _RESTS[facts.standing]
    changed_at = state.changed_at if state.status is status else facts.since_at or now
    rests = replace(state, status=status, who=facts.who, changed_at=changed_at, next_at=facts.until_at)
    return Step(state=rests, move=move, ask_again_at=facts.until_at)


def _go_on(state: Climb, facts: Facts, now: datetime) -> Step:
    """Tell the level again at which the climb has rested, or whoever can be told above it."""
    below = max(state.level - 1, 0)
    again = replace(state, level=below, entered_at=now - _timeout(state.policy, below))
    way = _way(again, facts, now)
    if way.index is None:
        state = replace(state, entered_at=now)
        way = replace(_way(state, facts, now), passed=way.passed)
    return _taken(state, way, Move.WENT_ON, facts, now)


def _timeout(policy: Policy, level: int) -> timedelta:
    return timedelta(minutes=policy.levels[level - 1].timeout_minutes) if level else timedelta()


def _over_at(state: Climb) -> datetime:
    """Return when the time of the level that was told last is over."""
    return state.entered_at + _timeout(state.policy, state.level)


def _way(state: Climb, facts: Facts, now: datetime) -> _Way:
    """Return how far the time that has passed leads up from where the climb is."""
    index, since, over_at = None, state.entered_at, _over_at(state)
    waits, wakes, passed = list[int](), list[datetime](), list[Passed]()
    for above in range(state.level, len(state.policy.levels)):
        level = state.policy.levels[above]
        turn_at, overtakes = _turn_of(level, since, over_at, facts)
        if turn_at > now or (waits and not overtakes):
            wakes += [turn_at] if overtakes or not waits else []
            waits += [above] if overtakes or not _has_no_deadline(level, facts) else []
            continue
        why = _unreachable(level, facts, facts.behind[above], now)
        if why is not None:
            passed.append(Passed(level=above + 1, why=why))
            wakes += _opening(level, why, now)
            continue
        passed += [Passed(level=one + 1, why=PassedOver.OVERTAKEN) for one in waits]
        index, since = above, _opened_at(level, turn_at)
        over_at = since + timedelta(minutes=level.timeout_minutes)
        waits, wakes = [], []
    return _Way(index=index, is_open=bool(waits), wakes=tuple(wakes), passed=tuple(passed))


def _turn_of(level: Level, since: datetime, over_at: datetime, facts: Facts) -> tuple[datetime, bool]:
    """Return when a level has its turn, and whether that is by the deadline, whatever is below it."""
    if level.minutes_before_deadline is None or facts.deadline_at is None:
        return over_at, False
    told_at = facts.deadline_at - timedelta(minutes=level.minutes_before_deadline)
    return (told_at, True) if told_at > since else (over_at, False)


def _has_no_deadline(level: Level, facts: Facts) -> bool:
    return level.minutes_before_deadline is not None and facts.deadline_at is None


def _unreachable(level: Level, facts: Facts, behind: tuple[str, ...], now: datetime) -> PassedOver | None:
    if _has_no_deadline(level, facts):
        return PassedOver.NO_DEADLINE
    if not behind:
        return PassedOver.NOBODY
    if not is_open(level.working_hours, level.timezone, now):
        return PassedOver.OUTSIDE_HOURS
    return None


def _opened_at(level: Level, turn_at: datetime) -> datetime:
    """Return when a level could be told whose turn came then: its time-out begins only with its hours."""
    if is_open(level.working_hours, level.timezone, turn_at):
        return turn_at
    return next_turning(level.working_hours, level.timezone, turn_at) or turn_at


def _opening(level: Level, why: PassedOver, now: datetime) -> list[datetime]:
    opens_at = next_turning(level.working_hours, level.timezone, now)
    return [opens_at] if why is PassedOver.OUTSIDE_HOURS and opens_at is not None else []


def _again_at(state: Climb, way: _Way) -> datetime | None:
    """Return when the policy is begun anew: never while a level still has its turn to come."""
    if way.is_open or state.policy.repeat_after_minutes is None:
        return None
    return _over_at(state) + timedelta(minutes=state.policy.repeat_after_minutes)


def _taken(state: Climb, way: _Way, move: Move, facts: Facts, now: datetime) -> Step:
    """Return the step along the way; from a level that is told, time counts anew."""
    tell: tuple[str, ...] = ()
    passed = {one.level: one for one in (*state.passed, *way.passed)}
    if way.index is not None:
        tell = facts.behind[way.index]
        state = replace(state, level=way.index + 1, entered_at=now)
        way = _way(state, facts, now)
    passed.pop(state.level, None)
    again_at = _again_at(state, way)
    wakes = [*way.wakes, *([again_at] if again_at is not None else [])]
    if not wakes and not state.level:
        wakes = [_after(state.entered_at, now)]
    status = Status.ESCALATED if state.level > 1 or state.loops else Status.PENDING
    next_at = min(wakes, default=None)
    moved = replace(
        state,
        status=status,
        changed_at=state.changed_at if status is state.status else now,
        next_at=next_at,
        who="",
        passed=tuple(passed.values()),
    )
    stays = Move.WAITS if way.is_open else Move.AT_THE_TOP if state.level else Move.NOBODY
    return Step(state=moved, move=move if tell else stays, tell=tell, ask_again_at=next_at)


def _after(since: datetime, now: datetime) -> datetime:
    """Return the next instant at which to look again whether anybody is there."""
    return since + ((now - since) // NOBODY_AGAIN + 1) * NOBODY_AGAIN
