"""What is known of a job at an instant: bounded, so that judging costs the same at any age."""

from datetime import datetime

from msgspec import Struct

from tocsin.jobs.checks import Compared
from tocsin.jobs.occurrence import LetOff, Occurrence
from tocsin.jobs.run import Remark, Run, RunStatus
from tocsin.jobs.skew import HostClock

MAX_OPEN_RUNS = 100
MAX_RECENT = 20
MAX_FAILURES = 50
MAX_UNMADE = 500
MAX_PUSHED_OUT = 200
MAX_OCCURRENCES = 20
MAX_EARLY = 20
MAX_LINKED_WINDOWS = 12
MAX_MEASURED = 20
MAX_MARKS = 20
MAX_LOST = 200
MAX_REMARKS = 50
EVERY_CONDITION = "*"
Before = tuple[tuple[str, float], ...]
"""Values from which changes count, by the ids of checks."""


class Outcome(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An ended run, or an occurrence that never ran (`status` is None), in the few facts that rules ask for.

    `at` is when it ended or was given up; `order_at` places it among the others. `retried`: attempts that
    failed, and the waits between them, count in its `seconds`. It is kept as an array, for there are twenty
    of them in a state: a new field comes last and has a default.
    """

    at: datetime
    order_at: datetime
    status: RunStatus | None
    run: str = ""
    partition: str = ""
    backfill: bool = False
    seconds: float | None = None
    records: int | None = None
    silence_seconds: float = 0.0
    heartbeat_every_seconds: float = 0.0
    late: bool = False
    records_failed: int | None = None
    retried: bool = False

    @property
    def is_run(self) -> bool:
        """Whether a run did its work, well or badly: neither left out nor never started."""
        return self.status is not None and not self.status.is_left_out


class HeldTo(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The strictest limits that rules of their own hold a job's good runs to; None: none does.

    Fewest records, largest share of failed ones, and fewest records per second. It is kept as an array: a new
    field comes last and has a default.
    """

    least_records: float | None = None
    most_failed: float | None = None
    least_per_second: float | None = None

    def is_broken_by(self, outcome: Outcome) -> bool:
        """Whether a run is over any of them; what is too little to speak of is left to the rules."""
        records, failed, seconds = outcome.records, outcome.records_failed or 0, outcome.seconds
        if records is None:
            return False
        if self.least_records is not None and records < self.least_records:
            return True
        if self.most_failed is not None and failed > self.most_failed * (records + failed):
            return True
        return bool(self.least_per_second and seconds and records + failed < self.least_per_second * seconds)


class Unmade(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Bad runs of one partition for which there was no room: the newest of them, and how many.

    It is kept as an array: a new field comes last and has a default.
    """

    partition: str
    run: str
    at: datetime
    order_at: datetime
    runs: int = 1
    backfill: bool = False


class Unlearned(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Runs have ended of which nothing has been learned: the first of them, and when that is to be done.

    It is kept as an array: a new field comes last and has a default.
    """

    from_at: datetime
    due_at: datetime | None = None


class Measured(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What the newest good run of a partition measured of its data, for the checks of its job.

    `values` by the names on the wire: a number, or what was sent instead of one. `marks`: of the last good
    runs of the partition, oldest first, whether any check failed; `since_at` since when they have, or did
    not. `missing` are the names that were asked for and not sent; None: nobody knows what was asked for.
    `compared` is with what was normal before, `notes` are what was said of values. `before` are the values
    from which changes count, by the ids of the checks that ask for it. It is kept as an array: a new field
    comes last and has a default.
    """

    partition: str
    run: str
    at: datetime
    since_at: datetime
    values: tuple[tuple[str, float | str], ...] = ()
    marks: tuple[bool, ...] = ()
    missing: tuple[str, ...] | None = None
    compared: tuple[Compared, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    before: Before = ()


class AtRisk(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A rule has found at `since_at` that a promise will probably be broken, and has not taken it back.

    The promise is the deadline of the run expected at `nominal_at`, else how long the run may take. It is
    kept as an array: a new field comes last and has a default.
    """

    rule: str
    since_at: datetime
    nominal_at: datetime | None = None
    run: str = ""


class Skip(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A run to come that a person has said need not come."""

    nominal_at: datetime
    word: LetOff


class Remarked(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A run of which a person has said something; `order_at` places it among the others."""

    run: str
    order_at: datetime
    remark: Remark


class JobState(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The facts that rules judge.

    `open_runs` runs that have not ended, oldest first, at most so many; `failures` bad runs that no good
    run of the same partition and the same or a later occurrence has made up for, oldest first,
    `failures_dropped` how many more there were, and `unmade` what is known of these; `occurrences`
    expected runs that are not settled and the next one to come, oldest first; `settled` the latest that a
    good run has made good; `expect_after` the instant before which nothing was promised yet; `promised_at`
    when a promise was last changed, until the next good run; `recent` the last outcomes, oldest first, and
    `pushed_out` good runs that are not among them any more though a rule still holds them against the job,
    and `tallies` how many runs have left them, by time (`tocsin.jobs.tally` reads it);
    `last` the run that ended last; `forgiven`, for each condition that a person has declared over
    (EVERY_CONDITION for all), up to which instant nothing counts any more; `early` the run and number of
    logs that came before anything else of their run; `clocks` those of its hosts that are or lately seemed
    wrong; `unlearned` tells of runs that nothing was learned from yet; `measured` what the newest good run
    of each partition measured, oldest first, `measured_lost` the partitions with a failed check for which
    there was no room, and `measured_before` from what changes count where the newest was taken back;
    `at_risk` which promises a rule has found to be at risk; `skips` what a person has skipped and is still to
    come, and `let_off` the last word by which a person skipped or excused a run; `held_to` the limits of the
    rules that watch it, and `remarks` what people have said of its runs lately.
    """

    open_runs: tuple[Run, ...] = ()
    failures: tuple[Run, ...] = ()
    failures_dropped: int = 0
    unmade: tuple[Unmade, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    occurrences_dropped: int = 0
    recent: tuple[Outcome, ...] = ()
    pushed_out: tuple[Outcome, ...] = ()
    settled: Occurrence | None = None
    expect_after: datetime | None = None
    promised_at: datetime | None = None
    forgiven: tuple[tuple[str, datetime], ...] = ()
    last: Run | None = None
    last_success_at: datetime | None = None
    last_started_at: datetime | None = None
    last_seen_at: datetime | None = None
    early: tuple[tuple[str, int], ...] = ()
    clocks: tuple[HostClock, ...] = ()
    unlearned: Unlearned | None = None
    tallies: str = ""
    measured: tuple[Measured, ...] = ()
    measured_lost: tuple[str, ...] = ()
    at_risk: tuple[AtRisk, ...] = ()
    skips: tuple[Skip, ...] = ()
    let_off: LetOff | None = None
    held_to: HeldTo | None = None
    remarks: tuple[Remarked, ...] = ()
    measured_before: tuple[tuple[str, Before], ...] = ()


class BlindWindow(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A span in which we could hear nobody; what fell into it is not judged before `hold_until`.

    Jobs that were cut off get from `to_at` to `hold_until` to deliver what they had put aside.
    """

    id: int
    from_at: datetime
    to_at: datetime
    hold_until: datetime

    def covers(self, instant: datetime) -> bool:
        """Whether what was due then could not be known."""
        return self.from_at <= instant < self.hold_until

    def is_deaf_at(self, instant: datetime) -> bool:
        """Whether what happened then can only be told by who put it aside."""
        return self.from_at <= instant < self.to_at


def hidden_by(blind: tuple[BlindWindow, ...], instant: datetime) -> BlindWindow | None:
    """Return the window in which what was due at this instant could not be known, or None.

    Windows of which each began before the wait of the one before was over hide as one, and the last of
    them is returned; of very many in a row only the first MAX_LINKED_WINDOWS, or a server that dies
    again and again would keep silent for ever. `blind` is oldest first.
    """
    found: BlindWindow | None = None
    linked = 0
    for window in blind:
        if window.covers(instant if found is None else found.hold_until):
            found, linked = window, linked + 1
            if linked == MAX_LINKED_WINDOWS:
                break
    return found
