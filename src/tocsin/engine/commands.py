"""What a person can tell the engine to do, and what it answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from tocsin.alerts.alert import SnoozeEnd
from tocsin.alerts.drill import DELIVER_WITHIN, Aim
from tocsin.alerts.matcher import Matcher
from tocsin.engine.troubles import AuditReport
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import Definition, Job, JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Meaning, Run
from tocsin.oncall.override import Cover
from tocsin.rules.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Somebody has the alert in hand, until `until_at` or for good; it is not repeated unless worse."""

    alert_id: str
    who: str
    note: str = ""
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeGroup:
    """Somebody has the firing alerts that a group speaks for in hand: one slice of them, by their ids.

    What is done says behind which id (`Done.after`) the next slice begins. `goes_on`: whoever says so does
    not wait, and the writer does the other slices by itself, also after a restart. What was told after
    `said_at`, when they said so, is not meant.
    """

    group_id: str
    who: str
    note: str = ""
    until_at: datetime | None = None
    after: str = ""
    goes_on: bool = False
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveGroup:
    """Somebody declares over all that a group speaks for, slice by slice as it is taken in hand."""

    group_id: str
    who: str
    note: str = ""
    after: str = ""
    goes_on: bool = False
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Somebody wants to hear no more of the alert before `end`; SnoozeEnd.TIME needs `until_at`."""

    alert_id: str
    who: str
    end: SnoozeEnd
    until_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """Somebody declares the trouble over; what led to it counts no longer."""

    alert_id: str
    who: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Judge this job no more until it is resumed; its open alerts are resolved."""

    job: JobKey
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Judge this job again, from now on."""

    job: JobKey
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """Give a job another name; runs and alerts stay with it."""

    job: JobKey
    name: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Forget a job with its runs; its open alerts are resolved and stay as history."""

    job: JobKey
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Define:
    """Define a job through the API; refused where the file defines it."""

    job: JobKey
    definition: Definition
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipOccurrence:
    """An expected run need not come: that of an instant or of its day, or without one the next to come."""

    job: JobKey
    who: str
    at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnskipOccurrence:
    """A run that was skipped, and has not come yet, is expected again."""

    job: JobKey
    who: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcuseOccurrence:
    """That a run was missed or late does not count: that of an instant, or without one the newest."""

    job: JobKey
    who: str
    at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachRun:
    """Somebody says what a run tells of what is normal; without `meaning` takes back what was said of it."""

    job: JobKey
    run: str
    who: str
    meaning: Meaning | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSilence:
    """Mute what matches, from one instant to another."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    who: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendSilence:
    """Let a silence that has not ended do so later."""

    silence_id: str
    ends_at: datetime
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireSilence:
    """End a silence now."""

    silence_id: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOverrides:
    """Have others be on call for spans of time, all of them or none: an override, a swap or an import.

    A cover with the `uid` of a calendar's event takes the place of what that event made before; what the
    events of `over` made before ends.
    """

    schedule: str
    covers: tuple[Cover, ...]
    who: str
    comment: str = ""
    is_swap: bool = False
    over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveOverride:
    """End an override now, or both of a swap by the swap's id."""

    override_id: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTest:
    """Send a marked test through the real path to one receiver."""

    receiver: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDrill:
    """Tell a receiver, every level of a policy, or whom an alert of a job would reach now, as a drill.

    `environment` is that of a job. Without `acknowledge_within` nobody is waited for.
    """

    aim: Aim
    target: str
    who: str
    environment: str = ""
    severity: Severity = Severity.CRITICAL
    deliver_within: timedelta = DELIVER_WITHIN
    acknowledge_within: timedelta | None = None
    plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAudit:
    """Keep what a server's own audit has found, and forget the reports of servers that are gone.

    After `until_at` it is void: by then whoever gave it has told people without the engine.
    """

    report: AuditReport
    until_at: datetime
    gone: frozenset[str] = frozenset()
    who: str = "tocsin"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteUndelivered:
    """Whoever had taken a notification says that it did not arrive: it has failed for good.

    `reference` is what the receiver calls it. `is_only_for_open`: nobody need be told in its place once
    somebody has it in hand, or it is over.
    """

    key: str
    reference: str
    detail: str
    is_only_for_open: bool = False
    who: str = "tocsin"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToken:
    """Keep a credential; only the digest of its secret is given."""

    kind: str
    name: str
    digest: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeToken:
    """Let a credential open nothing from now on."""

    token_id: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeHistory:
    """Record what was reported and decided elsewhere, or before; nothing of it is judged and nobody is told.

    All in the order in which it was written there. Who gives check-ins sees to it that they are not known.
    """

    who: str
    jobs: tuple[Job, ...] = ()
    runs: tuple[tuple[JobKey, Run], ...] = ()
    occurrences: tuple[tuple[JobKey, Occurrence], ...] = ()
    check_ins: tuple[CheckIn, ...] = ()


Command = (
    Acknowledge
    | AcknowledgeGroup
    | ResolveGroup
    | Snooze
    | Resolve
    | Pause
    | Resume
    | Rename
    | Delete
    | Define
    | SkipOccurrence
    | UnskipOccurrence
    | ExcuseOccurrence
    | TeachRun
    | AddSilence
    | ExtendSilence
    | ExpireSilence
    | AddOverrides
    | RemoveOverride
    | SendTest
    | StartDrill
    | NoteAudit
    | NoteUndelivered
    | AddToken
    | RevokeToken
    | TakeHistory
)


class Refusal(Enum):
    """Why a command was not carried out."""

    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The command was carried out and is durable; `id` names what it made or changed.

    Of what is done in slices, `count` is how many this one has changed, and `after` where to go on:
    empty after the last, and where `is_going_on` says that the writer does the others. `known` is how much of
    what was given was so already.
    """

    message: str
    id: str = ""
    count: int = 1
    after: str = ""
    is_going_on: bool = False
    known: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The command was not carried out, and why."""

    reason: Refusal
    message: str


Result = Done | Refused
