"""How the checks of a job's data stand, as the API tells it."""

from datetime import datetime

from tocsin.quality.check import Standing, standings
from tocsin.store.rows import Watch
from tocsin.web.api.shape import Shape


class NormalShape(Shape):
    """What is normal for a metric by now."""

    ordinary: float
    low: float
    """Nineteen of twenty ordinary values lie from `low` to `high`."""
    high: float
    comparable_runs: int
    method: str
    """Which runs were compared, such as `Mondays` or `all runs`."""


class CheckStandingShape(Shape):
    """What the newest good run made of a check, and what is normal by now."""

    id: str
    run: str | None
    """The newest good run, of whatever partition; null before there is any."""
    verdict: str | None
    """`pass`, `warn`, `fail`, `error`, `no data` or `learning`."""
    value: float | None
    """What was judged; null where no number was sent."""
    said: str
    """Why, in words."""
    note: str | None
    """What the job says of the value, such as the keys of rows that failed."""
    normal: NormalShape | None
    """Null while it is being learned, and for a check that does not compare itself with its past."""
    values_learned: int
    """From how many values it was learned; ten are needed."""


def standings_of(watch: Watch, now: datetime) -> tuple[Standing, ...]:
    """Return how the checks of a job stand."""
    definition, measured = watch.job.definition, watch.state.measured
    newest = measured[-1] if measured else None
    return standings(definition.checks, newest, watch.learned.metrics, now, definition.timezone)


def check_standing_shapes(watch: Watch, now: datetime) -> list[CheckStandingShape]:
    """Return how the checks of a job stand as the API tells it."""
    run = watch.state.measured[-1].run if watch.state.measured else None
    return [_shape(one, run) for one in standings_of(watch, now)]


def _shape(one: Standing, run: str | None) -> CheckStandingShape:
    judged, ordinary = one.judged, one.ordinary
    normal = None
    if ordinary is not None:
        normal = NormalShape(
            ordinary=ordinary.ordinary,
            low=ordinary.low,
            high=ordinary.high,
            comparable_runs=ordinary.runs,
            method=ordinary.method,
        )
    return CheckStandingShape(
        id=one.check.id,
        run=run,
        verdict=None if judged is None else judged.verdict.value,
        value=None if judged is None else judged.value,
        said=one.normal if judged is None else judged.said,
        note=None if judged is None else judged.note or None,
        normal=normal,
        values_learned=one.learned,
    )
