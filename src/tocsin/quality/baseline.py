"""The robust seasonal baseline: what is normal for a job, learnt from its own runs.

Values are compared as ratios (logarithms). Season and special days are believed only when runs left out are
foretold better with them; the level is the median of the last runs, one spread the median error (MAD) of
foretelling one run ahead, with a floor, wider while runs are few and where tails are heavy; a shift of the
level is found by a robust CUSUM. Sources: R. J. Hyndman, "Forecasting: Principles and Practice"; P. J.
Rousseeuw and C. Croux, "Alternatives to the Median Absolute Deviation" (1993); E. S. Page, "Continuous
Inspection Schemes" (1954). Nothing here needs numpy until something is fitted.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from tocsin.quality.expecting import expectation, expected_at, spreads, value_at
from tocsin.quality.following import (
    CALM,
    SHIFTS_FROM,
    Sums,
    alarmed,
    flags_after,
    is_shift,
    limit_of,
    middle,
    model_is_wrong,
    returns,
    summed,
)
from tocsin.quality.normal import (
    NEEDED_RUNS,
    SHAPE_AT,
    WARNING_SPREADS,
    Expected,
    Learning,
    LevelShift,
    Normal,
    Track,
)
from tocsin.quality.packing import packed, unpacked
from tocsin.quality.season import Season
from tocsin.quality.series import Kind, Point, Series, scaled, series_of, unscaled

__all__ = [
    "NEEDED_RUNS",
    "SHAPE_AT",
    "WARNING_SPREADS",
    "Expected",
    "Kind",
    "Learning",
    "LevelShift",
    "Normal",
    "Point",
    "Season",
    "Series",
    "advance",
    "expected_at",
    "fit",
    "fit_from",
    "series_of",
    "spreads",
    "unscaled",
    "value_at",
]

# The full fit comes again when there is so much more to learn from, and within so many runs.
REFIT_SHARE = 8
LEAST_REFIT = 2
MOST_REFIT = 40
WEEK_SECONDS = 7 * 86_400
# So many runs tell what was ordinary before a person said that it is no more.
RECENT = 24


def fit(series: Series, *, kind: Kind, timezone: str, now_at: datetime | None = None) -> Normal:
    """Return what is normal for a job after these runs, from nothing but them.

    `timezone` is that of the job, whose weekdays and hours count. Flagged runs are not learnt from, unless
    more than a quarter of the last 60 are: then it is the model that is wrong.
    """
    at = now_at.timestamp() if now_at is not None else (series.order_at[-1] if len(series) else 0.0)
    if len(series) < NEEDED_RUNS:
        return Normal(kind=kind, n=len(series), fitted_at=at)
    from tocsin.quality.fitting import fitted  # noqa: PLC0415 - numpy is loaded when first needed

    return fitted(series, kind, timezone, at)


def fit_from(series: Series, since: int, *, kind: Kind, timezone: str) -> Normal:
    """Return what is normal where a person has said that it is so from the run with this index on."""
    if since == 0 or len(series) < NEEDED_RUNS:
        return fit(series, kind=kind, timezone=timezone)
    from tocsin.quality.fitting import fitted  # noqa: PLC0415 - numpy is loaded when first needed

    last_at = series.order_at[-1]
    shift = LevelShift(
        at=last_at,
        first_at=series.order_at[since],
        old_level=middle(series.value[max(0, since - RECENT) : since]),
        new_level=series.value[since],
        age=len(series) - since,
    )
    return fitted(series, kind, timezone, last_at, Track(shift=shift))


def advance(series: Series, normal: Normal, point: Point, *, timezone: str) -> tuple[Series, Normal]:
    """Return series and normal after one more run, most often without a full fit.

    A run that is unusual is flagged; once a level shift has become certain, the runs that showed it are the
    new normal.
    """
    if normal.learning is not None:
        longer = series.with_point(point, flagged=point.flagged)
        return longer, fit(longer, kind=normal.kind, timezone=timezone)
    expected, known = expectation(normal, datetime.fromtimestamp(point.order_at, UTC), timezone)
    error = scaled(normal.kind, point.value, normal.offset) - expected.mu
    flagged = point.flagged or abs(error) >= WARNING_SPREADS * (expected.high if error > 0 else expected.low)
    longer = series.with_point(point, flagged=flagged)
    is_level = known and normal.n >= SHIFTS_FROM
    limit = limit_of(sub_daily=normal.sub_daily)
    sums = summed(normal.track.sums, error / normal.scale, limit) if is_level else normal.track.sums
    longer, track = _followed(longer, normal, error, sums, timezone)
    moved = _moved(normal, longer, track, flagged=flagged)
    if not _is_due(longer, moved):
        return longer, moved
    from tocsin.quality.fitting import fitted  # noqa: PLC0415 - numpy is loaded when first needed

    return longer, fitted(longer, normal.kind, timezone, point.order_at, track)


def _is_due(longer: Series, moved: Normal) -> bool:
    """Whether there is so much more to learn from, or one of the first weeks over: a rhythm may show."""
    if moved.since_fit >= min(MOST_REFIT, max(LEAST_REFIT, len(longer) // REFIT_SHARE)):
        return True
    if moved.settled:
        return False
    first, before, last = longer.order_at[0], longer.order_at[-2], longer.order_at[-1]
    gap = last - before
    return (last + gap - first) // WEEK_SECONDS > (moved.fitted_at + gap - first) // WEEK_SECONDS


def _followed(
    longer: Series, normal: Normal, error: float, sums: Sums, timezone: str
) -> tuple[Series, Track]:
    """Return series and track after the newest run, `error` off: along the level, or over to a new one."""
    track, flagged = normal.track, longer.flagged[-1]
    shift = track.shift and replace(track.shift, age=track.shift.age + 1)
    flags = flags_after(track.flags, flagged=flagged)
    over = alarmed(sums, limit_of(sub_daily=normal.sub_daily))
    if over:
        errors = _last_errors(longer, normal, over, timezone)
        if is_shift(errors, normal.kind, normal.scale):
            return longer.learning_again_from(len(longer) - over), _shifted(longer, normal, errors, flags)
    recent = track.recent
    if not flagged or model_is_wrong(flags):
        newest = packed(((normal.level + error - track.anchor) / normal.unit,))
        recent = (recent + newest)[-2 * normal.width :]
    return longer, replace(track, recent=recent, sums=sums, flags=flags, shift=shift)


def _last_errors(longer: Series, normal: Normal, over: int, timezone: str) -> list[float]:
    errors = []
    for at, value in zip(longer.order_at[-over:], longer.value[-over:], strict=True):
        expected, _ = expectation(normal, datetime.fromtimestamp(at, UTC), timezone)
        errors.append(scaled(normal.kind, value, normal.offset) - expected.mu)
    return errors


def _shifted(longer: Series, normal: Normal, errors: list[float], flags: int) -> Track:
    """Return the track that begins anew with the runs that showed the shift."""
    new = normal.level + middle(errors)
    last = normal.track.shift
    before = scaled(normal.kind, last.old_level, normal.offset) if last else 0.0
    return Track(
        anchor=new,
        recent=packed((normal.level + error - new) / normal.unit for error in errors),
        sums=CALM,
        flags=flags >> len(errors) << len(errors),
        shift=LevelShift(
            at=longer.order_at[-1],
            first_at=longer.order_at[-len(errors)],
            old_level=unscaled(normal.kind, normal.level, normal.offset),
            new_level=unscaled(normal.kind, new, normal.offset),
            returned=returns(last, last.age + 1 if last else 0, new - before, normal.scale),
        ),
    )


def _moved(normal: Normal, longer: Series, track: Track, *, flagged: bool) -> Normal:
    level = track.anchor + normal.unit * middle(unpacked(track.recent)) + normal.drift
    return replace(
        normal,
        n=len(longer),
        level=level,
        left_out=normal.left_out + flagged,
        since_fit=normal.since_fit + 1,
        track=track,
    )
