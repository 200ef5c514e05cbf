"""What a rule says of a job: a finding or none, and when to ask again."""

from datetime import datetime
from enum import Enum, IntEnum

from msgspec import Struct

from tocsin.jobs.state import AtRisk
from tocsin.rules.failure import Failure


class Severity(IntEnum):
    """How bad it is; the words of the wire are the lower-case names."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3
    PAGE = 4

    @property
    def word(self) -> str:
        """The name that users write and read."""
        return self.name.lower()


class Why(Enum):
    """The reason of a verdict, of one condition each."""

    FAILED = "failed"
    NOT_STARTED = "not_started"
    DEADLINE_NEAR = "deadline_near"
    DEADLINE_AT_RISK = "deadline_at_risk"
    DEADLINE_MISSED = "deadline_missed"
    DURATION_NEAR = "duration_near"
    DURATION_EXCEEDED = "duration_exceeded"
    TOO_FAST = "too_fast"
    UNUSUALLY_SLOW = "unusually_slow"
    UNUSUALLY_FAST = "unusually_fast"
    NEW_NORMAL = "new_normal"
    RETRY_MISSING = "retry_missing"
    NO_HEARTBEAT = "no_heartbeat"
    NO_PROGRESS = "no_progress"
    NO_END = "no_end"
    NO_RECORDS = "no_records"
    TOO_FEW_RECORDS = "too_few_records"
    RECORDS_FAILED = "records_failed"
    CHECK_FAILED = "check_failed"
    CLOCK_WRONG = "clock_wrong"
    RUNS_FAILED = "runs_failed"
    TOO_SLOW = "too_slow"
    UPSTREAM = "upstream"
    UNUSUAL_DATA = "unusual_data"
    NOTHING_CHECKED = "nothing_checked"
    UNKNOWN = "unknown"
    DRILL = "drill"
    DRILL_FAILED = "drill_failed"
    OWN_AUDIT = "own_audit"


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A rule holds for a job now.

    `step` counts the stages of one trouble (near, nearer, missed): a higher one is news even at the
    same severity. `since_at` is when the trouble began, not when it was noticed. `run` is the run
    that it is about, where there is one; `backfill`: it is about backfills. `evidence` are names with
    values that a person can read. `failure` is what the run failed of, where it is about a failure, and
    `in_a_row` how many of the kind came one after the other.
    """

    rule: str
    condition: str
    severity: Severity
    why: Why
    since_at: datetime
    summary: str
    evidence: tuple[tuple[str, str], ...] = ()
    next_step: str = ""
    run: str = ""
    step: int = 1
    log_tail: str = ""
    template: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    backfill: bool = False
    failure: Failure | None = None
    in_a_row: int = 1


class Unknown(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a rule cannot tell because we were blind at the instant that counted."""

    window: int
    what: str


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a rule thinks, and the first instant at which it could think otherwise without a new fact.

    None for `ask_again_at`: only a new fact can change it. `cannot_tell`: that there is no finding does
    not mean that all is well, so that nothing that was said before is taken back. `at_risk` is what the rule
    will go by when it is asked again: a fact of its own making.
    """

    finding: Finding | None = None
    ask_again_at: datetime | None = None
    unknown: Unknown | None = None
    cannot_tell: bool = False
    at_risk: tuple[AtRisk, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether it says no more than when to ask again."""
        return self.finding is None and self.unknown is None and not self.cannot_tell and not self.at_risk


QUIET = Verdict()
LEARNING = Verdict(ask_again_at=None, cannot_tell=False)
"""There is too little past to compare with; a value of its own, known by its identity."""
