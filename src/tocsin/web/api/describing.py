"""From the values of the house to the shapes of the API."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tocsin.alerts.alert import Alert, Entry
from tocsin.alerts.silence import Silence
from tocsin.jobs.checkin import Detail, Progress
from tocsin.jobs.checks import Check
from tocsin.jobs.declaring import change_written
from tocsin.jobs.job import Definition
from tocsin.jobs.letting_off import skipped_to_come
from tocsin.jobs.occurrence import Occurrence, Timetable
from tocsin.jobs.punctuality import punctuality_of
from tocsin.jobs.run import Remark, Run
from tocsin.rules.failure import FailureTable
from tocsin.store.rows import Delivery, Notification, Token, Watch
from tocsin.web.api.around import inhibited_shape
from tocsin.web.api.occurrence_shapes import OccurrencesShape, PunctualityShape
from tocsin.web.api.shapes import (
    AlertShape,
    AnomalyShape,
    AttemptShape,
    CheckShape,
    DeliveryShape,
    EntryShape,
    HostClockShape,
    JobShape,
    LetOffShape,
    NotificationShape,
    OccurrenceShape,
    ProgressShape,
    PromiseShape,
    RemarkShape,
    RunShape,
    SilenceShape,
    TimetableShape,
    WholeAlertShape,
)
from tocsin.web.api.token_shapes import TokenShape
from tocsin.web.links import web_link
from tocsin.web.standing import expected_next, standing_of

NO_DETAIL = Detail()


def job_shape(watch: Watch, open_alerts: int, now: datetime, known: FailureTable) -> JobShape:
    """Return a job as the API tells it."""
    job, state = watch.job, watch.state
    expected = expected_next(watch, now)
    return JobShape(
        environment=job.environment,
        name=job.name,
        standing=standing_of(watch, open_alerts, now).value,
        labels=dict(job.definition.labels),
        registered_at=job.registered_at,
        paused_at=job.paused_at,
        paused_by=job.paused_by,
        last_seen_at=state.last_seen_at,
        last_success_at=state.last_success_at,
        open_runs=len(state.open_runs),
        open_alerts=open_alerts,
        last_run=None if state.last is None else run_shape(state.last, known),
        expected=None if expected is None else occurrence_shape(expected),
        skips=[occurrence_shape(one) for one in skipped_to_come(job, state)],
        definition=promise_shape(job.definition),
        wrong_clocks=[
            HostClockShape(
                host=clock.host,
                behind_seconds=round(clock.behind_seconds, 3),
                since=clock.since_at,
                heard_at=clock.heard_at,
            )
            for clock in state.clocks
            if clock.since_at is not None
        ],
    )


def promise_shape(definition: Definition) -> PromiseShape:
    """Return what is promised of a job as the API tells it."""
    sla, schedule = definition.sla, definition.schedule
    return PromiseShape(
        timetables=[_timetable_shape(one) for one in definition.timetables],
        schedule=None if schedule is None else schedule.expression,
        schedule_kind=None if schedule is None else schedule.kind.value,
        timezone=definition.timezone,
        deadline=None if sla.deadline is None else sla.deadline.strftime("%H:%M"),
        deadline_offset_minutes=sla.deadline_offset_minutes,
        grace_period_minutes=sla.grace_period_minutes,
        max_duration_seconds=sla.max_duration_seconds,
        min_duration_seconds=sla.min_duration_seconds,
        warning_minutes_before=sla.warning_minutes_before,
        critical_minutes_before=sla.critical_minutes_before,
        business_days_only=sla.business_days_only,
        closed_days_only=sla.closed_days_only,
        max_failure_rate=sla.max_failure_rate,
        min_records_processed=sla.min_records_processed,
        stalled_after_seconds=definition.stalled_after_seconds,
        no_progress_after_seconds=definition.no_progress_after_seconds,
        upstream=list(definition.upstream),
        runbook=web_link(definition.runbook),
        owner=definition.owner,
        description=definition.description,
        checks=[
            CheckShape(
                id=check.id,
                metric=check.metric.value,
                column=check.column,
                key=check.key,
                threshold_min=check.least,
                threshold_max=check.most,
                warn_min=check.warn_least,
                warn_max=check.warn_most,
                change_min=change_written(check.change)[0],
                change_max=change_written(check.change)[1],
                severity=check.severity or "warning",
                anomaly=_anomaly_shape(check),
            )
            for check in definition.checks
        ],
        impact=None if definition.impact is None else definition.impact.value,
        defined_by=definition.rank.name.lower(),
    )


def _anomaly_shape(check: Check) -> AnomalyShape | None:
    if check.anomaly is None:
        return None
    least = check.anomaly.least
    return AnomalyShape(
        spreads=check.anomaly.spreads,
        direction=check.anomaly.direction or check.metric.worse,
        least=check.metric.least if least is None else least,
    )


def _timetable_shape(one: Timetable) -> TimetableShape:
    sla = one.sla
    return TimetableShape(
        schedule=None if one.schedule is None else one.schedule.expression,
        schedule_kind=None if one.schedule is None else one.schedule.kind.value,
        deadline=None if sla.deadline is None else sla.deadline.strftime("%H:%M"),
        deadline_offset_minutes=sla.deadline_offset_minutes,
        grace_period_minutes=sla.grace_period_minutes,
        business_days_only=sla.business_days_only,
        closed_days_only=sla.closed_days_only,
    )


def run_shape(run: Run, known: FailureTable) -> RunShape:
    """Return a run as the API tells it."""
    detail = run.detail or NO_DETAIL
    failure = known.failure_of(run) if run.status.is_bad or run.phase.is_retrying else None
    return RunShape(
        run=run.key,
        status=run.status.value,
        phase=run.phase.value,
        nominal_at=run.occurrence_at,
        deadline_at=run.deadline_at,
        partition=run.partition,
        backfill=run.backfill,
        scheduled_at=run.scheduled_at,
        queued_at=run.queued_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        last_sign_at=run.last_sign_at,
        queue_wait_seconds=_seconds(run.queue_wait),
        execution_seconds=_seconds(run.execution),
        total_seconds=_seconds(run.total),
        attempt=run.attempt,
        max_attempts=run.max_attempts,
        attempts=[
            AttemptShape(
                number=attempt.number,
                ended_at=attempt.ended_at,
                good=attempt.good,
                exit_code=attempt.exit_code,
                error=attempt.error,
            )
            for attempt in run.attempts
        ],
        progress=progress_shape(run.progress),
        records_ok=run.records_ok,
        records_failed=run.records_failed,
        exit_code=detail.exit_code,
        signal=detail.signal,
        error_type=detail.error_type,
        error_message=detail.error_message,
        error_class="" if failure is None else failure.failure_class.value,
        error_cause="" if failure is None else failure.cause,
        error_signature="" if failure is None else failure.signature,
        cause="" if failure is None else failure.words,
        log_tail=detail.log_tail,
        cpu_seconds=detail.cpu_seconds,
        max_rss_bytes=detail.max_rss_bytes,
        metrics=dict(detail.metrics),
        context=dict(detail.context),
        remark=_remark(run.remark),
    )


def occurrence_shape(occurrence: Occurrence) -> OccurrenceShape:
    """Return an expected run as the API tells it."""
    word = occurrence.let_off
    return OccurrenceShape(
        nominal_at=occurrence.nominal_at,
        start_by=occurrence.start_by,
        deadline_at=occurrence.deadline_at,
        status=occurrence.status.value,
        run=occurrence.run,
        let_off=None if word is None else LetOffShape(who=word.who, at=word.at, reason=word.reason),
    )


def _remark(remark: Remark | None) -> RemarkShape | None:
    if remark is None:
        return None
    return RemarkShape(meaning=remark.meaning.value, who=remark.who, at=remark.at, note=remark.note)


def occurrences_shape(occurrences: Sequence[Occurrence]) -> OccurrencesShape:
    """Return expected runs, and how many of them came, as the API tells it."""
    kept = punctuality_of(occurrences)
    return OccurrencesShape(
        items=[occurrence_shape(one) for one in occurrences],
        punctuality=PunctualityShape(
            met=kept.met,
            late=kept.late,
            missed=kept.missed,
            skipped=kept.skipped,
            excused=kept.excused,
            unknown=kept.unknown,
            percent=kept.percent,
        ),
    )


def alert_shape(alert: Alert) -> AlertShape:
    """Return an alert as the API tells it."""
    return AlertShape(
        id=alert.id,
        state=alert.state.value,
        severity=alert.severity.word,
        condition=alert.condition,
        rule=alert.rule,
        why=alert.why.value,
        environment=alert.environment,
        job=alert.job,
        run=alert.run,
        summary=alert.summary,
        since_at=alert.since_at,
        opened_at=alert.opened_at,
        changed_at=alert.changed_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
        acknowledged_until=alert.acknowledged_until,
        snoozed_by=alert.snooze.by if alert.snooze else "",
        snoozed_until=alert.snooze.until_at if alert.snooze else None,
        snooze_end=alert.snooze.end.value if alert.snooze else "",
        resolved_at=alert.resolved_at,
        resolved_by=alert.resolved_by,
        held_back_until=alert.held_back_until,
        inhibited=inhibited_shape(alert.inhibited),
        evidence=dict(alert.evidence),
        next_step=alert.next_step,
        runbook=web_link(alert.runbook),
        owner=alert.owner,
        labels=dict(alert.labels),
        backfill=alert.backfill,
        error_class=alert.error_class,
        error_cause=alert.error_cause,
        error_signature=alert.error_signature,
        log_tail=alert.log_tail,
        told=alert.told.count,
        groups=[pooled.group for pooled in alert.pooled],
        fingerprint=alert.fingerprint,
    )


def whole_alert_shape(
    alert: Alert,
    history: Iterable[Entry],
    notifications: Iterable[Notification],
    deliveries: Sequence[Delivery],
) -> WholeAlertShape:
    """Return an alert with its history and its deliveries."""
    return WholeAlertShape(
        **dict(alert_shape(alert)),
        history=[_entry_shape(entry) for entry in history],
        notifications=notification_shapes(notifications, deliveries),
    )


def notification_shapes(
    notifications: Iterable[Notification], deliveries: Sequence[Delivery]
) -> list[NotificationShape]:
    """Return what was owed to whom, each with its tries, as the API tells it."""
    return [_notification_shape(one, [d for d in deliveries if d.key == one.key]) for one in notifications]


def silence_shape(silence: Silence, now: datetime) -> SilenceShape:
    """Return a silence as the API tells it."""
    return SilenceShape(
        id=silence.id,
        state=silence.state(now),
        matchers=[str(matcher) for matcher in silence.matchers],
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        created_by=silence.created_by,
        created_at=silence.created_at,
        comment=silence.comment,
        extended_by=silence.extended_by,
        expired_by=silence.expired_by,
    )


def token_shape(token: Token) -> TokenShape:
    """Return a credential of the store as the API tells it."""
    return TokenShape(
        id=token.id, kind=token.kind, name=token.name, created_at=token.created_at, source="store"
    )


def _entry_shape(entry: Entry) -> EntryShape:
    return EntryShape(
        at=entry.at,
        reason=entry.reason.value,
        state=entry.state.value,
        severity=entry.severity.word,
        who=entry.who,
        note=entry.note,
    )


def _notification_shape(notification: Notification, deliveries: Iterable[Delivery]) -> NotificationShape:
    return NotificationShape(
        key=notification.key,
        target=notification.target,
        kind=notification.kind,
        state=notification.state.value,
        created_at=notification.created_at,
        due_at=notification.due_at,
        finished_at=notification.finished_at,
        attempts=notification.attempts,
        last_error=notification.last_error,
        fallback_of=notification.fallback_of,
        deliveries=[_delivery_shape(delivery) for delivery in deliveries],
    )


def _delivery_shape(delivery: Delivery) -> DeliveryShape:
    return DeliveryShape(
        attempt=delivery.attempt,
        started_at=delivery.started_at,
        ended_at=delivery.ended_at,
        outcome=delivery.outcome.value,
        detail=delivery.detail,
    )


def progress_shape(progress: Progress | None) -> ProgressShape | None:
    """Return how far a run has come as the API tells it."""
    return None if progress is None else ProgressShape(done=progress.done, total=progress.total)


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
