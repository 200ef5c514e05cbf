"""A job: what runs again and again, and what was promised of it."""

from datetime import datetime
from enum import Enum, IntEnum
from typing import NamedTuple

from msgspec import Struct, field

from tocsin.jobs.calendar import Calendar
from tocsin.jobs.checks import Check
from tocsin.jobs.occurrence import Plan, Timetable
from tocsin.jobs.schedule import Schedule
from tocsin.jobs.sla import SLA


class JobKey(NamedTuple):
    """A job's name to people: staging never answers for production."""

    environment: str
    name: str


class Rank(IntEnum):
    """Who has defined a job; a lower rank never overwrites a higher one."""

    NOBODY = 0
    CHECK_IN = 1
    API = 2
    FILE = 3


class Impact(Enum):
    """What it costs the business when a job's work is missing; the words are those of the wire."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Definition(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is promised of a job and what a responder must know of it.

    `stalled_after_seconds`: a run is stalled without a sign of life for so long; left out, it is
    judged by the rhythm of its own heartbeats. `no_progress_after_seconds`: the same for progress.
    `checks_brought`: its checks came with a check-in, while all else is of the file or the API.
    `timetables`: its other schedules; of their promises those of start, end and days hold, all others are
    those of `sla`.
    """

    schedule: Schedule | None = None
    sla: SLA = field(default_factory=SLA)
    calendar: Calendar = field(default_factory=Calendar)
    timezone: str = "UTC"
    stalled_after_seconds: float | None = None
    no_progress_after_seconds: float | None = None
    labels: tuple[tuple[str, str], ...] = ()
    upstream: tuple[str, ...] = ()
    runbook: str = ""
    owner: str = ""
    description: str = ""
    rank: Rank = Rank.NOBODY
    timetables: tuple[Timetable, ...] = ()
    checks: tuple[Check, ...] = ()
    impact: Impact | None = None
    checks_brought: bool = False

    @property
    def has_deadline(self) -> bool:
        """Whether any of its schedules, or the day or hour itself, comes with an instant of the end."""
        slas = (self.sla, *(one.sla for one in self.timetables))
        return any(sla.deadline is not None or sla.deadline_offset_minutes is not None for sla in slas)

    @property
    def plan(self) -> Plan:
        """The schedules with their promises: when an occurrence is expected and by when it must be done."""
        others = tuple(self._plan_of(one) for one in self.timetables) if self.timetables else ()
        return Plan(
            schedule=self.schedule,
            sla=self.sla,
            calendar=self.calendar,
            timezone=self.timezone,
            others=others,
        )

    def _plan_of(self, timetable: Timetable) -> Plan:
        return Plan(
            schedule=timetable.schedule,
            sla=timetable.sla,
            calendar=self.calendar,
            timezone=self.timezone,
        )


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A job as it is watched; `id` is the store's own number for it, 0 before it is stored."""

    name: str
    environment: str
    registered_at: datetime
    definition: Definition = field(default_factory=Definition)
    id: int = 0
    paused_at: datetime | None = None
    paused_by: str = ""

    @property
    def key(self) -> JobKey:
        """The environment and the name."""
        return JobKey(self.environment, self.name)

    @property
    def all_labels(self) -> tuple[tuple[str, str], ...]:
        """The declared labels and the two that every job has; the two win."""
        own = tuple(pair for pair in self.definition.labels if pair[0] not in ("job", "environment"))
        return (("environment", self.environment), ("job", self.name), *own)
