"""When the runs of a job will end: what its facts say of it, for rules and for whoever wants to see it."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus, starts_at_will
from tocsin.jobs.run import Run
from tocsin.quality.expecting import expected_at
from tocsin.quality.forecast import Ends, Forecast, Progressed, latest_start, of_expected, of_started
from tocsin.quality.lasting import comparable_of
from tocsin.quality.normal import Expected, Normal
from tocsin.quality.remembering import by_identity
from tocsin.quality.surely import beyond_at_most, calm_for, ends_within
from tocsin.rules.facts import Awaited, Facts

NOT_STARTED: Final = (OccurrenceStatus.EXPECTED, OccurrenceStatus.MISSED)
"""What an expected run is that may still start."""
REMEMBERED: Final = 256
"""Forecasts that are asked again at the next sign of the same run, most of them within minutes."""
_SECOND: Final = timedelta(seconds=1)


class Foreseen(Struct, frozen=True, kw_only=True, gc=False):
    """The end of one run, as far as it can be foreseen.

    `runs` comparable ones are behind it: `method` says which, of `known` good ones in all. `told_at` is the
    last instant at which anything was heard that it goes by. `run` is None while it has not started. `awaits`
    is the job that holds it up the longest, where it starts later for that.
    """

    forecast: Forecast
    runs: int
    method: str
    told_at: datetime
    run: Run | None = None
    occurrence: Occurrence | None = None
    awaits: str = ""
    known: int = 0


def foreseen_of_run(facts: Facts, run: Run) -> Foreseen | None:
    """Return what can be foreseen of a run that has started, or None if nothing can.

    After a failed attempt the next one is taken to begin anew.
    """
    normal, started_at = facts.learned.normal, _begun_at(run)
    if normal is None or started_at is None:
        return None
    progressed = _progressed(run, started_at)
    found = _forecast_of_started(normal, started_at, facts.job.definition.timezone, progressed)
    if found is None:
        return None
    expected, forecast = found
    return Foreseen(
        forecast=forecast,
        runs=expected.runs,
        method=expected.method,
        told_at=started_at if progressed is None else progressed.at,
        run=run,
        known=normal.n - normal.left_out,
    )


def _begun_at(run: Run) -> datetime | None:
    """Return when the attempt began that is at work; None where the end of a run says nothing any more."""
    if run.started_at is None or not run.status.is_open or run.overtaken_at is not None:
        return None
    return max(run.attempts[-1].ended_at, run.started_at) if run.attempts else run.started_at


def _progressed(run: Run, started_at: datetime) -> Progressed | None:
    progress, at = run.progress, run.progress_at
    if progress is None or at is None or not progress.total or progress.done <= 0 or at <= started_at:
        return None
    return Progressed(share=progress.done / progress.total, at=at)


def foreseen_of_expected(facts: Facts, occurrence: Occurrence) -> Foreseen | None:
    """Return what can be foreseen of an expected run that has not started, or None if nothing can."""
    normal, nominal_at = facts.learned.normal, occurrence.nominal_at
    at_will = starts_at_will(facts.job.definition.plan, nominal_at)
    if normal is None or (at_will and not facts.learned.delays):
        return None
    last_at = occurrence.deadline_at or nominal_at
    awaited = (
        [
            one
            for one in facts.awaited
            if one.order_at <= (last_at if at_will or one.has_started else nominal_at)
        ]
        if facts.awaited
        else ()
    )
    found = _forecast_of_expected(
        normal,
        nominal_at,
        facts.job.definition.timezone,
        facts.learned.delays,
        tuple([one.ends for one in awaited]),
    )
    if found is None:
        return None
    expected, forecast = found
    latest = max(awaited, key=lambda one: one.ends[-1][0], default=None)
    return Foreseen(
        forecast=forecast,
        runs=expected.runs,
        method=expected.method,
        told_at=max([nominal_at, *(one.told_at for one in awaited)]),
        occurrence=occurrence,
        awaits="" if latest is None else latest.job,
        known=normal.n - normal.left_out,
    )


def foreseen(facts: Facts) -> Foreseen | None:
    """Return what can be foreseen of the run at work that ends last, else of the next one."""
    runs = [foreseen_of_run(facts, run) for run in facts.state.open_runs if not run.backfill]
    of_runs = [one for one in runs if one is not None]
    if of_runs:
        return max(of_runs, key=lambda one: one.forecast.expected_finish_at(one.told_at))
    waiting = (o for o in facts.state.occurrences if o.run is None and o.status in NOT_STARTED)
    first = next(waiting, None)
    return None if first is None else foreseen_of_expected(facts, first)


class Calm(Struct, frozen=True, kw_only=True, gc=False):
    """A promise is surely no risk before an instant, if nothing more is heard; known without a forecast.

    `runs` comparable ones are behind that, of `known` good ones in all.
    """

    until_at: datetime
    runs: int
    known: int


def calm_of_run(facts: Facts, run: Run, limit_at: datetime, threshold: float) -> Calm | None:
    """Return until when a run at work is surely less likely than this to end too late; None: not sure."""
    normal, started_at = facts.learned.normal, _begun_at(run)
    if normal is None or started_at is None:
        return None
    found = _calm_of_started(normal, started_at, facts.job.definition.timezone, limit_at, threshold)
    progressed = None if found is None else _progressed(run, started_at)
    if found is None or progressed is None:
        return found
    elapsed, left = progressed.at - started_at, found.until_at - started_at
    is_on_time = ends_within(elapsed.total_seconds(), progressed.share, left.total_seconds())
    return found if is_on_time else None


def calm_of_expected(
    facts: Facts, occurrence: Occurrence, limit_at: datetime, until_at: datetime, threshold: float
) -> Calm | None:
    """Return that an expected run which waits for no other is surely no such risk until then, if it is."""
    normal, nominal_at, delays = facts.learned.normal, occurrence.nominal_at, facts.learned.delays
    if normal is None or facts.awaited or until_at >= limit_at:
        return None
    if not delays and starts_at_will(facts.job.definition.plan, nominal_at):
        return None
    expected = expected_at(normal, nominal_at, facts.job.definition.timezone)
    if expected is None:
        return None
    latest = latest_start(delays, (until_at - nominal_at) // _SECOND)
    left = (limit_at - nominal_at).total_seconds() - latest
    if beyond_at_most(comparable_of(normal, expected), left) >= threshold:
        return None
    return Calm(until_at=until_at, runs=expected.runs, known=normal.n - normal.left_out)


class Outlook(Struct, frozen=True, kw_only=True, gc=False):
    """When a run is expected to end, as people are shown it.

    With a probability of 80 % it ends from `low_at` to `high_at`. `limit_at` is when it has to have ended,
    and `miss_probability` how likely it has not by then; None: nothing is promised. `run` is empty while it
    has not started.
    """

    run: str
    nominal_at: datetime | None
    finish_at: datetime
    low_at: datetime
    high_at: datetime
    limit_at: datetime | None
    miss_probability: float | None
    runs: int
    method: str
    awaits: str


def outlook_of(facts: Facts, now: datetime) -> Outlook | None:
    """Return when the run at work, else the next expected one, will end; None where nothing is foreseen."""
    found = None if facts.job.paused_at is not None else foreseen(facts)
    if found is None:
        return None
    limit_at, forecast = _limit_of(facts, found), found.forecast
    return Outlook(
        run="" if found.run is None else found.run.key,
        nominal_at=None if found.occurrence is None else found.occurrence.nominal_at,
        finish_at=forecast.expected_finish_at(now),
        low_at=forecast.low_at(now),
        high_at=forecast.high_at(now),
        limit_at=limit_at,
        miss_probability=None if limit_at is None else round(forecast.probability(limit_at, now), 3),
        runs=found.runs,
        method=found.method,
        awaits=found.awaits,
    )


def _limit_of(facts: Facts, found: Foreseen) -> datetime | None:
    """Return the first instant by which the run has to have ended."""
    if found.occurrence is not None:
        return found.occurrence.deadline_at
    run, limits = found.run, list[datetime]()
    if run is not None:
        limits = [o.deadline_at for o in facts.state.occurrences if o.run == run.key and o.deadline_at]
    most = facts.job.definition.sla.max_duration_seconds
    if run is not None and run.started_at is not None and most is not None:
        limits.append(run.started_at + timedelta(seconds=most))
    return min(limits, default=None)


def awaited_of(facts: Facts) -> tuple[Awaited, ...]:
    """Return the ends for which those wait who need this job, each as of what was last heard of it.

    A run at work; without one, the first expected run that has not started.
    """
    found = foreseen(facts)
    if found is None:
        return ()
    order_at = found.run.order_at if found.run is not None else found.forecast.base_at
    ends = found.forecast.ends(found.told_at)
    return (
        Awaited(
            job=facts.job.name,
            order_at=order_at,
            has_started=found.run is not None,
            told_at=found.told_at,
            ends=ends,
        ),
    )


@by_identity(REMEMBERED)
def _calm_of_started(
    normal: Normal, started_at: datetime, timezone: str, limit_at: datetime, threshold: float
) -> Calm | None:
    expected = expected_at(normal, started_at, timezone)
    if expected is None:
        return None
    limit = (limit_at - started_at).total_seconds()
    seconds = calm_for(comparable_of(normal, expected), limit, threshold)
    if seconds is None:
        return None
    until_at = started_at + timedelta(seconds=seconds)
    return Calm(until_at=until_at, runs=expected.runs, known=normal.n - normal.left_out)


@by_identity(REMEMBERED)
def _forecast_of_started(
    normal: Normal, started_at: datetime, timezone: str, progressed: Progressed | None
) -> tuple[Expected, Forecast] | None:
    expected = expected_at(normal, started_at, timezone)
    if expected is None:
        return None
    return expected, of_started(comparable_of(normal, expected), started_at, progressed)


@by_identity(REMEMBERED)
def _forecast_of_expected(
    normal: Normal, nominal_at: datetime, timezone: str, delays: tuple[float, ...], awaited: tuple[Ends, ...]
) -> tuple[Expected, Forecast] | None:
    expected = expected_at(normal, nominal_at, timezone)
    if expected is None:
        return None
    return expected, of_expected(comparable_of(normal, expected), nominal_at, delays, awaited)
