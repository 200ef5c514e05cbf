"""A drill: a marked test that takes the way of an alert, and what proves that it has arrived.

Each level of a drill has an alert of its own, so that each is acknowledged by itself. That alert stands for
nothing that is wrong: it is told under `DRILL`, counted nowhere, and over when the drill is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from tocsin.jobs.schedule import Schedule
from tocsin.rules.finding import Severity

DRILL: Final = "drill"
"""The condition of the alerts that are told in a drill."""
FAILED: Final = "drill_failed"
"""The condition of the alert that a drill of the configuration leaves behind when it was not proved."""
ID_PREFIX: Final = "drill-"

DELIVER_WITHIN: Final = timedelta(minutes=2)
ACKNOWLEDGE_WITHIN: Final = timedelta(minutes=15)


class Aim(Enum):
    """What a drill tries."""

    RECEIVER = "receiver"
    POLICY = "policy"
    JOB = "job"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillPlan:
    """A drill of the configuration: what it tries, how severe, when, and what it waits for.

    `environment` is that of a job. Without `acknowledge_within` it is enough that it arrives.
    """

    name: str
    aim: Aim
    target: str
    schedule: Schedule
    environment: str = ""
    severity: Severity = Severity.CRITICAL
    deliver_within: timedelta = DELIVER_WITHIN
    acknowledge_within: timedelta | None = None


class Silent(Enum):
    """Why nobody is told at a level: HOLE would be one in an alert's way as well, the others are meant so."""

    HOLE = "hole"
    PASSED_OVER = "passed_over"
    TOLD_BELOW = "told_below"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillLevel:
    """One level that is tried: whom it tells by which alert, or why nobody.

    `number` is 0 for what routes or a receiver tell, else that of the level in its policy.
    """

    number: int
    name: str
    targets: tuple[str, ...] = ()
    alert_id: str = ""
    silent: Silent | None = None
    why_silent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """A drill that somebody, or the configuration by its `plan`, has begun.

    It has to arrive by `deliver_by`, and to be acknowledged by `acknowledge_by` if that is set. `faults`
    say in words what was not proved; they are told once it is over, at `over_at`.
    """

    id: str
    aim: Aim
    target: str
    severity: Severity
    levels: tuple[DrillLevel, ...]
    started_by: str
    started_at: datetime
    deliver_by: datetime
    environment: str = ""
    acknowledge_by: datetime | None = None
    plan: str = ""
    over_at: datetime | None = None
    faults: tuple[str, ...] = ()

    @property
    def aims_at(self) -> str:
        """What it tries, in words: `policy standard`, `job etl (production)`."""
        where = f" ({self.environment})" if self.environment else ""
        return f"{self.aim.value} {self.target}{where}"


class Fate(Enum):
    """What has become of one message of a drill."""

    WAITS = "waits"
    ARRIVED = "arrived"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What has become of the message to one target, with the reason of the last try that failed."""

    target: str
    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one level: what became of its messages, and who has answered."""

    arrivals: tuple[Arrival, ...] = ()
    acknowledged_by: str = ""
    is_acknowledged: bool = False


class Standing(Enum):
    """How a drill stands."""

    RUNNING = "running"
    PROVED = "proved"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillVerdict:
    """How a drill stands, what was not proved, and when it can stand otherwise without news."""

    standing: Standing
    faults: tuple[str, ...] = ()
    ask_again_at: datetime | None = None


def judge_drill(drill: Drill, seen: Mapping[str, Seen], now: datetime) -> DrillVerdict:
    """Return how a drill stands; `seen` is what is known of its levels, by the ids of their alerts."""
    known = [(level, seen.get(level.alert_id, Seen())) for level in drill.levels if level.alert_id]
    waits = any(one.fate is Fate.WAITS for _, found in known for one in found.arrivals)
    if waits and now < drill.deliver_by:
        return DrillVerdict(standing=Standing.RUNNING, ask_again_at=drill.deliver_by)
    if drill.acknowledge_by is not None and now < drill.acknowledge_by:
        asked = (found for _, found in known if any(one.fate is Fate.ARRIVED for one in found.arrivals))
        if not all(found.is_acknowledged for found in asked):
            return DrillVerdict(standing=Standing.RUNNING, ask_again_at=drill.acknowledge_by)
    faults = tuple(_faults(drill, seen))
    return DrillVerdict(standing=Standing.FAILED if faults else Standing.PROVED, faults=faults)


def _faults(drill: Drill, seen: Mapping[str, Seen]) -> Iterator[str]:
    for level in drill.levels:
        if level.silent is Silent.HOLE:
            yield f"{titled(level)}: {level.why_silent}"
        elif level.alert_id:
            yield from _faults_of(level, seen.get(level.alert_id, Seen()), drill)
    if not any(level.alert_id or level.silent is Silent.HOLE for level in drill.levels):
        why = "; ".join(f"{titled(level)}: {level.why_silent}" for level in drill.levels)
        yield f"nobody was told: {why}"


def _faults_of(level: DrillLevel, found: Seen, drill: Drill) -> Iterator[str]:
    arrived = any(one.fate is Fate.ARRIVED for one in found.arrivals)
    for one in found.arrivals:
        if one.fate is not Fate.ARRIVED:
            yield f"{titled(level)}: {one.target} {_lost(one)}"
    if drill.acknowledge_by is not None and arrived and not found.is_acknowledged:
        yield f"{titled(level)}: nobody has acknowledged it in time"


def _lost(one: Arrival) -> str:
    if one.fate is Fate.LOST:
        return f"was not reached: {one.reason or 'no reason given'}"
    return f"was not reached in time: {one.reason or 'no try has ended'}"


def titled(level: DrillLevel) -> str:
    """Return what people call a level: `level 2 (engineering manager)`, or its plain name."""
    return f"level {level.number} ({level.name})" if level.number else level.name
