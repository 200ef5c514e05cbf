"""All that a rule may look at."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from tocsin.jobs.job import Job
from tocsin.jobs.run import Run
from tocsin.jobs.state import EVERY_CONDITION, BlindWindow, JobState, Outcome, hidden_by
from tocsin.quality.forecast import Ends
from tocsin.quality.learned import NOTHING_LEARNED, Learned
from tocsin.rules.failure import FailureTable
from tocsin.rules.known_failures import OUR_TABLE

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


class Awaited(Struct, frozen=True, kw_only=True, gc=False):
    """The end of a run of another job for which a job waits, as of what was last heard of it, at `told_at`.

    `order_at` places that run among the others; `has_started` says that it is at work.
    """

    job: str
    order_at: datetime
    has_started: bool
    told_at: datetime
    ends: Ends


class Trouble(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An open alert of a job that another needs, which says that its work is not there, or not as it must be.

    `since_at` is when that began, `opened_at` when it was noticed, `summary` what the alert says.
    """

    job: str
    since_at: datetime
    opened_at: datetime
    summary: str


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A job, what is known of it as of now, what its past has taught, and when we could not hear.

    `awaited` are the ends of other jobs' runs without which the next of its own does not start.
    `troubles` are those of the jobs that it needs, the oldest first, where a rule asks for them.
    `of_backfills`: this is what is known of runs that make up for old ones, and of nothing else.
    `known_failures` tell what a bad run has failed of.
    """

    job: Job
    state: JobState
    learned: Learned = NOTHING_LEARNED
    blind: tuple[BlindWindow, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    of_backfills: bool = False
    known_failures: FailureTable = OUR_TABLE
    troubles: tuple[Trouble, ...] = ()

    def forgiven_until(self, condition: str) -> datetime:
        """Return the instant up to which a person has declared this condition's troubles over."""
        if not self.state.forgiven:
            return _NEVER
        names = (forgiven_as(condition, of_backfills=self.of_backfills), EVERY_CONDITION)
        ends = [at for name, at in self.state.forgiven if name in names]
        return max(ends, default=_NEVER)

    def counted_anew(self, limit_at: datetime, allowed: timedelta) -> datetime:
        """Return until when a run that goes on is allowed what it is allowed.

        A limit that had passed when a person had the job judged again counts anew from then.
        """
        if not self.state.forgiven:
            return limit_at
        resumed_at = next((at for name, at in self.state.forgiven if name == EVERY_CONDITION), _NEVER)
        return limit_at if limit_at > resumed_at else resumed_at + allowed

    def blind_at(self, instant: datetime) -> BlindWindow | None:
        """Return the window in which what was due at this instant could not be known."""
        return hidden_by(self.blind, instant) if self.blind else None

    def outcomes(self, condition: str) -> list[Outcome]:
        """Return the last runs that ended and count for this condition, oldest first."""
        forgiven = self.forgiven_until(condition)
        which = self.of_backfills
        return [o for o in self.state.recent if o.is_run and o.at > forgiven and o.backfill is which]


def forgiven_as(condition: str, *, of_backfills: bool) -> str:
    """Return under which name it stands in the state that a person has declared a condition over."""
    return f"{condition} of backfills" if of_backfills else condition


def apart(facts: Facts) -> tuple[Facts, ...]:
    """Return the facts of a job's own runs and, where there are any, those of its backfills.

    They are judged apart, so that a backfill neither makes a live trouble worse nor hides one. No expected
    run is a backfill's: what was expected stays with the job's own, and so do the clocks of its hosts.
    """
    state = facts.state
    if not has_backfills(state):
        return (facts,)
    open_runs, failures = _split(state.open_runs), _split(state.failures)
    dropped = state.failures_dropped
    own = replace(
        state,
        open_runs=open_runs[0],
        failures=failures[0],
        unmade=tuple([word for word in state.unmade if not word.backfill]),
    )
    theirs = replace(
        state,
        open_runs=open_runs[1],
        failures=failures[1],
        unmade=tuple([word for word in state.unmade if word.backfill]),
        pushed_out=(),
        occurrences=(),
        clocks=(),
    )
    own = replace(own, failures_dropped=dropped if own.failures else 0)
    theirs = replace(theirs, failures_dropped=0 if own.failures else dropped)
    return replace(facts, state=own), replace(facts, state=theirs, of_backfills=True)


def has_backfills(state: JobState) -> bool:
    """Whether any run that makes up for an old one is open or stands as failed."""
    # Spelt out, for it is asked of every check-in, mostly of a single run.
    for run in state.open_runs:
        if run.backfill:
            return True
    return any(run.backfill for run in state.failures) if state.failures else False


def _split(runs: tuple[Run, ...]) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    return tuple([run for run in runs if not run.backfill]), tuple([run for run in runs if run.backfill])
