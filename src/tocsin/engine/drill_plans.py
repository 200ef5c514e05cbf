"""The drills of the configuration: begun when their hour comes, and an alert where one was not proved."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec

from tocsin.alerts.advance import Change, advance
from tocsin.alerts.alert import Alert, Reason
from tocsin.alerts.drill import FAILED, Aim, Drill, DrillPlan
from tocsin.alerts.snooze import lapse
from tocsin.engine.apart import apart, asked_again
from tocsin.engine.commands import Refused, StartDrill
from tocsin.engine.draft import Draft
from tocsin.engine.drilling import MOST_UNDER_WAY, go_on, start_drill
from tocsin.engine.escalating import voice
from tocsin.engine.own_alerts import tell
from tocsin.jobs.schedule import latest_at, next_after
from tocsin.rules.finding import Finding, Severity, Why

LATEST: Final = timedelta(hours=1)
"""A drill whose hour passed longer ago, while nobody could begin it, waits for its next hour."""
SHOWN_FAULTS: Final = 10
SCHEDULE: Final = "the schedule"


def look_at_drills(draft: Draft, job_id: int) -> None:
    """Begin the drills that are due, go on with those under way, and tell of those that were not proved."""
    under_way = draft.writing.drills_under_way(MOST_UNDER_WAY)
    asks = _begin_due(draft, job_id, {drill.plan for drill in under_way})
    for drill in under_way:
        do = partial(_go_on, draft, job_id, drill, asks)
        asks += asked_again(apart(draft.book, f"drill: {drill.id}", draft.now, do))
    asks += _speak_on(draft, job_id)
    draft.watches[job_id] = msgspec.structs.replace(
        draft.watches[job_id],
        due_at=min(asks, default=None),
        judged_under=draft.book.version,
        alerting=bool(draft.alerts_of(job_id)),
    )


def _go_on(draft: Draft, job_id: int, drill: Drill, asks: list[datetime]) -> None:
    looked_at, ask_at = go_on(draft, drill)
    if ask_at is not None:
        asks.append(ask_at)
    elif looked_at.plan:
        _conclude(draft, job_id, looked_at)


def _begin_due(draft: Draft, job_id: int, under_way: set[str]) -> list[datetime]:
    """Begin what is due; return when something is due next. What has begun is looked at in the next turn."""
    asks: list[datetime] = []
    for plan in draft.book.configuration.drills:
        do = partial(_begin, draft, job_id, plan, under_way, asks)
        asks += asked_again(apart(draft.book, f"drill: {plan.name}", draft.now, do))
    return asks


def _begin(draft: Draft, job_id: int, plan: DrillPlan, under_way: set[str], asks: list[datetime]) -> None:
    since_at = _since(draft, plan)
    due_at = _due_at(plan, since_at, draft.now)
    if due_at is not None:
        since_at = _note(draft, plan)
    if due_at is not None and draft.now - due_at <= LATEST and plan.name not in under_way:
        begun = start_drill(draft, _command(plan))
        if isinstance(begun, Refused):
            _tell(draft, job_id, plan, _finding(plan, draft.now, "", (begun.message,)))
        else:
            asks.append(draft.now)
    asks += asked_again(next_after(plan.schedule, since_at))


def _due_at(plan: DrillPlan, since_at: datetime, now: datetime) -> datetime | None:
    """Return the newest hour of a drill that has come since then, if any has."""
    first_at = next_after(plan.schedule, since_at)
    if first_at is None or first_at > now:
        return None
    return latest_at(plan.schedule, now) or first_at


def _since(draft: Draft, plan: DrillPlan) -> datetime:
    """Return since when a drill waits for its next hour: from its first look on if it is new or changed."""
    kept = draft.writing.note(_noted_as(plan))
    return _note(draft, plan) if kept is None else datetime.fromisoformat(kept)


def _note(draft: Draft, plan: DrillPlan) -> datetime:
    draft.writing.save_note(_noted_as(plan), draft.now.isoformat())
    return draft.now


def _noted_as(plan: DrillPlan) -> str:
    return f"drill {plan.name}: {plan.schedule.expression} {plan.schedule.timezone}"


def _command(plan: DrillPlan) -> StartDrill:
    return StartDrill(
        aim=plan.aim,
        target=plan.target,
        who=f"{SCHEDULE} of drill {plan.name}",
        environment=plan.environment,
        severity=plan.severity,
        deliver_within=plan.deliver_within,
        acknowledge_within=plan.acknowledge_within,
        plan=plan.name,
    )


def _conclude(draft: Draft, job_id: int, drill: Drill) -> None:
    """Tell what was not proved, or that it now was."""
    plan = next((plan for plan in draft.book.configuration.drills if plan.name == drill.plan), None)
    if plan is not None:
        faults = drill.faults
        _tell(draft, job_id, plan, _finding(plan, drill.started_at, drill.id, faults) if faults else None)


def _tell(draft: Draft, job_id: int, plan: DrillPlan, finding: Finding | None) -> None:
    alert = next((one for one in _failures(draft, job_id) if one.fingerprint == _print(plan.name)), None)
    tell(draft, draft.watches[job_id].job, alert, finding, _print(plan.name))


def _finding(plan: DrillPlan, since_at: datetime, drill_id: str, faults: tuple[str, ...]) -> Finding:
    where = f" -e {plan.environment}" if plan.aim is Aim.JOB else ""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    told = tuple((f"fault {number}", fault) for number, fault in enumerate(faults[:SHOWN_FAULTS], start=1))
    return Finding(
        rule=f"drill {plan.name}",
        condition=FAILED,
        severity=Severity.CRITICAL,
        why=Why.DRILL_FAILED,
        since_at=since_at,
        summary=f"{plan.name}: alerts may not arrive: {faults[0]}{more}",
        evidence=(("drill", drill_id), *told) if drill_id else told,
        next_step="Mend what is named here, and prove that it works: "
        f"tocsin drill --{plan.aim.value} {plan.target}{where}",
        run=drill_id,
    )


def _speak_on(draft: Draft, job_id: int) -> list[datetime]:
    """Repeat what is still not proved, and let go of what the configuration has no more."""
    planned = {_print(plan.name) for plan in draft.book.configuration.drills}
    asks: list[datetime] = []
    for alert in _failures(draft, job_id):
        do = partial(_speak_of, draft, job_id, alert, planned, asks)
        asks += asked_again(apart(draft.book, f"drill: {alert.fingerprint}", draft.now, do))
    return asks


def _speak_of(draft: Draft, job_id: int, alert: Alert, planned: set[str], asks: list[datetime]) -> None:
    if alert.fingerprint in planned:
        change = lapse(alert, draft.watches[job_id].state, draft.now)
    else:
        change = Change(alert=advance(alert, None, draft.now).alert, reason=Reason.RULE_REMOVED)
    voiced = voice(change, draft.book, draft.gathering, draft.now)
    if voiced.alert != alert or voiced.entries:
        draft.take(job_id, voiced)
    asks += asked_again(voiced.ask_again_at)


def _failures(draft: Draft, job_id: int) -> list[Alert]:
    return [one for one in draft.alerts_of(job_id) if one.is_open and one.condition == FAILED]


def _print(name: str) -> str:
    return f"{FAILED}-{name}"
