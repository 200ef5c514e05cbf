"""The words of a story, and the values that they stand for."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import TypedDict, Unpack

from tocsin.alerts.matcher import read_matcher
from tocsin.alerts.route import Route
from tocsin.jobs.calendar import Calendar
from tocsin.jobs.checkin import CheckIn, CheckInKind, Detail, Progress, Records
from tocsin.jobs.checks import Check
from tocsin.jobs.job import Definition, Impact, Rank
from tocsin.jobs.occurrence import Timetable
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.rules.finding import Severity
from tocsin.rules.rule import MofN, Rule, SeverityCase
from tocsin.web.instants import Happened, read_happened

Labels = tuple[tuple[str, str], ...]


class JobWords(TypedDict, total=False):
    """What is promised of a job; minutes where nothing else is said, wall times as "08:00"."""

    schedule: str
    also: tuple["JobWords", ...]
    zone: str
    deadline: str
    offset: int
    warn: float
    critical: float
    grace: float
    max_minutes: float
    min_minutes: float
    min_records: int
    max_failure_rate: float
    business_days_only: bool
    closed_days_only: bool
    country: str
    stalled_after_seconds: float
    no_progress_after_seconds: float
    checks: tuple[Check, ...]
    labels: Labels
    upstream: tuple[str, ...]
    runbook: str
    rank: Rank
    impact: Impact


class RuleWords(TypedDict, total=False):
    """What is said of a rule; `m_of_n` is (M, N)."""

    name: str
    severity: str
    job_pattern: str
    matchers: tuple[str, ...]
    in_a_row: int
    m_of_n: tuple[int, int]
    fingerprint: tuple[str, ...]
    message: str
    threshold: float
    page_threshold: float
    window_minutes: float
    least: float
    fewest: int
    of: str
    severity_by: tuple[SeverityCase, ...]


class CheckInWords(TypedDict, total=False):
    """What a job says; `happened` and `nominal` are instants of the story, `records` are the good ones.

    `behind` is by how many minutes the clock of its `host` is behind, by which all that it says is told;
    `on_the_way` how many seconds it took to arrive; `unstamped`, that it does not say when it was sent.
    `metrics` are numbers, or what it sends instead, and `notes` what it says of them.
    """

    environment: str
    happened: str
    nominal: str
    run: str
    seq: int
    partition: str
    backfill: bool
    attempt: int
    max_attempts: int
    records: int
    failed_records: int
    metrics: Mapping[str, float | str]
    notes: Mapping[str, str]
    done: float
    of: float
    error: str
    error_type: str
    exit_code: int
    log: str
    labels: Labels
    definition: Definition
    host: str
    behind: float
    on_the_way: float
    unstamped: bool


def definition_of(at_home: str, **words: Unpack[JobWords]) -> Definition:
    """Return what these words promise: in the zone `at_home` and by the file where nothing else is said."""
    zone = words.get("zone", at_home)
    schedule, deadline = words.get("schedule"), words.get("deadline")
    most, least = words.get("max_minutes"), words.get("min_minutes")
    sla = SLA(
        deadline=time.fromisoformat(deadline) if deadline else None,
        deadline_offset_minutes=words.get("offset"),
        warning_minutes_before=words.get("warn", 30),
        critical_minutes_before=words.get("critical", 15),
        grace_period_minutes=words.get("grace", 5),
        max_duration_seconds=most * 60 if most else None,
        min_duration_seconds=least * 60 if least else None,
        business_days_only=words.get("business_days_only", False),
        min_records_processed=words.get("min_records"),
        max_failure_rate=words.get("max_failure_rate"),
        closed_days_only=words.get("closed_days_only", False),
        warns_by_the_clock="warn" in words or "critical" in words,
    )
    others = [_other(at_home, words, one) for one in words.get("also", ())]
    return Definition(
        schedule=read_schedule(schedule, zone) if schedule else None,
        timetables=tuple(Timetable(schedule=one.schedule, sla=one.sla) for one in others),
        sla=sla,
        calendar=Calendar(country=words.get("country")),
        timezone=zone,
        stalled_after_seconds=words.get("stalled_after_seconds"),
        no_progress_after_seconds=words.get("no_progress_after_seconds"),
        labels=words.get("labels", ()),
        upstream=words.get("upstream", ()),
        runbook=words.get("runbook", ""),
        rank=words.get("rank", Rank.FILE),
        checks=words.get("checks", ()),
        impact=words.get("impact"),
    )


def _other(at_home: str, words: JobWords, own: JobWords) -> Definition:
    """Return what another schedule promises: its own words over those of the job."""
    merged: JobWords = {**words, **own, "also": ()}
    return definition_of(at_home, **merged)


def rule_of(condition: str, **words: Unpack[RuleWords]) -> Rule:
    """Return the rule of these words; it is called after its condition where no name is given."""
    severity, m_of_n = words.get("severity"), words.get("m_of_n")
    plain = Rule(name=words.get("name", condition), condition=condition)
    return Rule(
        name=plain.name,
        condition=condition,
        severity=Severity[severity.upper()] if severity else None,
        job_pattern=words.get("job_pattern", ""),
        matchers=words.get("matchers", ()),
        in_a_row=words.get("in_a_row", 1),
        m_of_n=MofN(bad=m_of_n[0], of=m_of_n[1]) if m_of_n else None,
        fingerprint=words.get("fingerprint", plain.fingerprint),
        message=words.get("message", ""),
        threshold=words.get("threshold"),
        page_threshold=words.get("page_threshold"),
        window_for=timedelta(minutes=words["window_minutes"]) if "window_minutes" in words else None,
        least=words.get("least"),
        fewest=words.get("fewest"),
        of=words.get("of", ""),
        severity_by=words.get("severity_by", ()),
    )


def route_of(matchers: str, receiver: str, *more: str) -> Route:
    """Return the branch of these words; see Story.routes."""
    given = dict(word.split("=") for word in more if "=" in word)
    mute, active = (tuple(given[key].split(",")) if key in given else () for key in ("mute", "active"))
    return Route(
        receiver=receiver,
        matchers=tuple(read_matcher(m) for m in matchers.split()),
        continues="continue" in more,
        mute_time_intervals=mute,
        active_time_intervals=active,
    )


def happened_of(at: datetime, received_at: datetime, **words: Unpack[CheckInWords]) -> Happened:
    """Return when it happened, told by a clock as wrong as the words say, as the server's door reads it."""
    if "behind" not in words and "on_the_way" not in words:
        return at, None
    wrong = timedelta(minutes=words.get("behind", 0))
    sent_at = received_at - timedelta(seconds=words.get("on_the_way", 0))
    by_host, sent_by_host = min(at, sent_at) - wrong, sent_at - wrong
    stamp = None if words.get("unstamped") else sent_by_host.isoformat()
    found = read_happened(by_host.isoformat(), stamp, received_at)
    assert isinstance(found, tuple)
    return found


def _records(ok: int | None, failed: int | None) -> Records | None:
    return None if ok is None and failed is None else Records(ok=ok, failed=failed)


def detail_of(**words: Unpack[CheckInWords]) -> Detail | None:
    """Return what else a check-in carries, if it carries anything."""
    metrics = words.get("metrics", {})
    found = Detail(
        error_message=words.get("error", ""),
        error_type=words.get("error_type", ""),
        exit_code=words.get("exit_code"),
        log_tail=words.get("log", ""),
        context=(("host", words["host"]),) if words.get("host") else (),
        metrics=tuple(sorted((k, v) for k, v in metrics.items() if isinstance(v, float | int))),
        not_numbers=tuple(sorted((k, v) for k, v in metrics.items() if isinstance(v, str))),
        notes=tuple(sorted(words.get("notes", {}).items())),
    )
    return None if found == Detail() else found


def check_in_of(
    kind: CheckInKind,
    job: str,
    *,
    at: datetime,
    received_at: datetime,
    nominal_at: datetime | None,
    **words: Unpack[CheckInWords],
) -> CheckIn:
    """Return the check-in of these words."""
    done = words.get("done")
    happened_at, sent = happened_of(at, received_at, **words)
    return CheckIn(
        job=job,
        kind=kind,
        at=happened_at,
        sent=sent,
        received_at=received_at,
        nominal_at=nominal_at,
        environment=words.get("environment", "production"),
        run=words.get("run"),
        seq=words.get("seq"),
        partition=words.get("partition", ""),
        backfill=words.get("backfill", False),
        attempt=words.get("attempt"),
        max_attempts=words.get("max_attempts"),
        records=_records(words.get("records"), words.get("failed_records")),
        progress=Progress(done=done, total=words.get("of")) if done is not None else None,
        detail=detail_of(**words),
        labels=words.get("labels", ()),
        definition=words.get("definition"),
    )
