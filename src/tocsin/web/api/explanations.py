"""Why it is so: every rule that looks at a job and what it says, and what decides about telling an alert."""

from typing import Final

from fastapi import APIRouter

from tocsin.alerts.alert import Alert, AlertState
from tocsin.engine.explained_alert import explain_alert
from tocsin.engine.explanation import Explanation, explain
from tocsin.jobs.job import JobKey
from tocsin.store.base import Reading
from tocsin.store.rows import Watch
from tocsin.web.api.alerts import OPEN, found_alert
from tocsin.web.api.explanation_shapes import (
    AlertExplanationShape,
    ExplanationShape,
    alert_explanation_shape,
    explanation_shape,
)
from tocsin.web.api.inputs import MAX_ITEMS, Environment, Name, Who, found_job, key_of
from tocsin.web.foreseen import awaited_in, troubles_in
from tocsin.web.wiring import Wired, Wiring

MOST_REMEMBERED: Final = 100

router = APIRouter(tags=["explanations"])


@router.get("/api/v1/jobs/{environment}/{name}/explanation")
def explain_job(wired: Wired, _: Who, environment: Environment, name: Name) -> ExplanationShape:
    """Return every rule that looks at a job, its facts and verdict, and when it is asked again.

    And those rules that do not look at it, each with the reason. Asking changes nothing.
    """
    with wired.store.reading() as reading:
        return explanation_of(wired, reading, key_of(environment, name))


def explanation_of(wired: Wiring, reading: Reading, key: JobKey) -> ExplanationShape:
    """Return why a job is judged as it is, or end the request with 404."""
    watch = found_job(reading, key)
    alerts = reading.alerts(states=OPEN, job_id=watch.job.id, limit=MAX_ITEMS)
    explained = _explained(wired, reading, watch)
    return explanation_shape(explained, {alert.fingerprint: alert.id for alert in alerts})


def _explained(wired: Wiring, reading: Reading, watch: Watch) -> Explanation:
    book = wired.engine.book
    troubles = troubles_in(reading, watch, book)
    return explain(watch, book, wired.clock.now(), awaited_in(reading, watch), troubles)


@router.get("/api/v1/alerts/{alert_id}/explanation")
def explain_one_alert(wired: Wired, _: Who, alert_id: str) -> AlertExplanationShape:
    """Return why an alert is open, why it is told or not, to whom by which route, and when next."""
    with wired.store.reading() as reading:
        return explanation_of_alert(wired, reading, found_alert(reading, alert_id))


def explanation_of_alert(wired: Wiring, reading: Reading, alert: Alert) -> AlertExplanationShape:
    """Return what decides about the telling of an alert."""
    book, now = wired.engine.book, wired.clock.now()
    watch = reading.job(JobKey(alert.environment, alert.job))
    if watch is None or watch.job.id != alert.job_id:
        return alert_explanation_shape(explain_alert(alert, (alert,), None, book, now))
    of_job = reading.alerts(states=OPEN, job_id=alert.job_id, limit=MAX_ITEMS)
    over = reading.alerts(states=(AlertState.RESOLVED,), job_id=alert.job_id, limit=MOST_REMEMBERED)
    since = now - book.remember_for
    of_job += [one for one in over if one.resolved_at is not None and one.resolved_at > since]
    explained = _explained(wired, reading, watch)
    return alert_explanation_shape(explain_alert(alert, of_job, explained, book, now))
