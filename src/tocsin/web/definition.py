"""From the definition of a job as it comes over the wire to the one that is judged by."""

from typing import Final

from tocsin.alerts.fingerprint import OF_ERRORS
from tocsin.errors import ConfigError, InvalidSchedule
from tocsin.jobs.calendar import Calendar, check_calendar
from tocsin.jobs.job import Definition, Rank
from tocsin.jobs.schedule import check_timezone
from tocsin.jobs.sla import SLA
from tocsin.web.checks import checks_of
from tocsin.web.faults import Fault
from tocsin.web.links import web_link
from tocsin.web.names import name_fault
from tocsin.web.timetables import deadline_of, timetables_of, unusable
from tocsin.web.wire import CalendarBody, DefinitionBody

RESERVED_LABELS: Final = frozenset({"job", "environment", "severity", "condition", "rule"}) | OF_ERRORS


def read_definition(body: DefinitionBody, *, defaults: Definition, rank: Rank) -> Definition | Fault:
    """Return the definition that a body states, or the first fault in it.

    What it leaves out is the default's.
    """
    try:
        timezone = _timezone(body, defaults)
        first, *others = timetables_of(body, _sla(body, defaults.sla), timezone)
        return Definition(
            schedule=first.schedule,
            sla=first.sla,
            timetables=tuple(others),
            calendar=_calendar(body.get("calendar"), defaults.calendar),
            timezone=timezone,
            stalled_after_seconds=_seconds(body, "stalled_after", defaults.stalled_after_seconds),
            no_progress_after_seconds=_seconds(body, "no_progress_after", defaults.no_progress_after_seconds),
            labels=_labels(body, defaults),
            upstream=_upstream(body.get("upstream") or []),
            runbook=_runbook(body) or defaults.runbook,
            owner=_text(body.get("owner"), "owner") or defaults.owner,
            description=_text(body.get("description"), "description"),
            rank=rank,
            impact=body.get("impact") or defaults.impact,
            checks=checks_of(body.get("checks") or []),
        )
    except ConfigError as error:
        problem = error.problems[0]
        return Fault(field=problem.path, message=problem.message)


def label_fault(name: str) -> str | None:
    """Return what is wrong with a label's name that fits the pattern, or None."""
    return "is set by Tocsin itself; choose another name" if name in RESERVED_LABELS else None


def _timezone(body: DefinitionBody, defaults: Definition) -> str:
    wanted = body.get("timezone")
    if wanted is None:
        return defaults.timezone
    try:
        return check_timezone(wanted)
    except InvalidSchedule as error:
        raise unusable("timezone", str(error)) from None


def _calendar(body: CalendarBody | None, default: Calendar) -> Calendar:
    if body is None:
        return default
    try:
        return check_calendar(body.get("country"), body.get("region"))
    except InvalidSchedule as error:
        raise unusable("calendar", str(error)) from None


def _sla(body: DefinitionBody, default: SLA) -> SLA:
    ahead = body.get("severity_escalation") or {}
    warning = ahead.get("warning_minutes_before")
    critical = ahead.get("critical_minutes_before")
    grace = body.get("grace_period_minutes")
    business = body.get("business_days_only")
    failing = body.get("max_failure_rate")
    records = body.get("min_records_processed")
    sla = SLA(
        deadline=deadline_of(body),
        deadline_offset_minutes=body.get("deadline_offset_minutes"),
        max_duration_seconds=_seconds(body, "max_duration", default.max_duration_seconds),
        min_duration_seconds=_seconds(body, "min_duration", default.min_duration_seconds),
        grace_period_minutes=default.grace_period_minutes if grace is None else grace,
        warning_minutes_before=default.warning_minutes_before if warning is None else warning,
        critical_minutes_before=default.critical_minutes_before if critical is None else critical,
        business_days_only=default.business_days_only if business is None else business,
        max_failure_rate=default.max_failure_rate if failing is None else failing,
        min_records_processed=default.min_records_processed if records is None else records,
        warns_by_the_clock=default.warns_by_the_clock or bool(ahead),
    )
    if critical is not None and sla.critical_minutes_before > sla.warning_minutes_before:
        where = "severity_escalation.critical_minutes_before"
        raise unusable(where, "comes before the warning; swap the two")
    return sla


def _seconds(body: DefinitionBody, span: str, default: float | None) -> float | None:
    minutes, seconds = body.get(f"{span}_minutes"), body.get(f"{span}_seconds")
    if minutes is not None and seconds is not None:
        raise unusable(f"{span}_seconds", f"says the same as {span}_minutes; keep one of the two")
    if isinstance(seconds, float | int):
        return float(seconds)
    return 60.0 * minutes if isinstance(minutes, float | int) else default


def _labels(body: DefinitionBody, defaults: Definition) -> tuple[tuple[str, str], ...]:
    labels = body.get("labels") or {}
    for name, value in labels.items():
        fault = label_fault(name) or name_fault(value)
        if fault is not None:
            raise unusable(f"labels.{name}", fault)
    return tuple(sorted({**dict(defaults.labels), **labels}.items()))


def _upstream(names: list[str]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        fault = name_fault(name)
        if fault is not None:
            raise unusable(f"upstream.{index}", fault)
    return tuple(names)


def _runbook(body: DefinitionBody) -> str:
    text = _text(body.get("runbook"), "runbook")
    if text and not web_link(text):
        raise unusable("runbook", "must be a web address that starts with https:// or http://")
    return web_link(text)


def _text(text: str | None, field: str) -> str:
    fault = name_fault(text) if text and field != "description" else None
    if fault is not None:
        raise unusable(field, fault)
    return (text or "").replace("\x00", "\u2400")
