"""An alert: one trouble of one job that somebody should know of, from its opening to its end."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from msgspec import Struct

from tocsin.alerts.inhibition import Inhibited, Tie
from tocsin.alerts.likely import LikelyCause
from tocsin.oncall.escalation import Climb
from tocsin.rules.finding import Severity, Why


class AlertState(Enum):
    """Where an alert is in its life; being silenced is a view of it, not a state.

    `is_open`: it has not been resolved.
    """

    is_open: bool

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"

    def __init__(self, word: str) -> None:
        self.is_open = word != "resolved"


class Reason(Enum):
    """Why an alert changed, or why a change was told or kept back."""

    OPENED = "opened"
    LOUDER = "louder"
    QUIETER = "quieter"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGEMENT_ENDED = "acknowledgement_ended"
    SNOOZED = "snoozed"
    SNOOZE_ENDED = "snooze_ended"
    RECOVERED = "recovered"
    RESOLVED_BY_HAND = "resolved_by_hand"
    JOB_PAUSED = "job_paused"
    JOB_DELETED = "job_deleted"
    JOB_RENAMED = "job_renamed"
    JOB_REDEFINED = "job_redefined"
    RULE_REMOVED = "rule_removed"
    RUN_SKIPPED = "run_skipped"
    RUN_EXCUSED = "run_excused"
    RUN_EXCLUDED = "run_excluded"
    RUN_EXPECTED = "run_expected"
    CALLED_NORMAL = "called_normal"
    DRILL_OVER = "drill_over"
    TOLD = "told"
    REPEATED = "repeated"
    SILENCED = "silenced"
    MAINTENANCE = "maintenance"
    DEDUPLICATED = "deduplicated"
    MUTED = "muted"
    THROTTLED = "throttled"
    BACKFILL = "backfill"
    FLAPPING = "flapping"
    SETTLED = "settled"
    CAUGHT_UP = "caught_up"
    GROUPED = "grouped"
    INHIBITED = "inhibited"
    INHIBITION_ENDED = "inhibition_ended"
    TOLD_ONCE = "told_once"
    CLOSED_AT_RECEIVER = "closed_at_receiver"
    ESCALATION_BEGUN = "escalation_begun"
    ESCALATED = "escalated"
    ESCALATION_WENT_ON = "escalation_went_on"
    ESCALATED_AS_ONE = "escalated_as_one"
    LEVEL_PASSED_OVER = "level_passed_over"
    NOTHING_TO_SAY = "nothing_to_say"


KEEPS_BACK = frozenset(
    {Reason.SILENCED, Reason.MAINTENANCE, Reason.DEDUPLICATED, Reason.MUTED, Reason.THROTTLED}
)
"""Why something that there was to say was not said yet."""

LET_OFF = frozenset({Reason.RUN_SKIPPED, Reason.RUN_EXCUSED})
"""Why an alert has ended whose run a person has skipped or excused."""

TAUGHT = frozenset({Reason.RUN_EXCLUDED, Reason.RUN_EXPECTED, Reason.CALLED_NORMAL})
"""Why an alert has ended of whose run a person has said that it is nothing unusual."""

UNWATCHED = frozenset(
    {
        Reason.JOB_PAUSED,
        Reason.JOB_DELETED,
        Reason.JOB_RENAMED,
        Reason.JOB_REDEFINED,
        Reason.RULE_REMOVED,
    }
)
"""Why an alert has ended of which nobody knows whether the trouble is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the receivers have been told of an alert, so that what was opened there is closed there.

    `at` are the instants of the notifications within the deduplication window, oldest first;
    `targets` everyone who was told that it fires and not yet that it is over; `heard` the number of the
    newest thing that each of those who ever heard of it was told, and `news` the number of the newest
    thing that was no mere repeat. `run` is the one that it was about when it was told last.
    """

    at: tuple[datetime, ...] = ()
    targets: tuple[str, ...] = ()
    heard: tuple[tuple[str, int], ...] = ()
    severity: Severity | None = None
    step: int = 0
    last_at: datetime | None = None
    count: int = 0
    news: int = 0
    run: str = ""


class SnoozeEnd(Enum):
    """What ends a snooze."""

    TIME = "time"
    NEXT_RUN = "next_run"
    NEXT_SUCCESS = "next_success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """A person wants to hear no more of an alert for now; by `until_at` it ends in any case."""

    by: str
    at: datetime
    end: SnoozeEnd
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """That an alert was handed to a group, for one receiver: as severe as it then was, to be told as one.

    `batch` is what the group had told as one by then. `is_taken`: somebody has it in hand. `climbs`: the
    group climbs the escalation policy of the alert for it. `was_told`: it was told as one of it before. `run`
    is the one that it then was about.
    """

    group: str
    receiver: str
    batch: int
    severity: Severity
    step: int
    is_taken: bool = False
    climbs: bool = False
    was_told: bool = False
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """That an alert was told as one of a group, and is told, or kept from it, by itself or elsewhere since.

    As severe as it then was, when the group had told of `batch` others. `is_taken`: somebody has it in hand.
    """

    group: str
    batch: int
    severity: Severity
    step: int
    is_taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """A job that needs another, itself or by way of others, and its next deadline, if it has one."""

    job: str
    deadline_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """The jobs that need the one that an alert is about, as they were at `at`.

    `named` are the first of them, the one with the next deadline first; `is_whole` says that `count` is all.
    """

    at: datetime
    count: int
    named: tuple[Dependent, ...]
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """The other jobs that had failed of the same error within an hour before `at`.

    `named` are some of them by name; `is_whole` says that `count` is all. `signature` is of the error.
    """

    at: datetime
    signature: str
    count: int
    named: tuple[str, ...]
    is_whole: bool = True


class Alert(Struct, frozen=True, kw_only=True):
    """One open or ended trouble, with the newest finding about it.

    `opened_at` is when we saw it, `since_at` when it began. `held_back_until` is set while something
    is owed to receivers that a silence, deduplication or a time interval keeps back. `acknowledged_until`
    is when an acknowledgement ends by itself (None: never), `due_again_at` when one, or a snooze, last did.
    `climb` is how far its escalation policy has been climbed, where its route names one. `backfill`: it is
    about runs that make up for old ones, and never pages. `flapping`: its job is good and bad by turns, so
    that it is held open through good runs and seldom repeated, `is_between` by one just now. `pooled` are
    the groups that tell of it, `left` those that did and are not over before it is. `ties` are what it
    shares with alerts that it mutes, or that mute it; `inhibited` says that one does. `upstream` are jobs
    that its own needs, `likely_cause` which of these is in trouble itself, and `at_risk` those that need
    its own. `error_class`, `error_cause` and `error_signature` say what failed, where it is about a failure,
    and `alike` which other jobs failed of the same. `is_past`: the run that it is about has ended, so that
    only another run can say otherwise.
    """

    id: str
    fingerprint: str
    job_id: int
    job: str
    environment: str
    condition: str
    rule: str
    severity: Severity
    why: Why
    step: int
    opened_at: datetime
    since_at: datetime
    changed_at: datetime
    summary: str
    labels: tuple[tuple[str, str], ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    next_step: str = ""
    run: str = ""
    log_tail: str = ""
    runbook: str = ""
    owner: str = ""
    timezone: str = "UTC"
    template: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    state: AlertState = AlertState.FIRING
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_until: datetime | None = None
    last_taken_by: str = ""
    last_taken_at: datetime | None = None
    snooze: Snooze | None = None
    due_again_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str = ""
    told: Told = Told()
    pooled: tuple[Pooled, ...] = ()
    left: tuple[Left, ...] = ()
    held_back_until: datetime | None = None
    climb: Climb | None = None
    backfill: bool = False
    flapping: bool = False
    is_between: bool = False
    ties: tuple[Tie, ...] = ()
    inhibited: Inhibited | None = None
    upstream: tuple[str, ...] = ()
    at_risk: AtRisk | None = None
    likely_cause: LikelyCause | None = None
    error_class: str = ""
    error_cause: str = ""
    error_signature: str = ""
    alike: Alike | None = None
    is_past: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it has not been resolved."""
        return self.state.is_open

    @property
    def bonds(self) -> tuple[Pooled | Left, ...]:
        """What binds it to groups that tell of it, or have."""
        return self.pooled + self.left

    @property
    def climbs_in(self) -> str:
        """The id of the group that climbs for it, or nothing."""
        return next((one.group for one in self.pooled if one.climbs), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of an alert's history: what changed, why, and by whom.

    `kept_back` says that there was something to say and somebody was kept from hearing it, for this reason.
    """

    alert_id: str
    at: datetime
    reason: Reason
    state: AlertState
    severity: Severity
    who: str = ""
    note: str = ""
    kept_back: bool = False
