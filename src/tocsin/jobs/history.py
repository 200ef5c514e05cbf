"""What is kept of a job's past runs to tell what is normal: so many points, of which each takes 15 bytes.

A point is written as little-endian `IfHeeB`: the second since 1970 by which the run is placed among the
others, how long it took, how many records it brought through, how late it began, which share of its records
failed, and what it counts for. The records are kept by their logarithm, to a two-thousandth; lateness and
share as half-precision numbers.
"""

import math
import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import IntFlag
from typing import Final

from msgspec import Struct

from tocsin.jobs.run import Meaning, Run

MAX_POINTS: Final = 540
MAX_BYTES: Final = 8 * 1024
_POINT: Final = struct.Struct("<IfHeeB")
_AT: Final = struct.Struct("<I")
COLUMNS: Final = (
    ("at", "<u4"),
    ("seconds", "<f4"),
    ("records", "<u2"),
    ("delay", "<f2"),
    ("failed", "<f2"),
    ("counts", "u1"),
)
"""The columns of a history, for who reads all points at once: names and types as numpy writes them."""
_MOST_HALF: Final = 65_504.0
_MOST_RECORDS: Final = 1e15
_STEPS: Final = 65_533
_LATEST: Final = 2**32 - 1
_UNSAID: Final = bytes(range(32))
"""What runs count for of which nobody has said EXPECTED or NEW_NORMAL."""


class Counts(IntFlag):
    """What a run counts for.

    GOOD and BAD: how it ended; neither is a run that was left out. COMPARABLE: it tells how long such a run
    takes, being a good one that was due, at its first attempt. UNUSUAL: it was far off, so that nothing is
    learned from it. A person has said: EXCLUDED, that it tells nothing; EXPECTED, that it was to be so;
    NEW_NORMAL, that from it on all are to be so.
    """

    NOTHING = 0
    GOOD = 1
    BAD = 2
    COMPARABLE = 4
    UNUSUAL = 8
    EXCLUDED = 16
    EXPECTED = 32
    NEW_NORMAL = 64


_COMPARABLE: Final = Counts.GOOD | Counts.COMPARABLE
_SAID: Final = {
    Meaning.EXCLUDED: Counts.EXCLUDED,
    Meaning.EXPECTED: Counts.EXPECTED,
    Meaning.NEW_NORMAL: Counts.NEW_NORMAL,
}


class Point(Struct, frozen=True, gc=False):
    """One run that has ended.

    `at` is in seconds since 1970, of the expected instant where there was one and of the start otherwise;
    `seconds` is how long it took and `delay_seconds` how much later than expected it began. None: not known.
    """

    at: int
    seconds: float | None = None
    records: int | None = None
    delay_seconds: float | None = None
    failed_share: float | None = None
    counts: Counts = Counts.NOTHING

    @property
    def started_at(self) -> datetime:
        """When it began."""
        return datetime.fromtimestamp(self.at + (self.delay_seconds or 0.0), UTC)


def point_of(run: Run) -> Point:
    """Return what is kept of a run that has ended."""
    took, delay = run.execution, None
    if run.started_at is not None and run.occurrence_at is not None:
        delay = (run.started_at - run.occurrence_at).total_seconds()
    return Point(
        at=_place_of(run),
        seconds=None if took is None else took.total_seconds(),
        records=run.records_ok,
        delay_seconds=delay,
        failed_share=_share(run.records_ok, run.records_failed),
        counts=_counts(run),
    )


def _place_of(run: Run) -> int:
    return max(0, min(int(run.order_at.timestamp()), _LATEST))


def _share(ok: int | None, failed: int | None) -> float | None:
    if failed is None:
        return None
    total = failed + (ok or 0)
    return failed / total if total else 0.0


def _counts(run: Run) -> Counts:
    if run.status.is_bad:
        return Counts.BAD
    if not run.status.is_good:
        return Counts.NOTHING
    is_comparable = not run.backfill and run.execution is not None and not run.is_retried
    counts = _COMPARABLE if is_comparable else Counts.GOOD
    return counts if run.remark is None else counts | _SAID[run.remark.meaning]


def packed(points: Iterable[Point]) -> bytes:
    """Return the newest MAX_POINTS of points, oldest first, as they are kept."""
    newest = sorted(points, key=lambda point: point.at)[-MAX_POINTS:]
    return b"".join(one_packed(point) for point in newest)


def one_packed(point: Point) -> bytes:
    """Return one point as it is kept."""
    return _POINT.pack(
        point.at,
        _or_nan(point.seconds),
        _rank(point.records),
        _half(point.delay_seconds),
        _half(point.failed_share),
        point.counts,
    )


def unpacked(kept: bytes) -> tuple[Point, ...]:
    """Return the points of a history, oldest first; of one that is damaged, those before the damage."""
    whole = kept[: len(kept) - len(kept) % _POINT.size]
    return tuple(
        Point(at, _number(seconds), _records(rank), _number(delay), _number(share), Counts(counts))
        for at, seconds, rank, delay, share, counts in _POINT.iter_unpack(whole)
    )


def before(history: bytes, run: Run) -> bytes:
    """Return the part of a history that lies before a run: what came since is to be told anew."""
    at, size = _place_of(run), _POINT.size
    rows = len(history) // size
    while rows and _AT.unpack_from(history, (rows - 1) * size)[0] >= at:
        rows -= 1
    return history[: rows * size]


def counts_of(history: bytes | bytearray, row: int) -> int:
    """Return what the point of a row counts for; the first row is 0."""
    return history[(row + 1) * _POINT.size - 1]


def set_counts(history: bytearray, row: int, counts: int) -> None:
    """Let the point of a row count for something else."""
    history[(row + 1) * _POINT.size - 1] = counts


def rows_said(history: bytes | bytearray) -> list[tuple[int, int]]:
    """Return the rows of which a person has said EXPECTED or NEW_NORMAL, with what each counts for."""
    columns = history[_POINT.size - 1 :: _POINT.size]
    if not columns.translate(None, _UNSAID):
        return []
    return [(row, counts) for row, counts in enumerate(columns) if counts >= Counts.EXPECTED]


def point_in(history: bytes | bytearray, row: int) -> Point:
    """Return the point of a row; the first row is 0."""
    return unpacked(bytes(history[row * _POINT.size : (row + 1) * _POINT.size]))[0]


def rows_in(history: bytes | bytearray) -> int:
    """Return how many points there are."""
    return len(history) // _POINT.size


def bounded(history: bytes | bytearray) -> bytes:
    """Return the newest MAX_POINTS of a history."""
    return bytes(history[-MAX_POINTS * _POINT.size :])


def _or_nan(number: float | None) -> float:
    return math.nan if number is None else number


def _half(number: float | None) -> float:
    return math.nan if number is None else max(-_MOST_HALF, min(number, _MOST_HALF))


def _number(kept: float) -> float | None:
    return kept if math.isfinite(kept) else None


def _rank(records: int | None) -> int:
    if records is None or records < 0:
        return 0
    if records == 0:
        return 1
    return 2 + round(math.log(min(records, _MOST_RECORDS)) / math.log(_MOST_RECORDS) * _STEPS)


def _records(rank: int) -> int | None:
    if rank <= 1:
        return None if rank == 0 else 0
    return round(math.exp((rank - 2) / _STEPS * math.log(_MOST_RECORDS)))
