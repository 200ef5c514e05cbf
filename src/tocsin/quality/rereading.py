"""The series that a history tells: read as a whole, or gone on with from what was read of it before."""

from typing import Final

from tocsin.jobs.history import (
    COLUMNS,
    MAX_POINTS,
    Counts,
    counts_of,
    point_in,
    rows_in,
)
from tocsin.quality.series import Point, Series

COMPARABLE, UNUSUAL, EXCLUDED = (int(one) for one in (Counts.COMPARABLE, Counts.UNUSUAL, Counts.EXCLUDED))
_READ: Final = COMPARABLE | EXCLUDED
FEW: Final = 8
"""For so many more runs it is cheaper to go on than to read all of them again."""


def is_learned_from(counts: int) -> bool:
    """Whether a run that counts so tells what is normal."""
    return counts & _READ == COMPARABLE


def series_of(history: bytes) -> Series:
    """Return the runs of a history that tell what is normal, in the order in which they started."""
    if not history:
        return Series()
    import numpy as np  # noqa: PLC0415 -- loaded with the first lesson, which the start of a server need not wait for

    points = np.frombuffer(history, dtype=list(COLUMNS))
    points = points[(points["counts"] & _READ) == COMPARABLE]
    late = points["delay"].astype(np.float64)
    late[np.isnan(late)] = 0.0
    started = points["at"].astype(np.float64) + late
    order = np.argsort(started, kind="stable")
    return Series(
        order_at=tuple(started[order].tolist()),
        value=tuple(points["seconds"][order].astype(np.float64).tolist()),
        flagged=tuple(((points["counts"][order] & UNUSUAL) != 0).tolist()),
    )


def series_after(series: Series, kept: bytes, history: bytearray) -> Series | None:
    """Return what `series_of` will of the newest MAX_POINTS of a history that goes on after `kept`.

    `series` is that of `kept`. None where it has to be read: more than FEW runs have come, what was kept has
    changed, or runs did not start in the order in which they are placed.
    """
    rows, held = rows_in(history), rows_in(kept)
    if rows - held > FEW or history[: len(kept)] != kept:
        return None
    for row in range(held, rows):
        counts, point = counts_of(history, row), point_in(history, row)
        if not is_learned_from(counts):
            continue
        started = point.at + (point.delay_seconds or 0.0)
        if point.seconds is None or (series.order_at and started < series.order_at[-1]):
            return None
        measured = Point(order_at=started, value=point.seconds)
        series = series.with_point(measured, flagged=bool(counts & UNUSUAL))
    for row in range(rows - MAX_POINTS):
        if is_learned_from(counts_of(history, row)):
            point = point_in(history, row)
            if series.order_at[0] != point.at + (point.delay_seconds or 0.0):
                return None
            series = series.without_first()
    return series
