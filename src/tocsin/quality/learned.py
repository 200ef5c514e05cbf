"""What the past runs of a job have taught, and how a run that has ended adds to it."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from msgspec import Struct

from tocsin.jobs.history import (
    Counts,
    before,
    bounded,
    counts_of,
    one_packed,
    point_in,
    point_of,
    rows_in,
    rows_said,
    set_counts,
    unpacked,
)
from tocsin.jobs.run import Run
from tocsin.jobs.state import Unlearned
from tocsin.quality.baseline import advance, expected_at, fit, fit_from, spreads
from tocsin.quality.metrics import LearnedMetric
from tocsin.quality.normal import Expected, Normal
from tocsin.quality.rereading import COMPARABLE, UNUSUAL, is_learned_from, series_after, series_of
from tocsin.quality.series import Kind, Series, scaled
from tocsin.quality.series import Point as Measured

MAX_JUDGED: Final = 20
MAX_STANDING: Final = 50
MAX_DELAYS: Final = 24
MAX_PRECEDENTS: Final = 8
# After so many runs the level is that of runs since, whatever a person has said of one.
_TAUGHT_FOR: Final = 60
LEARN_EVERY: Final = timedelta(minutes=30)
# Nearer to the normal than this no run is ever held against a job.
NOTABLE: Final = 2.0
_ORDER_AT: Final = attrgetter("order_at")


class Judged(Struct, frozen=True, array_like=True, gc=False):
    """A good run of one attempt, and by how many normal spreads it was off what was expected of it.

    `spreads` is None where nothing was expected. `expected` is kept of those alone that were at least NOTABLE
    off. It is kept as an array: a new field comes last and has a default.
    """

    run: str
    at: datetime
    order_at: datetime
    seconds: float
    partition: str = ""
    spreads: float | None = None
    expected: Expected | None = None

    @property
    def is_notable(self) -> bool:
        """Whether a rule may hold it against the job."""
        return self.spreads is not None and abs(self.spreads) >= NOTABLE


class Shifted(Struct, frozen=True, array_like=True, gc=False):
    """With this run it became certain that the job takes another time than before, in seconds."""

    run: str
    at: datetime
    before_seconds: float
    after_seconds: float


class Learned(Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True, gc=False):
    """What is known of the job's past when it is judged: numbers to compare with.

    `normal` is how long its runs take; `judged` are its last good runs, oldest first, and older ones that
    were notable and that no good run of their partition has followed; `shifted` tells of a new normal, until
    the next run has been learned from; `delays` by how many seconds the last comparable runs began later than
    expected; `metrics` is what is normal of its data, as far as checks compare that with its past;
    `precedents` how many seconds runs took of which a person has said that they were to. It is kept as an
    array: a new field comes last and has a default.
    """

    normal: Normal | None = None
    judged: tuple[Judged, ...] = ()
    shifted: Shifted | None = None
    learned_at: datetime | None = None
    delays: tuple[float, ...] = ()
    metrics: tuple[LearnedMetric, ...] = ()
    precedents: tuple[float, ...] = ()


EXPECTED, NEW_NORMAL = int(Counts.EXPECTED), int(Counts.NEW_NORMAL)
NOTHING_LEARNED: Final = Learned()


def learns_at(learned: Learned, unlearned: Unlearned | None) -> datetime | None:
    """Return when a job is to be learned from, or None while no run is worth it.

    A job that runs every minute is learned from in portions, once in LEARN_EVERY.
    """
    if unlearned is None or unlearned.due_at is None:
        return None
    return (
        unlearned.due_at
        if learned.learned_at is None
        else max(unlearned.due_at, learned.learned_at + LEARN_EVERY)
    )


class Taught(Struct, frozen=True, kw_only=True, gc=False):
    """What is known after runs were learned from, and the history as it is kept from now on.

    `series` is what that history tells, for who learns from it next; None where it has to be read.
    """

    learned: Learned
    history: bytes
    series: Series | None = None


def learn(
    learned: Learned,
    history: bytes,
    ended: Iterable[Run],
    timezone: str,
    now: datetime,
    *,
    series: Series | None = None,
) -> Taught:
    """Return what is known once runs that have ended were learned from, one after the other.

    Each is judged by what was known before it. Runs that were placed among earlier ones replace what was kept
    of the time since, and what is normal is then fitted anew; so it is where the history is lost. `series` is
    what the history tells, for who knows it from the lesson before.
    """
    runs = sorted(ended, key=_ORDER_AT)
    kept = before(history, runs[0]) if runs else history
    known = series if series is not None and len(kept) == len(history) else series_of(kept)
    pupil = _Pupil(learned, kept, known, timezone, is_anew=len(kept) < len(history) or not history)
    for run in runs:
        pupil.take(run)
    after = Learned(
        normal=pupil.normal,
        judged=_remembered(learned.judged, pupil.judged) if pupil.judged else learned.judged,
        shifted=pupil.shifted if runs else learned.shifted,
        learned_at=now,
        delays=tuple(pupil.delays[-MAX_DELAYS:]),
        metrics=learned.metrics,
        precedents=_precedents(pupil.history),
    )
    return Taught(
        learned=after,
        history=bounded(pupil.history),
        series=series_after(known, kept, pupil.history),
    )


def _delays(kept: bytes) -> list[float]:
    """Return by how much the last comparable runs of a history began later than expected, oldest first."""
    late = (point.delay_seconds for point in unpacked(kept) if point.counts & COMPARABLE)
    return [float(round(seconds)) for seconds in late if seconds is not None][-MAX_DELAYS:]


def has_precedent(learned: Learned, expected: Expected, seconds: float) -> bool:
    """Whether a run took about as long as one of which a person has said that it was to."""
    for precedent in learned.precedents:
        beyond, taken = (scaled(expected.kind, one, expected.offset) for one in (precedent, seconds))
        if abs(taken - beyond) <= NOTABLE * (expected.high if taken > expected.mu else expected.low):
            return True
    return False


def _precedents(history: bytes | bytearray) -> tuple[float, ...]:
    expected = [point_in(history, row).seconds for row, counts in rows_said(history) if counts & EXPECTED]
    return tuple(seconds for seconds in expected if seconds is not None)[-MAX_PRECEDENTS:]


class _Pupil:
    """Takes one run after the other; the history follows what the series says of them."""

    def __init__(
        self, learned: Learned, kept: bytes, series: Series, timezone: str, *, is_anew: bool
    ) -> None:
        self.history = bytearray(kept)
        self.judged: list[Judged] = []
        self.shifted: Shifted | None = None
        self._timezone = timezone
        self._series = series
        self.normal = learned.normal
        self.delays = _delays(kept) if is_anew else list(learned.delays)
        if is_anew or (self.normal is None and len(self._series)):
            self._fit_anew(kept)

    def _fit_anew(self, kept: bytes) -> None:
        """Fit what is normal after all that is kept, from the last run on that a person has called so."""
        self.normal = fit(self._series, kind=Kind.DURATION, timezone=self._timezone)
        called = [row for row, counts in rows_said(kept) if counts & NEW_NORMAL]
        if not called:
            return
        since = bisect_left(self._series.order_at, point_in(kept, called[-1]).started_at.timestamp() - 0.5)
        if 0 < len(self._series) - since <= _TAUGHT_FOR:
            later, self._series = self._series, self._series.first(since + 1)
            self.normal = fit_from(self._series, since, kind=Kind.DURATION, timezone=self._timezone)
            for at, value, flagged in later.points_from(since + 1):
                measured = Measured(order_at=at, value=value, flagged=flagged)
                self._series, self.normal = advance(
                    self._series, self.normal, measured, timezone=self._timezone
                )

    def take(self, run: Run) -> None:
        """Judge a run by what is known so far, and learn from it if it can be compared."""
        took, point = run.execution, point_of(run)
        is_plain = not run.backfill and not run.is_retried
        if run.status.is_good and took is not None and is_plain:
            self._judge(run, took.total_seconds())
        self.history += one_packed(point)
        if is_learned_from(point.counts) and run.started_at is not None:
            if point.delay_seconds is not None:
                self.delays.append(float(round(point.delay_seconds)))
            self._learn(run, point.seconds or 0.0, run.started_at, point.counts)

    def _judge(self, run: Run, seconds: float) -> None:
        assert run.started_at is not None  # noqa: S101 -- who took some time had a start
        normal = None if run.remark is not None else self.normal
        expected = None if normal is None else expected_at(normal, run.started_at, self._timezone)
        off = None if expected is None else round(spreads(expected, seconds), 2)
        is_notable = off is not None and abs(off) >= NOTABLE
        self.judged.append(
            Judged(
                run=run.key,
                at=run.ended_at or run.last_sign_at,
                order_at=run.order_at,
                seconds=seconds,
                partition=run.partition,
                spreads=off,
                expected=expected if is_notable else None,
            )
        )

    def _learn(self, run: Run, seconds: float, started_at: datetime, counts: int) -> None:
        measured = Measured(order_at=started_at.timestamp(), value=seconds)
        self.shifted = None
        if self.normal is None:
            self._series = Series().with_point(measured, flagged=False)
            self.normal = fit(self._series, kind=Kind.DURATION, timezone=self._timezone)
            return
        shifted_before = self.normal.shift
        self._series, self.normal = advance(self._series, self.normal, measured, timezone=self._timezone)
        if counts & NEW_NORMAL:
            self._begin_at_newest()
            return
        shift = self.normal.shift
        if shift is not None and (shifted_before is None or shift.at != shifted_before.at):
            if not shift.returned:
                ended_at = run.ended_at or run.last_sign_at
                self.shifted = Shifted(run.key, ended_at, shift.old_level, shift.new_level)
            self._mark_anew()
        elif self._series.flagged[-1] and counts & EXPECTED:
            self._series = self._series.learning_again_from(len(self._series) - 1)
        elif self._series.flagged[-1]:
            row = rows_in(self.history) - 1
            set_counts(self.history, row, counts_of(self.history, row) | UNUSUAL)

    def _begin_at_newest(self) -> None:
        """Let the newest run be the first of a new level, as a person has said."""
        newest = len(self._series) - 1
        self._series = self._series.learning_again_from(newest)
        self.normal = fit_from(self._series, newest, kind=Kind.DURATION, timezone=self._timezone)

    def _mark_anew(self) -> None:
        """Take up that what was unusual is the new normal."""
        row = rows_in(self.history)
        for is_unusual in reversed(self._series.flagged):
            row -= 1
            while row >= 0 and not is_learned_from(counts_of(self.history, row)):
                row -= 1
            if row < 0:
                return
            counts = counts_of(self.history, row)
            set_counts(self.history, row, counts | UNUSUAL if is_unusual else counts & ~UNUSUAL)


def _remembered(before: Iterable[Judged], new: Iterable[Judged]) -> tuple[Judged, ...]:
    """Return the last good runs, and before them the notable ones that stand because none has followed."""
    by_run = {judged.run: judged for judged in (*before, *new)}
    ordered = sorted(by_run.values(), key=_ORDER_AT)
    older, last = [one for one in ordered[:-MAX_JUDGED] if one.is_notable], ordered[-MAX_JUDGED:]
    if not older:
        return tuple(last)
    newest = {judged.partition: judged.run for judged in ordered}
    standing = [one for one in older if newest[one.partition] == one.run]
    return (*standing[-MAX_STANDING:], *last)
