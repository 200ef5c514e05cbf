"""Jobs, runs and facts to judge."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from msgspec.structs import replace

from tocsin.jobs.job import Definition, Job
from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import JobState, Outcome
from tocsin.quality.baseline import fit
from tocsin.quality.learned import Learned
from tocsin.quality.series import Kind, Point, series_of
from tocsin.rules.facts import Facts
from tocsin.rules.finding import QUIET, Verdict
from tocsin.rules.judge import judge
from tocsin.rules.rule import MofN, Rule

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.combine(NOON, time.fromisoformat(text), UTC)


def rule(condition: str, *, in_a_row: int = 1, m_of_n: tuple[int, int] | None = None, **more: Any) -> Rule:  # noqa: ANN401 - as Rule takes it
    tolerance = MofN(bad=m_of_n[0], of=m_of_n[1]) if m_of_n else None
    return Rule(name=condition, condition=condition, in_a_row=in_a_row, m_of_n=tolerance, **more)


def facts(state: JobState, sla: SLA | None = None, **definition: object) -> Facts:
    plain = replace(Definition(sla=sla or SLA()), **definition)
    job = Job(name="etl", environment="production", registered_at=NOON - HOUR, definition=plain)
    return Facts(job=job, state=state)


def learned_from_runs(known: Facts, *seconds: float) -> Facts:
    """Return the facts of a job whose runs, one a day, took so long; left out: about ten minutes."""
    took = seconds or (600.0, 590.0, 610.0, 605.0, 595.0) * 4
    first_at = (NOON - len(took) * 24 * HOUR).timestamp()
    series = series_of(Point(order_at=first_at + day * 86_400.0, value=one) for day, one in enumerate(took))
    normal = fit(series, kind=Kind.DURATION, timezone=known.job.definition.timezone)
    return replace(known, learned=Learned(normal=normal, learned_at=NOON - HOUR))


def asked(condition: str, known: Facts, now: str, **more: Any) -> Verdict:  # noqa: ANN401 - as Rule takes it
    return verdict_of(rule(condition, **more), known, at(now))


def verdict_of(rule: Rule, known: Facts, now: datetime) -> Verdict:
    """Return what one rule thinks; what it raises is raised."""
    for _, verdict in judge((rule,), known, now):
        if isinstance(verdict, Exception):
            raise verdict
        return verdict
    return QUIET


def running(key: str = "a", since: str = "12:00", **more: object) -> Run:
    plain = Run(key=key, last_sign_at=at(since), status=RunStatus.RUNNING, started_at=at(since))
    return replace(plain, **more)


def failed(key: str = "a", end: str = "12:10", **more: object) -> Run:
    plain = running(key, status=RunStatus.FAILED, ended_at=at(end))
    return replace(plain, last_sign_at=at(end), **more)


def good(key: str, end: str, **more: object) -> Outcome:
    plain = Outcome(at=at(end), order_at=at(end), status=RunStatus.SUCCESS, run=key)
    return replace(plain, **more)


def bad(key: str, end: str, **more: object) -> Outcome:
    return good(key, end, status=RunStatus.FAILED, **more)


def expected(
    nominal: str,
    status: OccurrenceStatus = OccurrenceStatus.EXPECTED,
    *,
    start_by: str = "",
    deadline: str = "",
    run: str | None = None,
) -> Occurrence:
    return Occurrence(
        nominal_at=at(nominal),
        opens_at=at(nominal),
        start_by=at(start_by) if start_by else at(nominal) + 5 * MINUTE,
        deadline_at=at(deadline) if deadline else None,
        status=status,
        run=run,
    )
