"""What a run does, from its start to its end, as a script that its job follows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from tocsin.jobs.checkin import CheckInKind


class Behaviour(Enum):
    """How one expected run goes."""

    GOOD = "good"
    EMPTY = "zero records"
    FAILS = "fails"
    RETRIED_WELL = "fails and then succeeds"
    RETRIED_BADLY = "fails twice"
    RETRY_LOST = "announces a retry that never comes"
    HANGS = "hangs"
    ZOMBIE = "lives and gets nowhere"
    SLOW = "takes too long"
    MISSED = "never starts"
    LATE = "starts late"


GOOD_ONES = (Behaviour.GOOD,)
BEHAVIOURS = tuple(Behaviour)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One check-in of a script: so many seconds after the run was expected."""

    after_seconds: float
    kind: CheckInKind
    attempt: int = 1
    max_attempts: int = 1
    done: int | None = None
    records: int | None = None


def script(behaviour: Behaviour, chance: Random, *, grace_seconds: float) -> list[Line]:
    """Return what a run that behaves so says, and when; an empty list for one that never starts."""
    length = chance.uniform(40.0, 240.0)
    begins = chance.uniform(0.5, 20.0)
    if behaviour is Behaviour.LATE:
        begins += grace_seconds + chance.uniform(60.0, 500.0)
    lines = _SCRIPTS[behaviour](length, chance)
    return [replace(line, after_seconds=line.after_seconds + begins) for line in lines]


def _hangs(length: float, chance: Random) -> list[Line]:
    return [*_work(length, CheckInKind.SUCCESS)[:2], _end(chance.uniform(600.0, 3_000.0))]


def _lives_on(_length: float, chance: Random) -> list[Line]:
    beats = [_beat(60.0 * n, done=5) for n in range(1, chance.randint(15, 30))]
    return [_start(), *beats, _end(2_000.0)]


def _fails(length: float, chance: Random) -> list[Line]:
    return _work(length, chance.choice((CheckInKind.FAIL, CheckInKind.TIMEOUT)))


def _start(after: float = 0.0, *, attempt: int = 1, max_attempts: int = 1) -> Line:
    return Line(after_seconds=after, kind=CheckInKind.START, attempt=attempt, max_attempts=max_attempts)


def _beat(after: float, *, done: int) -> Line:
    return Line(after_seconds=after, kind=CheckInKind.HEARTBEAT, done=done)


def _end(after: float) -> Line:
    return Line(after_seconds=after, kind=CheckInKind.SUCCESS, records=7)


def _work(length: float, end: CheckInKind, *, records: int | None = None) -> list[Line]:
    return [
        _start(),
        _beat(length / 3, done=30),
        _beat(length * 2 / 3, done=60),
        Line(after_seconds=length, kind=end, records=records),
    ]


def _retried(length: float, end: CheckInKind) -> list[Line]:
    records = 50 if end is CheckInKind.SUCCESS else None
    return [
        _start(max_attempts=2),
        Line(after_seconds=length / 2, kind=CheckInKind.FAIL, attempt=1, max_attempts=2),
        _start(length / 2 + 5, attempt=2, max_attempts=2),
        Line(after_seconds=length, kind=end, attempt=2, max_attempts=2, records=records),
    ]


_SCRIPTS: dict[Behaviour, Callable[[float, Random], list[Line]]] = {
    Behaviour.GOOD: lambda length, _: _work(length, CheckInKind.SUCCESS, records=100),
    Behaviour.EMPTY: lambda length, _: _work(length, CheckInKind.SUCCESS, records=0),
    Behaviour.FAILS: _fails,
    Behaviour.RETRIED_WELL: lambda length, _: _retried(length, CheckInKind.SUCCESS),
    Behaviour.RETRIED_BADLY: lambda length, _: _retried(length, CheckInKind.FAIL),
    Behaviour.RETRY_LOST: lambda length, _: _retried(length, CheckInKind.FAIL)[:2],
    Behaviour.HANGS: _hangs,
    Behaviour.ZOMBIE: _lives_on,
    Behaviour.SLOW: lambda length, _: _work(length * 5, CheckInKind.SUCCESS, records=10),
    Behaviour.MISSED: lambda _length, _: [],
    Behaviour.LATE: lambda length, _: _work(length, CheckInKind.SUCCESS, records=100),
}
