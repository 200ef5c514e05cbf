"""Every exception that Tocsin raises, in one tree.

TocsinError
├── ConfigError        the configuration cannot be used; carries every problem found
├── InvalidSchedule    a schedule, time zone or calendar that cannot be read
├── InvalidCalendar    a calendar from elsewhere that cannot be read
├── InvalidMatcher     a label matcher or pattern that cannot be read
├── InvalidTemplate    a message template that cannot be read
├── StoreError         the store cannot do what was asked
│   ├── StoreUnavailable   for now: disk full or read-only, database away; try again
│   │   └── StoreContended     another server was in the way; try again at once
│   ├── StoreRefused       one value cannot be kept; everything else can
│   ├── StoreUnreadable    one kept value cannot be read; everything else can
│   ├── RunTaken           another process is at work on this run of a pipeline
│   ├── DeadLettersFull    there are as many dead letters as there may be
│   └── StoreBroken        not by waiting: newer schema, damaged file, in use by another server
├── InvalidPipeline    a batch pipeline, its settings or its source cannot be used as written
├── SourceFailed       a source of records cannot be read on
├── NotMeasured        data cannot be read, or not be asked what was wanted
├── InvalidResults     what another tool has written of its checks cannot be read
├── ChoreFailed        a chore of the engine raised; everything else can be done without it
├── ChannelError       a channel could not hand over a message
└── ClientError        the command line or a client could not do what was asked

Decisions are values and raise none of these.
"""

from dataclasses import dataclass
from datetime import timedelta


class TocsinError(Exception):
    """The root: whatever Tocsin raises on purpose; its text is meant for the person who must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault of a configuration: what is wrong, where, and what was probably meant.

    `source` is the file where it stands, where that is not the configuration itself.
    """

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    suggestion: str | None = None
    source: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}: {self.path}" if self.line else self.path
        return f"{self.source} {where}: {self._what}" if self.source else f"{where}: {self._what}"

    @property
    def _what(self) -> str:
        return f"{self.message}; did you mean {self.suggestion}?" if self.suggestion else self.message

    def told(self, source: str) -> str:
        """Return it in the form that editors can jump to: `source:line:column: path: what is wrong`."""
        where = [self.source or source, *(str(at) for at in (self.line, self.column) if at)]
        return f"{':'.join(where)}: {self.path}: {self._what}"


class ConfigError(TocsinError):
    """The configuration cannot be used; `problems` holds every fault found, not only the first.

    `warnings` tell what is unwise in those parts of it that can be used.
    """

    def __init__(
        self, source: str, problems: tuple[Problem, ...], warnings: tuple[Problem, ...] = ()
    ) -> None:
        self.source = source
        self.problems = problems
        self.warnings = warnings
        super().__init__("\n".join([*(problem.told(source) for problem in problems), self.sum_up()]))

    def sum_up(self) -> str:
        """Return in one line how many faults there are."""
        count = f"{len(self.problems)} mistakes" if len(self.problems) != 1 else "one mistake"
        return f"{self.source} has {count} and cannot be used"


class InvalidSchedule(TocsinError):
    """A schedule, time zone or calendar that cannot be read."""


class InvalidCalendar(TocsinError):
    """A calendar from elsewhere that cannot be read."""


class InvalidMatcher(TocsinError):
    """A label matcher or a job pattern that cannot be read."""


class InvalidTemplate(TocsinError):
    """A message template that cannot be read."""


class InvalidPipeline(TocsinError):
    """A batch pipeline, its settings or its source cannot be used as written; nothing was sent."""


class SourceFailed(TocsinError):
    """A source of records cannot be read on: damaged, cut off, gone; what came before it is good."""


class NotMeasured(TocsinError):
    """Data cannot be read, or not asked what was wanted; `is_statement`: another question may be answered."""

    def __init__(self, message: str, *, is_statement: bool = False) -> None:
        super().__init__(message)
        self.is_statement = is_statement


class InvalidResults(TocsinError):
    """What another tool has written of its checks cannot be read; the text says what, and where."""


class StoreError(TocsinError):
    """The store cannot do what was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be written or reached for now; nothing was recorded, try again."""


class StoreContended(StoreUnavailable):
    """Another server was in the way; nothing was recorded, the same at once will most likely succeed."""


class StoreUnreadable(StoreError):
    """One kept value cannot be read, by damage or because a newer Tocsin wrote it; everything else can."""


class StoreRefused(StoreError):
    """One value holds what no store can keep; without it the rest can be kept."""


class RunTaken(StoreError):
    """Another process is at work on this run of a pipeline; nothing was recorded."""


class DeadLettersFull(StoreError):
    """There are as many dead letters as there may be; nothing was recorded, and none was dropped."""


class StoreBroken(StoreError):
    """The store cannot be used and waiting will not mend it."""


class ChoreFailed(TocsinError):
    """A chore of the engine raised what nobody foresaw; without it everything else can be done.

    `chore` is the name that it is set aside under, and `job_id` the job that it belongs to, 0 for none.
    """

    def __init__(self, chore: str, job_id: int, reason: str) -> None:
        self.chore = chore
        self.job_id = job_id
        super().__init__(reason)


class ChannelError(TocsinError):
    """A channel could not hand over a message.

    `permanent`: sending the same again cannot succeed. `retry_after`: the receiver named a wait.
    `outcome_unknown`: the message may have arrived, its answer was lost.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        outcome_unknown: bool = False,
    ) -> None:
        self.permanent = permanent
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown
        super().__init__(message)


class ClientError(TocsinError):
    """The command line or a client could not do what was asked; `exit_code` says which way."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        self.exit_code = exit_code
        super().__init__(message)
