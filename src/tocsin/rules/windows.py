"""What ended within the last hours or days of a job, and when that changes by time alone.

Time changes one thing in a window: what is oldest leaves it. So an opinion on it is asked for anew at the
first such instant at which it becomes another one, and not before.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from operator import itemgetter

from msgspec import Struct

from tocsin.jobs.state import Outcome
from tocsin.jobs.tally import Tally, read_tallies
from tocsin.rules.facts import Facts

FEWEST_RUNS = 5
"""So many runs a window must hold before the share of bad ones says anything, where the rule says nothing."""


class Counts(Struct, frozen=True, gc=False):
    """How many runs ended, how many of them badly, and their records; `from_at` is when the first did."""

    from_at: datetime
    runs: int = 0
    bad: int = 0
    ok: int = 0
    failed: int = 0

    @property
    def records(self) -> int:
        """All records, good or bad."""
        return self.ok + self.failed


_Leaving = tuple[datetime, Counts]


class Window(Struct, frozen=True, kw_only=True, gc=False):
    """What is in a window now, and what is left of it after each instant at which something leaves."""

    counts: Counts
    later: tuple[_Leaving, ...] = ()

    def changes_at(self, opinion: Callable[[Counts], object]) -> datetime | None:
        """Return when the opinion on it becomes another one if nothing more is heard; None: never."""
        now = opinion(self.counts)
        return next((at for at, counts in self.later if opinion(counts) != now), None)


def window_of(facts: Facts, condition: str, window_for: timedelta, now: datetime) -> Window:
    """Return what ended in the last `window_for`, and has not been declared over since.

    Of the last outcomes it is exact. Of older ones whole stretches are known (`tocsin.jobs.tally`), and one
    counts while its middle lies in the window. What would leave in a blind window leaves when its wait is
    over: what ended meanwhile may not have been heard of yet.
    """
    forgiven = facts.forgiven_until(condition)
    parts = [
        (_leaves_at(facts, one.middle_at + window_for), _of_tally(one))
        for one in ([] if facts.of_backfills else read_tallies(facts.state.tallies))
        if one.from_at > forgiven
    ]
    parts += [
        (_leaves_at(facts, outcome.at + window_for), _of_outcome(outcome))
        for outcome in facts.outcomes(condition)
    ]
    parts = sorted((part for part in parts if part[0] > now), key=itemgetter(0))
    rest, later = Counts(now), list[_Leaving]()
    for place in range(len(parts) - 1, -1, -1):
        at, counts = parts[place]
        if place + 1 == len(parts) or parts[place + 1][0] > at:
            later.append((at, rest))
        rest = _with(rest, counts)
    later.reverse()
    return Window(counts=rest, later=tuple(later))


def _leaves_at(facts: Facts, at: datetime) -> datetime:
    window = facts.blind_at(at) if facts.blind else None
    return at if window is None else window.hold_until


def _of_tally(one: Tally) -> Counts:
    return Counts(one.from_at, one.runs, one.bad, one.ok, one.failed)


def _of_outcome(outcome: Outcome) -> Counts:
    is_bad = outcome.status is not None and outcome.status.is_bad
    return Counts(outcome.at, 1, int(is_bad), outcome.records or 0, outcome.records_failed or 0)


def _with(rest: Counts, older: Counts) -> Counts:
    return Counts(
        min(rest.from_at, older.from_at),
        rest.runs + older.runs,
        rest.bad + older.bad,
        rest.ok + older.ok,
        rest.failed + older.failed,
    )
