"""What is normal for the metrics of a job's data, learned from its good runs, and how far off a run is.

Each metric has a series of its own, kept as little-endian `IfB`: the second since 1970 by which the run is
placed among the others, the value, and whether it is left out of what is learned.
"""

import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tocsin.jobs.checks import Check, Compared, Metric, learned_keys
from tocsin.jobs.measuring import Compare
from tocsin.jobs.run import Run, RunStatus
from tocsin.quality.baseline import advance, expected_at, fit, spreads, value_at
from tocsin.quality.following import middle
from tocsin.quality.normal import Expected, Normal
from tocsin.quality.series import Kind, Point, Series, series_of

NEEDED_VALUES: Final = 10
WITHIN: Final = timedelta(days=30)
# A job that runs seldom is learned from too, as long as it keeps its pace.
WITHIN_GAPS: Final = 15
MAX_POINTS: Final = 540
MAX_BYTES: Final = 16 * 1024
"""So much is kept of all metrics of a job together; each has an equal share."""
# Nearer to the normal than this no value is ever held against a check.
NOTABLE: Final = 2.0
# Between these lie nineteen of twenty ordinary values.
ORDINARY: Final = 2.0
_POINT: Final = struct.Struct("<IfB")
_LARGEST: Final = 3.4e38
_LATEST: Final = 2**32 - 1
_KINDS: Final = {
    Metric.ROW_COUNT: Kind.COUNT,
    Metric.SCHEMA_DRIFT: Kind.COUNT,
    Metric.FRESHNESS: Kind.COUNT,
    Metric.DISTINCT_COUNT: Kind.COUNT,
    Metric.STRING_LENGTH: Kind.COUNT,
}


class LearnedMetric(Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True, gc=False):
    """What is known of one metric: what is `normal` for it, from so many `values` of its last runs.

    It is to be relied on up to `until_at`; None: too little is known yet. It is kept as an array: a new field
    comes last and has a default.
    """

    key: str
    normal: Normal | None = None
    values: int = 0
    until_at: datetime | None = None

    def normal_at(self, order_at: datetime) -> Normal | None:
        """Return what is normal for a run that is placed at an instant, or None while it is being learned."""
        is_known = self.until_at is not None and order_at <= self.until_at
        return self.normal if is_known else None


def comparing(metrics: tuple[LearnedMetric, ...], timezone: str) -> Compare | None:
    """Return what tells how far off the metrics of a run are from what is normal by now; None without any."""
    return partial(_all_compared, metrics, timezone) if metrics else None


def _all_compared(metrics: tuple[LearnedMetric, ...], timezone: str, run: Run) -> tuple[Compared, ...]:
    sent = dict(run.detail.metrics) if run.detail is not None else {}
    return tuple(_compared(one, sent[one.key], run.order_at, timezone) for one in metrics if one.key in sent)


def _compared(metric: LearnedMetric, value: float, order_at: datetime, timezone: str) -> Compared:
    normal = metric.normal_at(order_at)
    expected = None if normal is None else expected_at(normal, order_at, timezone)
    if expected is None:
        return Compared(metric.key, None, metric.values)
    off = round(spreads(expected, value), 2)
    return _told(metric.key, off, expected) if abs(off) >= NOTABLE else Compared(metric.key, off)


def _told(key: str, off: float, expected: Expected) -> Compared:
    ordinary, low, high = (_short(value_at(expected, side)) for side in (0.0, -ORDINARY, ORDINARY))
    return Compared(key, off, max(1, expected.runs), ordinary, low, high, expected.method)


def ordinary_of(metric: LearnedMetric, at: datetime, timezone: str) -> Compared | None:
    """Return what is normal for a run that is placed at an instant, or None while that is being learned."""
    normal = metric.normal_at(at)
    expected = None if normal is None else expected_at(normal, at, timezone)
    return None if expected is None else _told(metric.key, 0.0, expected)


class TaughtMetrics(Struct, frozen=True, kw_only=True, gc=False):
    """What is known of all metrics after runs were learned from, and their series as they are kept."""

    metrics: tuple[LearnedMetric, ...]
    histories: dict[str, bytes]


def is_untaught(
    known: tuple[LearnedMetric, ...], checks: tuple[Check, ...], histories: Mapping[str, bytes]
) -> bool:
    """Whether there is a metric of which nothing was learned yet, or of which the series is lost."""
    wanted = learned_keys(checks)
    return bool(wanted) and not _taught(known, histories).issuperset(wanted)


def _taught(known: tuple[LearnedMetric, ...], histories: Mapping[str, bytes]) -> frozenset[str]:
    return frozenset(one.key for one in known if one.normal is None or one.key in histories)


def learn_metrics(
    known: tuple[LearnedMetric, ...],
    histories: Mapping[str, bytes],
    ended: Iterable[Run],
    checks: tuple[Check, ...],
    timezone: str,
    *,
    new_from: datetime,
) -> TaughtMetrics:
    """Return what is normal for the metrics of a job once runs that have ended were learned from.

    Those placed before `new_from` are read for metrics of which nothing is known yet.

    `histories` are its series by the names of the metrics. Good runs teach, backfills and those that a person
    has excluded not; a value outside the limits of a check, or far from the normal, is kept and left out of
    what is learned. Runs that were placed among earlier ones replace what was kept of the time since.
    """
    wanted, runs = learned_keys(checks), sorted(ended, key=lambda run: run.order_at)
    new = [run for run in runs if run.order_at >= new_from]
    before, taught = {one.key: one for one in known}, _taught(known, histories)
    most = min(MAX_POINTS, MAX_BYTES // _POINT.size // max(1, len(wanted)))
    metrics, kept = [], {}
    for key, metric in wanted.items():
        told = new if key in taught else runs
        history = histories.get(key, b"")
        series = _unpacked(history, told, most)
        is_whole = len(series) * _POINT.size == len(history) > 0
        normal = before[key].normal if is_whole and key in before else None
        pupil = _Pupil(series, normal, _kind_of(metric), most=most, timezone=timezone)
        limits = tuple(check for check in checks if check.key == key)
        for run in told:
            pupil.take(run, key, limits)
        metrics.append(pupil.learned(key))
        kept[key] = pupil.packed()
    return TaughtMetrics(metrics=tuple(metrics), histories=kept)


class _Pupil:
    """Takes one value of one metric after the other."""

    def __init__(
        self, series: Series, normal: Normal | None, kind: Kind, *, most: int, timezone: str
    ) -> None:
        self._series, self._normal, self._kind = series, normal, kind
        self._most, self._timezone = most, timezone
        if normal is None and len(series):
            self._normal = fit(series, kind=kind, timezone=timezone)

    def take(self, run: Run, key: str, limits: tuple[Check, ...]) -> None:
        """Learn from a run, if it is a good one that was due and tells the metric."""
        if run.status is not RunStatus.SUCCESS or run.backfill or run.detail is None or run.is_excluded:
            return
        value = next((value for name, value in run.detail.metrics if name == key), None)
        if value is None:
            return
        is_bad = not all(check.holds(value) for check in limits)
        # As it will be read, so that the same is learned whether runs come together or one by one.
        point = Point(order_at=float(_place_of(run)), value=_rounded(value), flagged=is_bad)
        if self._normal is None:
            self._series = series_of([point])
            self._normal = fit(self._series, kind=self._kind, timezone=self._timezone)
        else:
            self._series, self._normal = advance(self._series, self._normal, point, timezone=self._timezone)
        self._series = _newest(self._series, self._most)

    def learned(self, key: str) -> LearnedMetric:
        """Return what is known by now."""
        series = self._series
        good = [at for at, flagged in zip(series.order_at, series.flagged, strict=True) if not flagged]
        last = good[-NEEDED_VALUES:]
        until_at = None
        if len(last) == NEEDED_VALUES and self._normal is not None and self._normal.learning is None:
            gap = middle([later - earlier for earlier, later in pairwise(last)])
            until = last[0] + max(WITHIN.total_seconds(), WITHIN_GAPS * gap)
            until_at = datetime.fromtimestamp(min(until, _LATEST), UTC)
        # The shape of what is left over is for forecasts, which nobody makes of data.
        normal = self._normal and replace(self._normal, shape=())
        return LearnedMetric(key=key, normal=normal, values=len(good), until_at=until_at)

    def packed(self) -> bytes:
        """Return the series as it is kept."""
        points = zip(self._series.order_at, self._series.value, self._series.flagged, strict=True)
        return b"".join(_POINT.pack(int(at), value, flagged) for at, value, flagged in points)


def _unpacked(history: bytes, told: list[Run], most: int) -> Series:
    """Return the newest points from before what is told; of a damaged series those before the damage."""
    before = _place_of(told[0]) if told else _LATEST + 1
    whole = history[: len(history) - len(history) % _POINT.size]
    points = [point for point in _POINT.iter_unpack(whole) if point[0] < before]
    return _newest(
        Series(
            order_at=tuple(float(at) for at, _, _ in points),
            value=tuple(value for _, value, _ in points),
            flagged=tuple(bool(flagged) for _, _, flagged in points),
        ),
        most,
    )


def _newest(series: Series, most: int) -> Series:
    if len(series) <= most:
        return series
    return Series(
        order_at=series.order_at[-most:], value=series.value[-most:], flagged=series.flagged[-most:]
    )


def _kind_of(metric: Metric) -> Kind:
    return Kind.RATE if metric.is_share else _KINDS.get(metric, Kind.RAW)


def _place_of(run: Run) -> int:
    return max(0, min(int(run.order_at.timestamp()), _LATEST))


def _rounded(value: float) -> float:
    rounded: float = struct.unpack("<f", struct.pack("<f", max(-_LARGEST, min(value, _LARGEST))))[0]
    return rounded


def _short(number: float) -> float:
    return float(f"{number:.6g}")
