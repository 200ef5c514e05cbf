"""Drills: marked tests on the way that alerts take, begun by a person or when the hour of one has come.

The way is the real one: routes, on-call schedules, levels, outbox, lanes and channels. What differs is that
all levels are told at once, that nobody stands in for who was not reached, and that all of it is closed
again when the drill is over. A drill is looked at when one of its messages is settled, when somebody takes
it in hand, and when its time is over.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from tocsin.alerts.advance import resolve
from tocsin.alerts.alert import Alert, AlertState, Reason
from tocsin.alerts.drill import (
    DRILL,
    ID_PREFIX,
    Aim,
    Arrival,
    Drill,
    DrillLevel,
    Fate,
    Seen,
    Standing,
    judge_drill,
    titled,
)
from tocsin.alerts.set_back import drill_at
from tocsin.alerts.telling import Speech, said
from tocsin.engine.aiming import levels_of
from tocsin.engine.commands import Done, Refusal, Refused, Result, StartDrill
from tocsin.engine.draft import Draft
from tocsin.engine.in_hand import take
from tocsin.engine.inhibiting import words_of
from tocsin.engine.own_jobs import DRILLS, own_watch
from tocsin.engine.voicing import Voiced, entry_of, owed_to
from tocsin.jobs.job import JobKey
from tocsin.rules.finding import Why
from tocsin.rules.wording import plural
from tocsin.store.rows import Notification, NotificationState

MOST_UNDER_WAY: Final = 50
SHORTEST: Final = timedelta(seconds=1)
LONGEST_DELIVERY: Final = timedelta(hours=1)
LONGEST_ACKNOWLEDGEMENT: Final = timedelta(hours=24)

_SHOWN: Final = 20
_FAILURE: Final = "job_failure"
_KIND: Final = Speech.FIRING.value
_WAITING: Final = frozenset({NotificationState.PENDING, NotificationState.SENDING})


def start_drill(draft: Draft, command: StartDrill) -> Result:
    """Tell everybody whom the drill concerns, or refuse with the reason why not."""
    refused = _refusal(draft, command)
    if refused is not None:
        return refused
    watch = own_watch(draft.writing, DRILLS, draft.now)
    job_id = watch.job.id
    if job_id not in draft.watches:
        draft.load([watch])
    drill = _drill(draft, command)
    for level in drill.levels:
        if level.alert_id:
            _tell(draft, job_id, drill, level)
    draft.writing.save_drill(drill)
    due = msgspec.structs.replace(draft.watches[job_id], due_at=draft.now, alerting=True)
    draft.watches[job_id] = due
    count = sum(len(level.targets) for level in drill.levels)
    return Done(message=f"a drill of {drill.aims_at} tells {plural(count, 'target')}", id=drill.id)


def _refusal(draft: Draft, command: StartDrill) -> Refused | None:
    known = _known(draft, command.aim)
    if command.aim is not Aim.JOB and command.target not in known:
        there = ", ".join(sorted(known)[:_SHOWN]) or "none"
        message = f"there is no {_CALLED[command.aim]} {command.target!r}; there are: {there}"
        return Refused(reason=Refusal.NOT_FOUND, message=message)
    if command.aim is Aim.JOB and _labels_of_job(draft, command) is None:
        message = f"there is no job {command.target!r} in {command.environment!r}"
        return Refused(reason=Refusal.NOT_FOUND, message=message)
    if not SHORTEST <= command.deliver_within <= LONGEST_DELIVERY:
        return Refused(reason=Refusal.INVALID, message="it must arrive within 1 second to 1 hour")
    within = command.acknowledge_within
    if within is not None and not SHORTEST <= within <= LONGEST_ACKNOWLEDGEMENT:
        return Refused(reason=Refusal.INVALID, message="it must be acknowledged within 1 second to 24 hours")
    if len(draft.writing.drills_under_way(MOST_UNDER_WAY)) >= MOST_UNDER_WAY:
        message = f"{MOST_UNDER_WAY} drills are under way; let them come to their end first"
        return Refused(reason=Refusal.CONFLICT, message=message)
    return None


_CALLED: Final = {Aim.RECEIVER: "receiver", Aim.POLICY: "escalation policy", Aim.JOB: "job"}


def _known(draft: Draft, aim: Aim) -> frozenset[str]:
    configuration = draft.book.configuration
    return frozenset(configuration.escalations if aim is Aim.POLICY else configuration.targets)


def _labels_of_job(draft: Draft, command: StartDrill) -> dict[str, str] | None:
    """Return what routes may match of an alert because this job has failed, or None for an unknown job."""
    key = JobKey(command.environment, command.target)
    watch = draft.writing.watches([key]).get(key)
    definition = watch.job.definition if watch is not None else draft.book.definition_of(key)
    if definition is None:
        return None
    rules = draft.book.rule_book.rules_for(watch.job) if watch is not None else ()
    return {
        **dict(definition.labels),
        "job": key.name,
        "environment": key.environment,
        "condition": _FAILURE,
        "rule": next((rule.name for rule in rules if rule.condition == _FAILURE), ""),
        "severity": command.severity.word,
    }


def _why_quiet(draft: Draft, command: StartDrill, labels: dict[str, str]) -> str:
    """Return in words why nobody would hear of a trouble of the job now, whatever its routes say."""
    key = JobKey(command.environment, command.target)
    watch = draft.writing.watches([key]).get(key)
    if watch is not None and watch.job.paused_at is not None:
        return f"the job is paused{f' by {watch.job.paused_by}' if watch.job.paused_by else ''}"
    by = draft.inhibiting.by_rule(labels)
    return "" if by is None else f"muted {words_of(by)}"


def _drill(draft: Draft, command: StartDrill) -> Drill:
    drill_id, now, within = f"{ID_PREFIX}{draft.new_id()}", draft.now, command.acknowledge_within
    labels = (_labels_of_job(draft, command) or {}) if command.aim is Aim.JOB else {}
    quiet = _why_quiet(draft, command, labels) if labels else ""
    levels = levels_of(command.aim, command.target, labels, draft.book, now, quiet=quiet)
    return Drill(
        id=drill_id,
        aim=command.aim,
        target=command.target,
        environment=command.environment if command.aim is Aim.JOB else "",
        severity=command.severity,
        levels=tuple(
            replace(level, alert_id=f"{drill_id}-{level.number}") if level.targets else level
            for level in levels
        ),
        started_by=command.who,
        started_at=now,
        deliver_by=now + command.deliver_within,
        acknowledge_by=None if within is None else now + within,
        plan=command.plan,
    )


def _tell(draft: Draft, job_id: int, drill: Drill, level: DrillLevel) -> None:
    alert = _alert(draft, job_id, drill, level)
    targets = dict.fromkeys(level.targets, Speech.FIRING)
    owed = owed_to(alert, targets, Reason.OPENED, book=draft.book, now=draft.now)
    entries = (
        entry_of(alert, Reason.OPENED, draft.now, drill.started_by, f"a drill of {drill.aims_at}"),
        entry_of(alert, Reason.TOLD, draft.now, note=", ".join(level.targets)),
    )
    alert = said(alert, Speech.FIRING, level.targets, draft.now, draft.book.manners)
    draft.take(job_id, Voiced(alert=alert, entries=entries, notifications=owed))


def _alert(draft: Draft, job_id: int, drill: Drill, level: DrillLevel) -> Alert:
    """Return what stands for one level: it has a name of its own, so that nobody takes it for the job's."""
    asks = drill.acknowledge_by is not None
    by = f"{drill.acknowledge_by:%H:%M:%S} UTC" if asks else ""
    facts = (("drill of", drill.aims_at), ("level", titled(level)), ("sent by", drill.started_by))
    return Alert(
        id=level.alert_id,
        fingerprint=level.alert_id,
        job_id=job_id,
        job=DRILLS.name,
        environment=DRILLS.environment,
        condition=DRILL,
        rule=DRILL,
        severity=drill.severity,
        why=Why.DRILL,
        step=0,
        opened_at=draft.now,
        since_at=draft.now,
        changed_at=draft.now,
        summary=f"tests {_what(drill, level)}; nothing is wrong",
        evidence=(*facts, ("acknowledge by", by)) if by else facts,
        next_step=f"Acknowledge this by {by}, as you would an alert." if by else "Nothing: it is over soon.",
        timezone=draft.book.configuration.defaults.timezone,
    )


def _what(drill: Drill, level: DrillLevel) -> str:
    return drill.aims_at if titled(level) == drill.aims_at else f"{titled(level)} of {drill.aims_at}"


def go_on(draft: Draft, drill: Drill) -> tuple[Drill, datetime | None]:
    """Look at a drill under way: return it, closed if it is over, and when to look at it again."""
    kept, drill = drill, drill_at(drill, draft.now)
    if drill is not kept:
        draft.writing.save_drill(drill)
    told = [level for level in drill.levels if level.alert_id]
    owed = {level.alert_id: _first_words(draft, level) for level in told}
    alerts = {level.alert_id: draft.writing.alert(level.alert_id) for level in told}
    seen = {alert_id: _seen(owed[alert_id], alert) for alert_id, alert in alerts.items()}
    verdict = judge_drill(drill, seen, draft.now)
    if verdict.standing is Standing.RUNNING:
        return drill, verdict.ask_again_at
    for alert in alerts.values():
        if alert is not None:
            _close(draft, alert, owed[alert.id])
    drill = replace(drill, over_at=draft.now, faults=verdict.faults)
    draft.writing.save_drill(drill)
    return drill, None


def _first_words(draft: Draft, level: DrillLevel) -> list[Notification]:
    return [one for one in draft.writing.owed(level.alert_id) if one.kind == _KIND]


def _seen(owed: list[Notification], alert: Alert | None) -> Seen:
    if alert is None:
        return Seen(arrivals=tuple(map(_arrival, owed)))
    who = alert.acknowledged_by or alert.resolved_by or (alert.snooze.by if alert.snooze is not None else "")
    return Seen(
        arrivals=tuple(map(_arrival, owed)),
        acknowledged_by=who,
        is_acknowledged=alert.state is not AlertState.FIRING or alert.snooze is not None,
    )


def _arrival(owed: Notification) -> Arrival:
    if owed.state is NotificationState.SENT:
        return Arrival(target=owed.target, fate=Fate.ARRIVED)
    if owed.state in _WAITING:
        return Arrival(target=owed.target, fate=Fate.WAITS, reason=owed.last_error)
    if owed.state is NotificationState.UNKNOWN:
        reason = f"its answer was lost, so that it may have arrived: {owed.last_error}"
        return Arrival(target=owed.target, fate=Fate.LOST, reason=reason)
    return Arrival(target=owed.target, fate=Fate.LOST, reason=owed.last_error or owed.state.value)


def _close(draft: Draft, alert: Alert, owed: list[Notification]) -> None:
    """Take back what has not gone out, and close what may have been opened anywhere."""
    draft.writing.cancel(alert.id, (_KIND,), draft.now)
    if not alert.is_open:
        return
    states = (NotificationState.PENDING, NotificationState.DEAD, NotificationState.CANCELLED)
    never = {one.target for one in owed if one.state in states and not one.unknown}
    told = replace(alert.told, targets=tuple(t for t in alert.told.targets if t not in never))
    take(draft, resolve(msgspec.structs.replace(alert, told=told), Reason.DRILL_OVER, "", draft.now), "")
