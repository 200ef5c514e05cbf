"""Why a job is judged as it is: every rule, what it compared and said, and when it is asked again. Pure.

It asks the functions that a look asks (`tocsin.engine.looking`), on the same facts, and keeps nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

from msgspec import structs

from tocsin.alerts.fingerprint import fingerprint
from tocsin.engine.apart import EVERYTHING, told_of
from tocsin.engine.book import Book, RuleBook
from tocsin.engine.draft import SYSTEM_JOB
from tocsin.jobs.job import Job
from tocsin.jobs.settling import settle
from tocsin.jobs.state import JobState
from tocsin.quality.learned import learns_at
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.rules.facts import Awaited, Facts, Trouble, apart
from tocsin.rules.finding import QUIET, Verdict
from tocsin.rules.judge import SHOWN, judge
from tocsin.rules.rule import Rule
from tocsin.rules.showing import LEARNING, Pairs, tolerance_of
from tocsin.store.rows import Watch

MAX_NAMES: Final = 200
"""Most characters of the names of rules that stand in the place of a default one."""


class Stance(Enum):
    """What a rule says of a job, in one word."""

    FINDING = "finding"
    UNKNOWN = "unknown"
    CANNOT_TELL = "cannot_tell"
    LEARNING = "learning"
    TOLERATED = "tolerated"
    DECLARED_OVER = "declared_over"
    QUIET = "quiet"
    RAISED = "raised"


class NotAsked(Enum):
    """Why a rule does not look at a job."""

    PATTERN = "pattern_does_not_match"
    LABELS = "labels_do_not_match"
    DISABLED = "disabled"
    REPLACED = "replaced"
    SWITCHED_OFF = "default_rules_off"
    SET_ASIDE = "set_aside"
    PAUSED = "job_paused"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a rule says of a job now, and the facts that it compared.

    `fingerprint` is that of the alert it speaks of, empty where it finds nothing. `note` is why it raised.
    """

    rule: Rule
    stance: Stance
    verdict: Verdict = QUIET
    facts: Pairs = ()
    of_backfills: bool = False
    fingerprint: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A rule that does not look at a job, and why; `until_at` is when it is asked again."""

    rule: Rule
    why: NotAsked
    note: str = ""
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is thought of a job at an instant.

    `state` is what is known of it by then. `due_at` is when it is looked at again, as the server keeps it;
    `expects_at` when time alone may change what is known of it, `learns_at` when its last runs are learned
    from. `is_own`: Tocsin judges it in its own way.
    """

    job: Job
    at: datetime
    state: JobState
    due_at: datetime | None = None
    expects_at: datetime | None = None
    learns_at: datetime | None = None
    opinions: tuple[Opinion, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    is_own: bool = False

    @property
    def asks_at(self) -> datetime | None:
        """The first instant at which a rule, or what is known of the job, may change by itself."""
        asks = [one.verdict.ask_again_at for one in self.opinions]
        asks += [self.expects_at, self.learns_at, *(one.until_at for one in self.passed_over)]
        return min((at for at in asks if at is not None), default=None)


def explain(
    watch: Watch,
    book: Book,
    now: datetime,
    awaited: tuple[Awaited, ...] = (),
    troubles: tuple[Trouble, ...] = (),
) -> Explanation:
    """Return what every rule of the configuration makes of a job at `now`, and why the others do not ask.

    `awaited` are the ends of other jobs that it waits for, `troubles` what is wrong with those it needs.
    """
    job = watch.job
    if job.environment == SYSTEM_JOB.environment:
        return Explanation(job=job, at=now, state=watch.state, due_at=watch.due_at, is_own=True)
    fitting = book.rule_book.rules_for(job)
    passed_over = list(_not_fitting(job, fitting, book))
    barred = _barred(watch, book, now)
    if barred is not None:
        why, note, until_at = barred
        passed_over += [PassedOver(rule=one, why=why, note=note, until_at=until_at) for one in fitting]
        return Explanation(
            job=job, at=now, state=watch.state, due_at=watch.due_at, passed_over=tuple(passed_over)
        )
    policy = book.configuration.policy
    settled = settle(job, watch.state, now, blind=book.blind, abandon_after=policy.abandon_after)
    asked, aside = _without_set_aside(fitting, job, book, now)
    facts = apart(
        Facts(
            job=job,
            state=settled.state,
            learned=watch.learned,
            blind=book.blind,
            awaited=awaited,
            troubles=troubles,
            known_failures=book.configuration.known_failures,
        )
    )
    return Explanation(
        job=job,
        at=now,
        state=settled.state,
        due_at=watch.due_at,
        expects_at=settled.ask_again_at,
        learns_at=learns_at(watch.learned, settled.state.unlearned),
        opinions=tuple(_opinion(rule, one, now) for rule in asked for one in facts),
        passed_over=(*aside, *passed_over),
    )


def _barred(watch: Watch, book: Book, now: datetime) -> tuple[NotAsked, str, datetime | None] | None:
    """Return why no rule at all is asked about a job."""
    if watch.job.paused_at is not None:
        return NotAsked.PAUSED, watch.job.paused_by, None
    if watch.unreadable:
        return NotAsked.UNREADABLE, watch.unreadable, None
    whole = book.set_aside.get((EVERYTHING, watch.job.id))
    if whole is not None and whole.until_at > now:
        return NotAsked.SET_ASIDE, whole.error, whole.until_at
    return None


def _without_set_aside(
    rules: Iterable[Rule], job: Job, book: Book, now: datetime
) -> tuple[list[Rule], list[PassedOver]]:
    asked, aside = list[Rule](), list[PassedOver]()
    for rule in rules:
        until_at = book.is_set_aside(rule.name, job.id, now)
        if until_at is None:
            asked.append(rule)
        else:
            note = book.set_aside[rule.name, job.id].error
            aside.append(PassedOver(rule=rule, why=NotAsked.SET_ASIDE, note=note, until_at=until_at))
    return asked, aside


def _not_fitting(job: Job, fitting: tuple[Rule, ...], book: Book) -> Iterator[PassedOver]:
    """Return the rules that do not look at a job, also those default rules that are not there at all."""
    rules, asked = book.configuration.rules, {rule.name for rule in fitting}
    others = [rule for rule in rules if rule.name not in asked]
    by_name = {rule.name for rule in _fitting([_of_pattern(rule) for rule in others], job)}
    for rule in others:
        yield _misfit(rule, job, fits_by_name=rule.name in by_name)
    judged, known = {rule.condition for rule in rules}, {rule.name for rule in rules}
    for rule in DEFAULT_RULES:
        if rule.name not in known:
            why = NotAsked.REPLACED if rule.condition in judged else NotAsked.SWITCHED_OFF
            names = ", ".join(one.name for one in rules if one.condition == rule.condition)
            yield PassedOver(rule=rule, why=why, note=names[:MAX_NAMES])


def _misfit(rule: Rule, job: Job, *, fits_by_name: bool) -> PassedOver:
    if not rule.enabled:
        return PassedOver(rule=rule, why=NotAsked.DISABLED)
    if not fits_by_name:
        return PassedOver(rule=rule, why=NotAsked.PATTERN, note=rule.job_pattern)
    alone = [Rule(name=one, condition=rule.condition, matchers=(one,)) for one in rule.matchers]
    fitting = {one.name for one in _fitting(alone, job)}
    return PassedOver(
        rule=rule, why=NotAsked.LABELS, note=", ".join(one for one in rule.matchers if one not in fitting)
    )


def _of_pattern(rule: Rule) -> Rule:
    """Return a rule that looks at every job of a matching name, whatever its labels."""
    return Rule(name=rule.name, condition=rule.condition, job_pattern=rule.job_pattern)


def _fitting(rules: Sequence[Rule], job: Job) -> tuple[Rule, ...]:
    return RuleBook(tuple(rules)).rules_for(job)


def _opinion(rule: Rule, facts: Facts, now: datetime) -> Opinion:
    verdict = _asked(rule, facts, now)
    if isinstance(verdict, Exception):
        return Opinion(
            rule=rule, stance=Stance.RAISED, note=told_of(verdict), of_backfills=facts.of_backfills
        )
    shown = _shown(rule, facts, verdict, now)
    found = verdict.finding
    return Opinion(
        rule=rule,
        stance=_stance(rule, facts, verdict, shown, now),
        verdict=verdict,
        facts=tuple(dict.fromkeys((*shown, *tolerance_of(rule)))),
        of_backfills=facts.of_backfills,
        fingerprint="" if found is None else fingerprint(facts.job, found, rule.fingerprint),
    )


def _asked(rule: Rule, facts: Facts, now: datetime) -> Verdict | Exception:
    """Return what a rule says; one that has nothing to say is left out by `judge`."""
    return next((verdict for _, verdict in judge((rule,), facts, now)), QUIET)


def _shown(rule: Rule, facts: Facts, verdict: Verdict, now: datetime) -> Pairs:
    """Return what a condition compares; of one that cannot show it, the evidence of what it has found."""
    show = SHOWN.get(rule.condition)
    if show is None:
        return () if verdict.finding is None else verdict.finding.evidence
    try:
        return show(rule, facts, now)
    except Exception as error:  # noqa: BLE001 -- words that cannot be made must not hide what the rule has said
        return (("facts", f"cannot be shown: {told_of(error)}"),)


def _stance(rule: Rule, facts: Facts, verdict: Verdict, shown: Pairs, now: datetime) -> Stance:
    """Return what a verdict comes to; of a quiet one, whether only patience or a person keeps it quiet."""
    if verdict.finding is not None:
        return Stance.FINDING
    if verdict.unknown is not None:
        return Stance.UNKNOWN
    if verdict.cannot_tell:
        return Stance.CANNOT_TELL
    if any(name == LEARNING for name, _ in shown):
        return Stance.LEARNING
    if _finds(replace(rule, in_a_row=1, m_of_n=None), facts, now):
        return Stance.TOLERATED
    if facts.state.forgiven and _finds(rule, _as_if_never_forgiven(facts), now):
        return Stance.DECLARED_OVER
    return Stance.QUIET


def _finds(rule: Rule, facts: Facts, now: datetime) -> bool:
    verdict = _asked(rule, facts, now)
    return isinstance(verdict, Verdict) and verdict.finding is not None


def _as_if_never_forgiven(facts: Facts) -> Facts:
    return structs.replace(facts, state=structs.replace(facts.state, forgiven=()))
