"""Tests of a configuration: given check-ins at instants, the alerts that are expected at instants. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from tocsin.engine.configuration import Configuration
from tocsin.engine.replaying import Event, Replay, What
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import Job, JobKey
from tocsin.rules.finding import Severity

MOST_NAMED: Final = 5
"""Most alerts that are named where others were expected."""


class State(Enum):
    """How an alert is expected to be at an instant."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An alert that is to be there at an instant; `line` is where that is written.

    None for `severity`: whichever. None for `told`: whoever; else these receivers and no other have been told
    of it by then. Those of `not_told` have not.
    """

    line: int
    at: datetime
    key: JobKey
    condition: str
    severity: Severity | None = None
    state: State = State.FIRING
    told: tuple[str, ...] | None = None
    not_told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """That no alert is open, of one job or of all, from an instant until before another, or at that one."""

    line: int
    since_at: datetime
    until_at: datetime
    key: JobKey | None = None

    def is_broken_by(self, life: "Life") -> bool:
        """Whether an alert was open in that time."""
        if self.key is not None and life.key != self.key:
            return False
        if self.since_at == self.until_at:
            return life.is_open_at(self.until_at)
        ended = life.ended_at
        return life.opened_at < self.until_at and (ended is None or ended > self.since_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """One test: what is reported between two instants, and what is expected to come of it.

    `check_ins` are in the order of their arrival. Unless it `allows_others`, an alert that nobody has
    expected at any instant fails it.
    """

    name: str
    line: int
    starts_at: datetime
    ends_at: datetime
    timezone: str
    check_ins: tuple[CheckIn, ...] = ()
    expected: tuple[Expected | Quiet, ...] = ()
    allows_others: bool = False


@dataclass(slots=True, kw_only=True)
class Life:
    """One alert from its opening to its end, with what was told of it to whom."""

    key: JobKey
    condition: str
    opened_at: datetime
    summary: str
    ended_at: datetime | None = None
    severities: list[tuple[datetime, Severity]] = field(default_factory=list)
    told: list[tuple[datetime, str]] = field(default_factory=list)
    groups: set[str] = field(default_factory=set)

    def is_open_at(self, instant: datetime) -> bool:
        """Whether it was open at an instant, when all that happened then had happened."""
        return self.opened_at <= instant and (self.ended_at is None or self.ended_at > instant)

    def severity_at(self, instant: datetime) -> Severity:
        """Return how bad it was."""
        known = [severity for at, severity in self.severities if at <= instant]
        return known[-1] if known else self.severities[0][1]

    def told_by(self, instant: datetime) -> tuple[str, ...]:
        """Return the receivers that had been told of it, each once."""
        return tuple(dict.fromkeys(receiver for at, receiver in self.told if at <= instant))


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """What did not come as expected, or came though nobody expected it (`expected` is None then).

    `nearest` are alerts that came, the most similar one first; `more` came besides.
    """

    expected: Expected | Quiet | None
    nearest: tuple[Life, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """How a test went: good without a miss and without a rule that `raised`."""

    test: RuleTest
    misses: tuple[Miss, ...] = ()
    raised: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether everything came as expected, and nothing else."""
        return not self.misses and not self.raised


def rehearse(configuration: Configuration, test: RuleTest) -> Rehearsal:
    """Return how a test goes under a configuration: by the engine's own steps, on a virtual clock."""
    known = [
        Job(name=key.name, environment=key.environment, registered_at=test.starts_at, definition=definition)
        for key, definition in configuration.jobs.items()
    ]
    replay = Replay(configuration, starts_at=test.starts_at, jobs=known)
    for check_in in test.check_ins:
        replay.feed(check_in)
    replay.advance(test.ends_at)
    lives = lives_of(replay.events)
    return Rehearsal(test=test, misses=tuple(_misses(test, lives)), raised=tuple(replay.raised))


def lives_of(events: Iterable[Event]) -> tuple[Life, ...]:
    """Return the alerts that these events tell of, in the order of their opening."""
    lives: dict[str, Life] = {}
    for event in events:
        if event.what is What.OPENED:
            lives[event.alert_id] = Life(
                key=JobKey(event.environment, event.job),
                condition=event.condition,
                opened_at=event.at,
                summary=event.summary,
                severities=[(event.at, event.severity)],
            )
        elif event.what is What.TOLD:
            for life in _told_of(event, lives):
                life.told.append((event.at, event.receiver))
        elif event.alert_id in lives:
            _turn(lives[event.alert_id], event)
    return tuple(lives.values())


def _told_of(event: Event, lives: dict[str, Life]) -> list[Life]:
    """Return what somebody is told of: an alert, or all that a group speaks for."""
    known = lives.get(event.alert_id)
    return [known] if known else [life for life in lives.values() if event.alert_id in life.groups]


def _turn(life: Life, event: Event) -> None:
    if event.what is What.RESOLVED:
        life.ended_at = event.at
    elif event.what in (What.LOUDER, What.QUIETER):
        life.severities.append((event.at, event.severity))
    elif event.what is What.KEPT_BACK:
        # The group's id is the last word of what the history says of being left to it.
        life.groups.add(event.note.rpartition(" ")[2])


def _misses(test: RuleTest, lives: Sequence[Life]) -> Iterator[Miss]:
    spoken_of = [life for life in lives if any(_covers(one, life) for one in test.expected)]
    for one in test.expected:
        if isinstance(one, Quiet):
            came = tuple(life for life in lives if one.is_broken_by(life))
            is_missed = bool(came)
        else:
            came, is_missed = _nearest(one, lives), not _came(one, lives)
        if is_missed:
            spoken_of += came
            yield _miss(one, came)
    others = [life for life in lives if all(life is not known for known in spoken_of)]
    if others and not test.allows_others:
        yield _miss(None, others)


def _miss(one: Expected | Quiet | None, came: Sequence[Life]) -> Miss:
    return Miss(expected=one, nearest=tuple(came[:MOST_NAMED]), more=max(0, len(came) - MOST_NAMED))


def _covers(one: Expected | Quiet, life: Life) -> bool:
    """Whether an expectation speaks of an alert, be it as severe as expected or not."""
    if isinstance(one, Quiet) or (life.key, life.condition) != (one.key, one.condition):
        return False
    if one.state is State.FIRING:
        return life.is_open_at(one.at)
    return life.opened_at <= one.at


def _came(one: Expected, lives: Iterable[Life]) -> bool:
    at = one.at
    alike = [life for life in lives if (life.key, life.condition) == (one.key, one.condition)]
    alike = [life for life in alike if life.opened_at <= at]
    firing = [life for life in alike if life.is_open_at(at)]
    if one.state is State.RESOLVED and firing:
        return False
    there = firing if one.state is State.FIRING else alike
    return any(_fits(one, life) for life in there)


def _fits(one: Expected, life: Life) -> bool:
    told = life.told_by(one.at)
    if one.severity is not None and life.severity_at(one.at) is not one.severity:
        return False
    if one.told is not None and set(told) != set(one.told):
        return False
    return set(told).isdisjoint(one.not_told)


def _nearest(one: Expected, lives: Sequence[Life]) -> tuple[Life, ...]:
    """Return what came in the place of an alert: of the same job, or else the same trouble of another."""

    def distance(life: Life) -> tuple[bool, bool, bool, float]:
        away = abs((life.opened_at - one.at).total_seconds())
        return life.key != one.key, life.condition != one.condition, not life.is_open_at(one.at), away

    near = [life for life in lives if life.key == one.key or life.condition == one.condition]
    return tuple(sorted(near, key=distance)[:3])
