"""Why an alert is open, and why it is told or not: to whom, by which route, and when next. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tocsin.alerts.alert import Alert, AlertState
from tocsin.alerts.muting import Mute
from tocsin.alerts.route import Way
from tocsin.alerts.telling import Utterance
from tocsin.alerts.throttle import is_throttled, throttled_until
from tocsin.engine.behind import behind, escalation_of
from tocsin.engine.book import Book
from tocsin.engine.explanation import Explanation, NotAsked, Opinion, Stance
from tocsin.engine.reaching import ways_of
from tocsin.engine.voicing import considered, labels_of


class Standing(Enum):
    """Why an alert is as it is by what its rule says now."""

    HOLDS = "holds"
    CANNOT_TELL = "cannot_tell"
    FLAPPING = "flapping"
    OWN = "own"
    NOT_JUDGED = "not_judged"
    ENDING = "ending"
    OVER = "over"


class Heard(Enum):
    """What the receiver of a way has heard of an alert, or why it has not."""

    TOLD = "told"
    BY_GROUP = "by_group"
    MUTED = "muted_by_time"
    DIGEST = "in_digest"
    NOT_YET = "not_yet"
    NOBODY = "nobody_there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearer:
    """A way of an alert: its receiver, the targets of that, and what they have heard; `group` tells them."""

    way: Way
    targets: tuple[str, ...]
    heard: Heard
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A level of the escalation of an alert, and who would be told by now if it were its turn."""

    level: int
    name: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertExplanation:
    """Everything that decides about the telling of an alert at an instant.

    `opinion` is that of its rule. `utterance` says what there is to say now or why nothing, and when to ask
    again. `mute` is what keeps it quiet, `throttled_until` when its job is throttled no more.
    """

    alert: Alert
    at: datetime
    standing: Standing
    opinion: Opinion | None
    utterance: Utterance
    mute: Mute | None
    throttled_until: datetime | None
    hearers: tuple[Hearer, ...]
    policy: str
    rungs: tuple[Rung, ...]

    @property
    def next_at(self) -> datetime | None:
        """When something may be said of it by itself."""
        climb = self.alert.climb
        asks = (self.utterance.ask_again_at, self.alert.held_back_until, climb.next_at if climb else None)
        return min((at for at in asks if at is not None and at > self.at), default=None)


def explain_alert(
    alert: Alert, of_job: Sequence[Alert], explanation: Explanation | None, book: Book, now: datetime
) -> AlertExplanation:
    """Return why an alert is told, or is not; `of_job` are its job's alerts, open and remembered.

    `explanation` is that of its job, None where the job is not watched any more.
    """
    labels = labels_of(alert)
    mute = book.mute_of(labels, now)
    throttled = throttled_until(of_job, book.configuration.policy.throttle, now)
    until = throttled if is_throttled(alert.severity) else None
    utterance, _ = considered(alert, mute, book=book, now=now, until=until)
    opinion = _opinion_of(alert, explanation.opinions if explanation else ())
    policy = escalation_of(book.configuration.route, labels) if alert.is_open and not alert.backfill else ""
    ways = ways_of(labels, book.configuration, now) if alert.is_open else ()
    return AlertExplanation(
        alert=alert,
        at=now,
        standing=_standing(alert, opinion, explanation),
        opinion=opinion,
        utterance=utterance,
        mute=mute if alert.is_open else None,
        throttled_until=until if alert.is_open else None,
        hearers=tuple(_hearer(alert, way, book) for way in ways),
        policy=policy,
        rungs=_rungs(alert, policy, book, now),
    )


def _opinion_of(alert: Alert, opinions: Iterable[Opinion]) -> Opinion | None:
    """Return what speaks for an alert, else what its own rule says."""
    known = tuple(opinions)
    of_rule = (one for one in known if one.rule.name == alert.rule and one.of_backfills is alert.backfill)
    return next((one for one in known if one.fingerprint == alert.fingerprint), next(of_rule, None))


def _standing(alert: Alert, opinion: Opinion | None, explanation: Explanation | None) -> Standing:
    if not alert.is_open:
        return Standing.OVER
    if explanation is not None and explanation.is_own:
        return Standing.OWN
    if opinion is None:
        passed = explanation.passed_over if explanation else ()
        cannot = {one.rule.name for one in passed if one.why in (NotAsked.SET_ASIDE, NotAsked.UNREADABLE)}
        return Standing.CANNOT_TELL if alert.rule in cannot else Standing.NOT_JUDGED
    if opinion.stance is Stance.FINDING:
        return Standing.HOLDS
    if opinion.stance in (Stance.UNKNOWN, Stance.CANNOT_TELL, Stance.RAISED):
        return Standing.CANNOT_TELL
    return Standing.FLAPPING if alert.flapping else Standing.ENDING


def _hearer(alert: Alert, way: Way, book: Book) -> Hearer:
    targets = book.configuration.targets.get(way.receiver, ())
    group = next((one.group for one in alert.pooled if one.receiver == way.receiver), "")
    return Hearer(way=way, targets=targets, heard=_heard(alert, way, targets, group, book), group=group)


def _heard(alert: Alert, way: Way, targets: tuple[str, ...], group: str, book: Book) -> Heard:
    heard = dict(alert.told.heard)
    if group:
        return Heard.BY_GROUP
    if targets and all(heard.get(target, 0) >= max(alert.told.news, 1) for target in targets):
        return Heard.TOLD
    if way.muted_until is not None:
        return Heard.MUTED
    if targets:
        return Heard.NOT_YET
    is_daily = any(plan.receiver == way.receiver for plan in book.configuration.digests)
    return Heard.DIGEST if is_daily else Heard.NOBODY


def _rungs(alert: Alert, policy: str, book: Book, now: datetime) -> tuple[Rung, ...]:
    """Return the levels of the policy that an alert climbs, or would."""
    if alert.state is AlertState.RESOLVED:
        return ()
    climbed = alert.climb.policy if alert.climb is not None else book.configuration.escalations.get(policy)
    if climbed is None:
        return ()
    targets = behind(climbed, book, now)
    return tuple(
        Rung(level=number, name=level.name, targets=told)
        for number, (level, told) in enumerate(zip(climbed.levels, targets, strict=True), start=1)
    )
