"""What the past runs of a job have taught, and how a run that has ended adds to it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tocsin.jobs.history import Counts, Point, extended, packed, point_of, unpacked
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.state import Unlearned
from tocsin.quality.baseline import advance, expected_at, fit, spreads
from tocsin.quality.normal import Expected, Normal
from tocsin.quality.series import Kind, Series, series_of
from tocsin.quality.series import Point as Measured

MAX_JUDGED: Final = 20
MAX_STANDING: Final = 50
LEARN_EVERY: Final = timedelta(minutes=30)
# Nearer to the normal than this no run is ever held against a job.
NOTABLE: Final = 2.0


class Judged(Struct, frozen=True, array_like=True, gc=False):
    """A good run, and by how many normal spreads it was off what was expected of it.

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
    the next run has been learned from. It is kept as an array: a new field comes last and has a default.
    """

    normal: Normal | None = None
    judged: tuple[Judged, ...] = ()
    shifted: Shifted | None = None
    learned_at: datetime | None = None


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
    """What is known after runs were learned from, and the history as it is kept from now on."""

    learned: Learned
    history: bytes


def learn(learned: Learned, history: bytes, ended: Iterable[Run], timezone: str, now: datetime) -> Taught:
    """Return what is known once runs that have ended were learned from, one after the other.

    Each is judged by what was known before it. Runs that were placed among earlier ones replace what was kept
    of the time since, and what is normal is then fitted anew.
    """
    runs = sorted(ended, key=lambda run: run.order_at)
    known = unpacked(history)
    kept, new = extended(known, runs)
    pupil = _Pupil(learned, kept, timezone, is_anew=len(kept) < len(known))
    for run, point in zip(runs, (point_of(run) for run in runs), strict=True):
        pupil.take(run, point)
    judged = _remembered(learned.judged, pupil.judged)
    after = Learned(
        normal=pupil.normal, judged=judged, shifted=pupil.shifted if new else learned.shifted, learned_at=now
    )
    return Taught(learned=after, history=packed(pupil.points))


class _Pupil:
    """Takes one run after the other; the points follow what the series says of them."""

    def __init__(self, learned: Learned, kept: Sequence[Point], timezone: str, *, is_anew: bool) -> None:
        self.points = list(kept)
        self.judged: list[Judged] = []
        self.shifted: Shifted | None = None
        self._timezone = timezone
        self._series = _series_of(kept)
        self.normal = learned.normal
        if is_anew or (self.normal is None and len(self._series)):
            self.normal = fit(self._series, kind=Kind.DURATION, timezone=timezone)

    def take(self, run: Run, point: Point) -> None:
        """Judge a run by what is known so far, and learn from it if it can be compared."""
        took = run.execution
        if run.status is RunStatus.SUCCESS and took is not None and not run.backfill:
            self._judge(run, took.total_seconds())
        if Counts.COMPARABLE in point.counts and run.started_at is not None:
            point = self._learn(run, point)
        self.points.append(point)

    def _judge(self, run: Run, seconds: float) -> None:
        assert run.started_at is not None  # noqa: S101 -- who took some time had a start
        expected = None if self.normal is None else expected_at(self.normal, run.started_at, self._timezone)
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

    def _learn(self, run: Run, point: Point) -> Point:
        assert run.started_at is not None  # noqa: S101 -- asked before
        measured = Measured(order_at=run.started_at.timestamp(), value=point.seconds or 0.0)
        before = None if self.normal is None else self.normal.shift
        if self.normal is None:
            self._series = series_of([measured])
            self.normal = fit(self._series, kind=Kind.DURATION, timezone=self._timezone)
        else:
            self._series, self.normal = advance(self._series, self.normal, measured, timezone=self._timezone)
        self.shifted = None
        shift = self.normal.shift
        if shift is not None and (before is None or shift.at != before.at):
            self._start_over(run, shift.old_level, shift.new_level, is_new=not shift.returned)
        is_unusual = bool(self._series.flagged) and self._series.flagged[-1]
        return replace(point, counts=point.counts | Counts.UNUSUAL) if is_unusual else point

    def _start_over(self, run: Run, before: float, after: float, *, is_new: bool) -> None:
        """Take up that what was unusual is the new normal, and that this is news."""
        if is_new:
            self.shifted = Shifted(run.key, run.ended_at or run.last_sign_at, before, after)
        flags = iter(reversed(self._series.flagged[:-1]))
        for number in range(len(self.points) - 1, -1, -1):
            point = self.points[number]
            if Counts.COMPARABLE not in point.counts:
                continue
            flag = next(flags, None)
            if flag is None:
                break
            counts = point.counts | Counts.UNUSUAL if flag else point.counts & ~Counts.UNUSUAL
            if counts != point.counts:
                self.points[number] = replace(point, counts=counts)


def _series_of(points: Iterable[Point]) -> Series:
    return series_of(
        Measured(
            order_at=point.at + (point.delay_seconds or 0.0),
            value=point.seconds,
            flagged=Counts.UNUSUAL in point.counts,
        )
        for point in points
        if point.seconds is not None
        and Counts.COMPARABLE in point.counts
        and Counts.EXCLUDED not in point.counts
    )


def _remembered(before: Iterable[Judged], new: Iterable[Judged]) -> tuple[Judged, ...]:
    """Return the last good runs, and before them the notable ones that stand because none has followed."""
    by_run = {judged.run: judged for judged in (*before, *new)}
    ordered = sorted(by_run.values(), key=lambda judged: judged.order_at)
    newest = {judged.partition: judged.run for judged in ordered}
    older, last = ordered[:-MAX_JUDGED], ordered[-MAX_JUDGED:]
    standing = [one for one in older if one.is_notable and newest[one.partition] == one.run]
    return (*standing[-MAX_STANDING:], *last)
