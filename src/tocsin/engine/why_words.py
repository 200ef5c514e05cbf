"""Sentences for whoever asks why a job is judged as it is, and why an alert is told, or is not."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from tocsin.alerts.alert import Alert, AlertState, Reason
from tocsin.alerts.route import FOR_EVER
from tocsin.engine.explained_alert import AlertExplanation, Heard, Hearer, Standing
from tocsin.engine.explanation import Explanation, NotAsked, Opinion, PassedOver, Stance
from tocsin.engine.inhibiting import words_of
from tocsin.oncall.escalation import Status
from tocsin.rules.showing import LEARNING
from tocsin.rules.wording import clock_time, span

_STANDINGS: Final[Mapping[Standing, str]] = {
    Standing.HOLDS: "its rule finds it still",
    Standing.CANNOT_TELL: "it stays open: its rule cannot tell whether it is over",
    Standing.FLAPPING: "it stays open though its rule is quiet: its job is good and bad by turns",
    Standing.OWN: "Tocsin says so of itself, by no rule",
    Standing.NOT_JUDGED: "no rule looks at it any more: it ends at the next look at its job",
    Standing.ENDING: "its rule does not find it any more: it ends at the next look at its job",
}
_KEPT_BACK: Final[Mapping[Reason, str]] = {
    Reason.NOTHING_TO_SAY: "not now: everybody has heard the latest",
    Reason.ACKNOWLEDGED: "no: somebody has it in hand",
    Reason.SNOOZED: "no: it was put off",
    Reason.INHIBITED: "no: another alert explains it",
    Reason.SILENCED: "no: it is silenced",
    Reason.MAINTENANCE: "no: it is in maintenance",
    Reason.MUTED: "no: all its routes are quiet at this time",
    Reason.DEDUPLICATED: "no: it was told often enough for now",
    Reason.THROTTLED: "no: too much was told of its job",
    Reason.GROUPED: "not by itself: its group tells it",
    Reason.TOLD_ONCE: "not again: its run has ended, and only another can change it",
    Reason.FLAPPING: "no: it was told that its job is good and bad by turns",
}
_HEARD: Final[Mapping[Heard, str]] = {
    Heard.TOLD: "has heard the latest",
    Heard.BY_GROUP: "hears it with others, of group {group}",
    Heard.MUTED: "quiet by {muted_by} until {muted_until}",
    Heard.DIGEST: "hears it in the next digest",
    Heard.NOT_YET: "has not heard the latest yet",
    Heard.NOBODY: "reaches nobody: it has no channel",
}
_RESTS: Final[Mapping[Status, str]] = {
    Status.ACKNOWLEDGED: "rests: somebody has it in hand",
    Status.SUPPRESSED: "rests while it is kept quiet",
    Status.RESOLVED: "is over",
}


def when(at: datetime | None, now: datetime, timezone: str) -> str:
    """Return an instant in a zone, and how far ahead: `2026-11-22 06:00 EST, in 12 min`; "" for None."""
    if at is None:
        return ""
    if at >= FOR_EVER:
        return "never"
    if at <= now:
        return f"{clock_time(at, timezone)}, due now"
    return f"{clock_time(at, timezone)}, in {span(at - now)}"


def words_of_opinion(opinion: Opinion, timezone: str) -> str:
    """Return what a rule says, and of one that is quiet why, in one line."""
    found, unknown = opinion.verdict.finding, opinion.verdict.unknown
    if found is not None:
        return f"{found.severity.word}: {found.summary} (since {clock_time(found.since_at, timezone)})"
    if unknown is not None:
        return f"unknown: {unknown.what}, and Tocsin could hear nobody at the time"
    if opinion.stance is Stance.LEARNING:
        return f"learning: {dict(opinion.facts).get(LEARNING, '')}"
    if opinion.stance is Stance.RAISED:
        return f"it failed, and is set aside for this job: {opinion.note}"
    if opinion.stance is Stance.QUIET and opinion.verdict.ask_again_at is not None:
        return "quiet so far"
    return _QUIET[opinion.stance]


_QUIET: Final[Mapping[Stance, str]] = {
    Stance.CANNOT_TELL: "cannot tell: what it would look at is not known yet, or not remembered any more",
    Stance.TOLERATED: "quiet: it would speak, but for what it tolerates",
    Stance.DECLARED_OVER: "quiet: a person has declared over what it would speak of",
    Stance.QUIET: "quiet: it finds nothing",
}


def words_of_passing(passed: PassedOver) -> str:
    """Return why a rule does not look at a job."""
    note = passed.note
    return {
        NotAsked.PATTERN: f"its pattern {note!r} does not match the name",
        NotAsked.LABELS: f"the labels do not match {note}",
        NotAsked.DISABLED: "it is disabled",
        NotAsked.REPLACED: f"the default is replaced by {note}",
        NotAsked.SWITCHED_OFF: "default rules are switched off",
        NotAsked.SET_ASIDE: f"it is set aside for this job, because it failed: {note}",
        NotAsked.PAUSED: f"the job is paused by {note}" if note else "the job is paused",
        NotAsked.UNREADABLE: f"what is kept of the job cannot be read: {note}",
    }[passed.why]


def words_of_next_look(explanation: Explanation) -> str:
    """Return when a job is looked at again, or what that waits for."""
    job = explanation.job
    if job.paused_at is not None:
        return "not before it is resumed"
    told = when(explanation.due_at, explanation.at, job.definition.timezone)
    return told or "not before it checks in"


def words_of_standing(explained: AlertExplanation) -> str:
    """Return why an alert is open, or how it has ended."""
    alert = explained.alert
    if explained.standing is not Standing.OVER:
        return _STANDINGS[explained.standing]
    at = "" if alert.resolved_at is None else f" at {clock_time(alert.resolved_at, alert.timezone)}"
    return f"it is over: resolved{at}{f' by {alert.resolved_by}' if alert.resolved_by else ''}"


def words_of_telling(explained: AlertExplanation) -> str:
    """Return whether an alert is being told, and if not why, in one line."""
    alert, utterance = explained.alert, explained.utterance
    if explained.standing is Standing.OVER:
        return "no: it is over, and whoever was told of it was told that"
    if utterance.speech is not None:
        return f"yes, at the next look: {utterance.speech.value.replace('_', ' ')}"
    told = _KEPT_BACK.get(utterance.reason, utterance.reason.value.replace("_", " "))
    return ", ".join([told, *_details(explained, alert)])


def _details(explained: AlertExplanation, alert: Alert) -> Iterator[str]:
    reason, zone = explained.utterance.reason, alert.timezone
    if reason is Reason.ACKNOWLEDGED and alert.acknowledged_at is not None:
        yield f"{alert.acknowledged_by} since {clock_time(alert.acknowledged_at, zone)}"
    if reason is Reason.SNOOZED and alert.snooze is not None:
        yield f"by {alert.snooze.by} until {clock_time(alert.snooze.until_at, zone)}"
    if reason is Reason.INHIBITED and alert.inhibited is not None:
        by = alert.inhibited.by
        yield (
            words_of(by, alert.job)
            if by is not None and alert.inhibited.is_by_another
            else "or may in a moment"
        )
    if explained.mute is not None and explained.mute.reason is reason:
        yield explained.mute.note
    if (
        reason in (Reason.NOTHING_TO_SAY, Reason.FLAPPING, Reason.TOLD_ONCE)
        and alert.told.last_at is not None
    ):
        yield f"told last at {clock_time(alert.told.last_at, zone)}"


def words_of_hearer(hearer: Hearer, timezone: str) -> str:
    """Return what the receiver of a way has heard, or why it has not."""
    until = hearer.way.muted_until
    ends = "" if until is None else "for ever" if until >= FOR_EVER else clock_time(until, timezone)
    return _HEARD[hearer.heard].format(group=hearer.group, muted_by=hearer.way.muted_by, muted_until=ends)


def words_of_climb(explained: AlertExplanation) -> str:
    """Return how far an alert is escalated, and when it goes on; "" where it is not escalated."""
    alert, rungs = explained.alert, explained.rungs
    if alert.climbs_in:
        return f"with the others of group {alert.climbs_in}"
    if not rungs:
        return ""
    climb = alert.climb
    if climb is None:
        return f"{explained.policy}: begins when it is told first"
    at = (
        "nobody told yet"
        if not climb.level
        else f"level {climb.level} of {len(rungs)}, {rungs[climb.level - 1].name}"
    )
    if climb.status in _RESTS:
        return f"{climb.policy.name}: {at}; it {_RESTS[climb.status]}"
    goes_on = when(climb.next_at, explained.at, alert.timezone)
    return f"{climb.policy.name}: {at}; goes on {f'at {goes_on}' if goes_on else 'no further'}"


def words_of_life(alert: Alert) -> str:
    """Return where an alert is in its life."""
    zone = alert.timezone
    opened = f"{alert.state.value}, opened {clock_time(alert.opened_at, zone)}"
    if alert.state is AlertState.ACKNOWLEDGED and alert.acknowledged_until is not None:
        return f"{opened}, fires again {clock_time(alert.acknowledged_until, zone)}"
    return opened
