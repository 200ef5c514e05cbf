"""One look at one job: what time, the rules and the alerts' own life make of it. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from tocsin.alerts.advance import Change, advance, as_past, open_alert, renewed, resolve
from tocsin.alerts.alert import Alert, AlertState, Entry, Reason, Told
from tocsin.alerts.fingerprint import fingerprint
from tocsin.alerts.flapping import Course
from tocsin.alerts.forgotten import forget
from tocsin.alerts.same_run import in_turn
from tocsin.alerts.set_back import alert_at
from tocsin.alerts.snooze import lapse
from tocsin.alerts.throttle import throttled_until
from tocsin.engine.apart import told_of
from tocsin.engine.book import Book
from tocsin.engine.escalating import voice
from tocsin.engine.flapping import as_flapping, between, course_of, marked
from tocsin.engine.neighbours import ALONE, Neighbours, Placed
from tocsin.engine.pooling import Groups
from tocsin.engine.said import said_now, word_of
from tocsin.engine.voicing import Voiced, entry_of
from tocsin.engine.wording import words_of_taking
from tocsin.jobs.job import Job
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run, Violation
from tocsin.jobs.settling import settle
from tocsin.jobs.state import AtRisk, JobState
from tocsin.jobs.violations import by_now
from tocsin.quality.learned import learns_at
from tocsin.rules.facts import Awaited, Facts, Trouble, apart
from tocsin.rules.finding import Finding, Verdict
from tocsin.rules.judge import Ask, Judged, judge
from tocsin.rules.rule import Rule
from tocsin.store.rows import Notification, SetAside, Watch

NewId = Callable[[], str]
NotWell = dict[tuple[str, bool], str]
"""By rule, and whether of its backfills, the fingerprint of what it found; empty where it cannot tell."""


class Look(Struct, kw_only=True):
    """What one look at a job has changed; the writer keeps all of it in one transaction.

    `settled_until` is when time alone changes it next, whatever the rules say, and `judged` what these said.
    """

    watch: Watch
    alerts: list[Alert]
    state: JobState
    changed: dict[str, Alert] = {}
    entries: tuple[Entry, ...] = ()
    notifications: tuple[Notification, ...] = ()
    cancelled: tuple[str, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    runs: tuple[Run, ...] = ()
    unknown: tuple[tuple[int, str], ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    kept_back: tuple[Reason, ...] = ()
    asks: list[datetime] = []
    at_risk: dict[AtRisk, None] = {}
    opened: int = 0
    violations: tuple[Violation, ...] = ()
    settled_until: datetime | None = None
    judged: Judged = []


def look(
    watch: Watch,
    alerts: Sequence[Alert],
    book: Book,
    now: datetime,
    new_id: NewId,
    *,
    groups: Groups,
    neighbours: Neighbours = ALONE,
    ask: Ask = judge,
) -> Look:
    """Return what to make of a job at `now`.

    `alerts` are its open alerts and those resolved within the deduplication window. The watch comes
    back with the state as of now and with `due_at` as the first instant at which anything about the
    job could be different.
    """
    seen = Look(watch=watch, alerts=list(alerts), state=watch.state)
    if watch.job.paused_at is None:
        awaited = neighbours.awaited(watch) if watch.job.definition.upstream else ()
        troubles = neighbours.troubles(watch.job) if book.rule_book.asks_of_needs_of(watch.job) else ()
        findings, not_well = _judge_all(seen, book, now, awaited, troubles, ask=ask)
        if findings or alerts:
            _count_from_now(seen, now)
            _let_lapse(seen, now, book.configuration.policy.acknowledged_for)
            for change in in_turn(_changes(seen, findings, not_well, book=book, now=now, new_id=new_id)):
                _take_change(seen, neighbours.place(change, watch.job, now), book, groups, now)
    seen.watch = replace(
        watch,
        state=seen.state,
        due_at=min(seen.asks) if seen.asks else None,
        judged_under=book.version,
        alerting=bool(seen.alerts) and _is_remembered(seen.alerts, book, now),
    )
    return seen


def _judge_all(
    seen: Look,
    book: Book,
    now: datetime,
    awaited: tuple[Awaited, ...],
    troubles: tuple[Trouble, ...],
    *,
    ask: Ask,
) -> tuple[dict[str, tuple[Rule, Finding]], NotWell]:
    """Return the worst finding of each fingerprint, and the rules that do not say that all is well."""
    job, policy = seen.watch.job, book.configuration.policy
    settled = settle(job, seen.watch.state, now, blind=book.blind, abandon_after=policy.abandon_after)
    seen.state = settled.state
    held_to = book.rule_book.held_to(job)
    if held_to != settled.state.held_to:
        settled = replace(settled, state=replace(settled.state, held_to=held_to))
        seen.state = settled.state
    seen.occurrences, seen.runs, seen.unknown = settled.decided, settled.runs, settled.unknown
    if settled.ask_again_at is not None:
        seen.asks.append(settled.ask_again_at)
    if settled.state.unlearned is not None:
        learn_at = learns_at(seen.watch.learned, settled.state.unlearned)
        seen.asks += [] if learn_at is None else [learn_at]
    seen.settled_until = min(seen.asks, default=None)
    findings: dict[str, tuple[Rule, Finding]] = {}
    not_well: NotWell = {}
    facts_of_job = Facts(
        job=job,
        state=settled.state,
        learned=seen.watch.learned,
        blind=book.blind,
        awaited=awaited,
        known_failures=book.configuration.known_failures,
        troubles=troubles,
    )
    for facts in apart(facts_of_job):
        _judge_by_all_rules(seen, facts, findings, not_well, book=book, now=now, ask=ask)
    if seen.at_risk or settled.state.at_risk:
        seen.state = replace(settled.state, at_risk=tuple(seen.at_risk))
    if findings:
        seen.state, seen.violations = by_now(seen.state, job.definition.sla, book.blind, now)
    return findings, not_well


def _judge_by_all_rules(
    seen: Look,
    facts: Facts,
    findings: dict[str, tuple[Rule, Finding]],
    not_well: NotWell,
    *,
    book: Book,
    now: datetime,
    ask: Ask,
) -> None:
    rules = book.rule_book.asked_of(seen.watch.job)
    if book.set_aside:
        rules = _without_set_aside(seen, rules, not_well, book, now)
    seen.judged = ask(rules, facts, now)
    for rule, verdict in seen.judged:
        if isinstance(verdict, Verdict):
            _take_verdict(seen, rule, verdict, findings, not_well, of_backfills=facts.of_backfills)
        else:
            until_at = _set_aside(
                seen, rule, verdict, now=now, aside_for=book.configuration.policy.set_aside_for
            )
            _cannot_tell_until(seen, rule, not_well, until_at)


def _without_set_aside(
    seen: Look, rules: Iterable[Rule], not_well: NotWell, book: Book, now: datetime
) -> tuple[Rule, ...]:
    """Return the rules that may be asked; of the others it is not known whether all is well."""
    asked = []
    for rule in rules:
        aside_until_at = book.is_set_aside(rule.name, seen.watch.job.id, now)
        if aside_until_at is None:
            asked.append(rule)
        else:
            _cannot_tell_until(seen, rule, not_well, aside_until_at)
    return tuple(asked)


def _cannot_tell_until(seen: Look, rule: Rule, not_well: NotWell, until_at: datetime) -> None:
    not_well[rule.name, False] = not_well[rule.name, True] = ""
    seen.asks.append(until_at)
    seen.at_risk.update(dict.fromkeys(mark for mark in seen.state.at_risk if mark.rule == rule.name))


def _take_verdict(
    seen: Look,
    rule: Rule,
    verdict: Verdict,
    findings: dict[str, tuple[Rule, Finding]],
    not_well: NotWell,
    *,
    of_backfills: bool,
) -> None:
    if verdict.ask_again_at is not None:
        seen.asks.append(verdict.ask_again_at)
    if verdict.unknown is not None or verdict.cannot_tell:
        not_well[rule.name, of_backfills] = ""
    if verdict.at_risk:
        seen.at_risk.update(dict.fromkeys(verdict.at_risk))
    if verdict.unknown is not None:
        seen.unknown += ((verdict.unknown.window, verdict.unknown.what),)
    if verdict.finding is not None:
        not_well[rule.name, of_backfills] = _add_finding(findings, seen.watch.job, rule, verdict.finding)


def _changes(
    seen: Look,
    findings: dict[str, tuple[Rule, Finding]],
    not_well: NotWell,
    *,
    book: Book,
    now: datetime,
    new_id: NewId,
) -> Iterator[Change]:
    job = seen.watch.job
    open_by_print = {a.fingerprint: a for a in seen.alerts if a.is_open}
    limits = book.configuration.policy.flapping
    for print_, (rule, found) in findings.items():
        alert = open_by_print.pop(print_, None) or _moved(open_by_print, findings, not_well, print_)
        is_flapping = alert is not None and alert.flapping
        going, shown = course_of(job, seen.state, found, limits, is_flapping=is_flapping)
        finding = as_flapping(found, shown) if going is Course.FLAPPING else found
        if alert is None:
            change = open_alert(
                job,
                finding,
                alert_id=new_id(),
                fingerprint=print_,
                runbook=rule.runbook,
                now=now,
                told=told_before(seen.alerts, print_),
            )
            seen.opened += 1
        else:
            change = advance(between(renewed(alert, job, rule.runbook), is_so=False), finding, now)
        yield _by_run(marked(change, going, now), seen.state)
    for alert in open_by_print.values():
        if (alert.rule, alert.backfill) in not_well:
            change = Change(alert=alert, reason=Reason.UNCHANGED)
        else:
            change = _ended(seen, alert, book, now)
        yield change


def _by_run(change: Change, state: JobState) -> Change:
    """Return an alert with whether the run that it is about is at work no more."""
    run = change.alert.run
    return as_past(change, is_past=bool(run) and all(at_work.key != run for at_work in state.open_runs))


def _take_change(seen: Look, placed: Placed, book: Book, groups: Groups, now: datetime) -> None:
    """Take up what has become of an alert, among those of other jobs, and what is said of it."""
    quiet_until = throttled_until(seen.alerts, book.configuration.policy.throttle, now)
    who, note = word_of(seen.state, placed.change.reason)
    voiced = voice(
        placed.change,
        book,
        groups,
        now,
        who=who,
        note=note,
        state=seen.state,
        throttled_until=quiet_until,
    )
    _voice(seen, voiced)
    if placed.entries:
        seen.entries += placed.entries
        seen.kept_back += tuple(entry.reason for entry in placed.entries if entry.kept_back)
    if placed.ask_again_at is not None:
        seen.asks.append(placed.ask_again_at)


def _ended(seen: Look, alert: Alert, book: Book, now: datetime) -> Change:
    """Return an alert whose rule does not hold any more; what flaps is not over by one good run."""
    reason = _why_over(seen, alert, book, now)
    if alert.flapping and reason is Reason.RECOVERED:
        limits = book.configuration.policy.flapping
        going, _ = course_of(seen.watch.job, seen.state, alert, limits, is_flapping=True)
        if going is Course.FLAPPING:
            return Change(alert=between(alert, is_so=True), reason=Reason.UNCHANGED)
        reason = Reason.SETTLED
    who, _ = word_of(seen.state, reason)
    if who:
        return resolve(alert, reason, who, now)
    return Change(alert=advance(alert, None, now).alert, reason=reason)


def _count_from_now(seen: Look, now: datetime) -> None:
    """Let nothing wait for what would have happened only later, because the clock was set back since."""
    for number, alert in enumerate(seen.alerts):
        counted = alert_at(alert, now)
        if counted is not alert:
            seen.alerts[number] = seen.changed[alert.id] = counted


def _let_lapse(seen: Look, now: datetime, acknowledged_for: timedelta) -> None:
    """Let what was put off for a time fire again, before it is asked what the rules say of it."""
    for number, alert in enumerate(seen.alerts):
        change = lapse(alert, seen.state, now)
        if change.reason is Reason.UNCHANGED and alert.state is AlertState.ACKNOWLEDGED:
            change = forget(alert, seen.state, now, acknowledged_for)
        if change.reason is not Reason.UNCHANGED:
            seen.alerts[number] = seen.changed[alert.id] = change.alert
            seen.entries += (entry_of(change.alert, change.reason, now, note=words_of_taking(change.alert)),)


def _moved(
    open_by_print: dict[str, Alert],
    findings: dict[str, tuple[Rule, Finding]],
    not_well: NotWell,
    print_: str,
) -> Alert | None:
    """Take the open alert of a trouble that has another fingerprint by now, such as by a new label.

    It goes on as it is: nobody is told that it is over, and nobody hears of it anew.
    """
    found = findings[print_][1]
    moved = [
        alert
        for old, alert in open_by_print.items()
        if not_well.get((alert.rule, alert.backfill)) == print_
        and alert.condition == found.condition
        and old not in findings
    ]
    alert = max(moved, key=lambda a: a.rule == found.rule, default=None)
    return alert and open_by_print.pop(alert.fingerprint)


def _why_over(seen: Look, alert: Alert, book: Book, now: datetime) -> Reason:
    if alert.rule not in {rule.name for rule in book.rule_book.rules_for(seen.watch.job)}:
        return Reason.RULE_REMOVED
    if seen.state.promised_at == now:
        return Reason.JOB_REDEFINED
    return said_now(seen.state, alert, now) or Reason.RECOVERED


def _set_aside(seen: Look, rule: Rule, error: Exception, *, now: datetime, aside_for: timedelta) -> datetime:
    """Set a rule that has raised aside for this job, where it stops nothing else; return until when."""
    until_at = now + aside_for
    job_id = seen.watch.job.id
    seen.set_aside += (
        SetAside(rule=rule.name, job_id=job_id, at=now, until_at=until_at, error=told_of(error)),
    )
    return until_at


def _add_finding(findings: dict[str, tuple[Rule, Finding]], job: Job, rule: Rule, finding: Finding) -> str:
    print_ = fingerprint(job, finding, rule.fingerprint)
    known = findings.get(print_)
    if known is None or (finding.severity, finding.step) > (known[1].severity, known[1].step):
        findings[print_] = (rule, finding)
    return print_


def told_before(alerts: Iterable[Alert], print_: str) -> Told:
    """Return when earlier alerts of a fingerprint were told; in any order, for clocks are set back."""
    at: Counter[datetime] = Counter()
    for alert in alerts:
        if alert.fingerprint == print_:
            at |= Counter(alert.told.at)
    return Told(at=tuple(sorted(at.elements())))


def _voice(seen: Look, voiced: Voiced) -> None:
    alert = voiced.alert
    known = next((i for i, a in enumerate(seen.alerts) if a.id == alert.id), None)
    if known is None:
        seen.alerts.append(alert)
    elif not voiced.entries and (seen.alerts[known] is alert or seen.alerts[known] == alert):
        if voiced.ask_again_at is not None:
            seen.asks.append(voiced.ask_again_at)
        return
    else:
        seen.alerts[known] = alert
    seen.changed[alert.id] = alert
    seen.entries += tuple(voiced.entries)
    seen.notifications += tuple(voiced.notifications)
    if voiced.kept_back is not None:
        seen.kept_back += (voiced.kept_back,)
    if voiced.cancels_repeats:
        seen.cancelled += (alert.id,)
    if voiced.ask_again_at is not None:
        seen.asks.append(voiced.ask_again_at)


def _is_remembered(alerts: list[Alert], book: Book, now: datetime) -> bool:
    since = now - book.remember_for
    return any(a.is_open or (a.resolved_at is not None and a.resolved_at > since) for a in alerts)
