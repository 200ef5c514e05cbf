"""Why a job is judged as it is, and why an alert is told or not, as the API tells it."""

from datetime import datetime

from tocsin.alerts.route import FOR_EVER
from tocsin.engine.explained_alert import AlertExplanation, Hearer, Rung
from tocsin.engine.explanation import Explanation, Opinion, PassedOver
from tocsin.engine.why_words import (
    when,
    words_of_climb,
    words_of_hearer,
    words_of_life,
    words_of_next_look,
    words_of_opinion,
    words_of_passing,
    words_of_standing,
    words_of_telling,
)
from tocsin.web.api.describing import alert_shape
from tocsin.web.api.shape import Shape
from tocsin.web.api.shapes import AlertShape


class FactShape(Shape):
    """One thing that a rule has compared, in words."""

    name: str
    value: str


class OpinionShape(Shape):
    """What a rule says of a job now."""

    rule: str
    condition: str
    verdict: str
    """`finding`, `unknown`, `cannot_tell`, `learning`, `tolerated`, `declared_over`, `quiet`, `raised`."""
    severity: str
    """Of what it has found; empty where it has found nothing."""
    why: str
    """The reason of a finding, a word for programs."""
    text: str
    """The verdict in words."""
    of_backfills: bool
    facts: list[FactShape]
    ask_again_at: datetime | None
    """When it could think otherwise without a new fact; null: only a new fact can change it."""
    ask_again: str
    """The same in the job's zone, and how far ahead that is."""
    alert: str
    """The open alert that it speaks of, by its id."""


class PassedOverShape(Shape):
    """A rule that does not look at a job."""

    rule: str
    condition: str
    reason: str
    """`pattern_does_not_match`, `labels_do_not_match`, `disabled`, `replaced`, `default_rules_off`,
    `set_aside`, `job_paused` or `unreadable`."""
    text: str
    until_at: datetime | None
    """When it is asked again, where that is known."""


class ExplanationShape(Shape):
    """Why a job is judged as it is."""

    environment: str
    job: str
    timezone: str
    at: datetime
    """As of when."""
    is_own: bool
    """It is a job of Tocsin's own, which no rule judges."""
    due_at: datetime | None
    """When it is looked at again without a new fact."""
    next_look: str
    """The same in the job's zone, and how far ahead that is."""
    rules: list[OpinionShape]
    not_asked: list[PassedOverShape]


class HearerShape(Shape):
    """A way that an alert takes: whom it tells, and what they have heard."""

    way: str
    """The route: `route/routes[2]`."""
    receiver: str
    targets: list[str]
    heard: str
    """`told`, `by_group`, `muted_by_time`, `in_digest`, `not_yet` or `nobody_there`."""
    text: str
    muted_until: datetime | None


class RungShape(Shape):
    """A level of the escalation, and who would be told now if it were its turn."""

    level: int
    name: str
    targets: list[str]


class AlertExplanationShape(Shape):
    """Why an alert is open, and why it is told or not."""

    at: datetime
    """As of when."""
    alert: AlertShape
    life: str
    standing: str
    """`holds`, `cannot_tell`, `flapping`, `own`, `not_judged`, `ending` or `over`."""
    standing_text: str
    opinion: OpinionShape | None
    """What its rule says now."""
    telling: str
    """Why it is being told, or is not: a word for programs, as the history of an alert has it."""
    telling_text: str
    hearers: list[HearerShape]
    escalation: str
    """How far it is escalated, in words; empty where it is not."""
    levels: list[RungShape]
    throttled_until: datetime | None
    next_at: datetime | None
    """When something may be said of it by itself; null: only when something changes."""
    next_text: str
    """The same in its job's zone, and how far ahead that is."""


def explanation_shape(explained: Explanation, alerts: dict[str, str]) -> ExplanationShape:
    """Return an explanation as the API tells it; `alerts` are the open ones, id by fingerprint."""
    job = explained.job
    return ExplanationShape(
        environment=job.environment,
        job=job.name,
        timezone=job.definition.timezone,
        at=explained.at,
        is_own=explained.is_own,
        due_at=explained.due_at,
        next_look=words_of_next_look(explained),
        rules=[
            opinion_shape(one, explained.at, job.definition.timezone, alerts.get(one.fingerprint, ""))
            for one in explained.opinions
        ],
        not_asked=[_passed_over_shape(one) for one in explained.passed_over],
    )


def opinion_shape(opinion: Opinion, now: datetime, timezone: str, alert: str) -> OpinionShape:
    """Return what a rule says as the API tells it."""
    found, ask_again_at = opinion.verdict.finding, opinion.verdict.ask_again_at
    return OpinionShape(
        rule=opinion.rule.name,
        condition=opinion.rule.condition,
        verdict=opinion.stance.value,
        severity="" if found is None else found.severity.word,
        why="" if found is None else found.why.value,
        text=words_of_opinion(opinion, timezone),
        of_backfills=opinion.of_backfills,
        facts=[FactShape(name=name, value=value) for name, value in opinion.facts],
        ask_again_at=ask_again_at,
        ask_again=when(ask_again_at, now, timezone),
        alert=alert,
    )


def _passed_over_shape(passed: PassedOver) -> PassedOverShape:
    return PassedOverShape(
        rule=passed.rule.name,
        condition=passed.rule.condition,
        reason=passed.why.value,
        text=words_of_passing(passed),
        until_at=passed.until_at,
    )


def alert_explanation_shape(explained: AlertExplanation) -> AlertExplanationShape:
    """Return why an alert is told or not, as the API tells it."""
    alert, zone = explained.alert, explained.alert.timezone
    opinion = explained.opinion
    return AlertExplanationShape(
        at=explained.at,
        alert=alert_shape(alert),
        life=words_of_life(alert),
        standing=explained.standing.value,
        standing_text=words_of_standing(explained),
        opinion=None if opinion is None else opinion_shape(opinion, explained.at, zone, alert.id),
        telling=explained.utterance.reason.value,
        telling_text=words_of_telling(explained),
        hearers=[_hearer_shape(one, zone) for one in explained.hearers],
        escalation=words_of_climb(explained),
        levels=[_rung_shape(one) for one in explained.rungs],
        throttled_until=explained.throttled_until,
        next_at=explained.next_at,
        next_text=when(explained.next_at, explained.at, zone),
    )


def _hearer_shape(hearer: Hearer, timezone: str) -> HearerShape:
    until = hearer.way.muted_until
    return HearerShape(
        way=hearer.way.path,
        receiver=hearer.way.receiver,
        targets=list(hearer.targets),
        heard=hearer.heard.value,
        text=words_of_hearer(hearer, timezone),
        muted_until=None if until is None or until >= FOR_EVER else until,
    )


def _rung_shape(rung: Rung) -> RungShape:
    return RungShape(level=rung.level, name=rung.name, targets=list(rung.targets))
