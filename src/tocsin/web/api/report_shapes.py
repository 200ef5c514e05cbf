"""The review of a span as the API answers it."""

from datetime import date, datetime

from tocsin.alerts.alert import Alert
from tocsin.engine.reporting import NoisyRule, Report
from tocsin.engine.unknowing import NotKnown
from tocsin.rules.finding import Severity
from tocsin.store.past import OfJob, Quantiles
from tocsin.web.api.shape import Shape


class CountShape(Shape):
    """How many there are of what."""

    name: str
    count: int


class DayShape(Shape):
    """How many alerts were opened on a day of the zone."""

    day: date
    count: int


class JobCountShape(Shape):
    """How many there are of a job, under the name that its newest alert bears."""

    environment: str
    job: str
    count: int


class VolumeShape(Shape):
    """The alerts that were opened in the span, and what has become of them by now."""

    alerts: int
    acknowledged: int
    """Somebody has acknowledged them."""
    ended_by_hand: int
    """A person has resolved them, or done something to their job that did, without an acknowledgement."""
    nobody: int
    """Neither."""
    open: int
    previous: int | None
    """How many were opened in the span before: the month before a month, else as many days. Null where
    not all of that is kept."""
    by_severity: dict[str, int]
    by_condition: list[CountShape]
    by_day: list[DayShape]


class TellingShape(Shape):
    """The notifications that were owed in the span, also digests and tests, but not drills."""

    notifications: int
    dead: int
    """Their own target has never taken them."""
    escalated: int
    """How often a further level of an escalation policy was told."""
    by_target: list[CountShape]
    by_kind: list[CountShape]


class DrillsShape(Shape):
    """The drills of the span; they are in no other figure."""

    begun: int
    failed: int
    """How many of these were not proved."""
    notifications: int
    undelivered: int
    """How many of these will never arrive."""


class SuppressionShape(Shape):
    """What somebody was kept from hearing in the span."""

    kept_back: int
    percent: float
    """Its share of what was kept back and what was owed together."""
    by_reason: list[CountShape]
    jobs: list[JobCountShape]
    """The ten of which most was kept back."""


class LengthShape(Shape):
    """How long something took, by nearest rank: what half, or nine tenths, did not exceed."""

    count: int
    median_seconds: float
    p90_seconds: float


class LengthsShape(Shape):
    """How long something took; null and left out where it never happened."""

    all: LengthShape | None
    by_severity: dict[str, LengthShape]


class NoisyRuleShape(Shape):
    """A rule and what became of its alerts."""

    rule: str
    conditions: list[str]
    alerts: int
    acknowledged: int
    nobody: int


class QuietRuleShape(Shape):
    """A rule of the configuration that opened no alert in the span."""

    rule: str
    condition: str
    last_fired_at: datetime | None
    """When it last opened one before the end of the span; null if none is kept."""


class NotTakenShape(Shape):
    """An alert that nobody acknowledged or ended."""

    id: str
    environment: str
    job: str
    severity: str
    rule: str
    summary: str
    opened_at: datetime
    resolved_at: datetime | None


class UnknownNoteShape(Shape):
    """What could not be told of a job after a time in which Tocsin was blind."""

    environment: str
    job: str
    what: str
    at: datetime
    known_at: datetime | None
    """When the job was heard again; null if it was not."""


class NotKnownShape(Shape):
    """What nobody can know of the span, because Tocsin was down or blind; it is in no other figure."""

    blind_windows: int
    blind_seconds: float
    occurrences: int
    """Expected runs due in the span of which nobody can say whether they came."""
    jobs: list[JobCountShape]
    """The ten with most of these."""
    noted: int
    """How often something was noted as unknown of a job: an expected run, or one on its way."""
    notes: list[UnknownNoteShape]
    """The first 20 of these."""


class ReportShape(Shape):
    """The review of a span: what was told, what was held back, how soon somebody had it in hand."""

    span: str
    """In words, such as `October 2026`."""
    first: date
    last: date
    timezone: str
    from_at: datetime
    to_at: datetime
    made_at: datetime
    is_over: bool
    """Whether the span had ended by then."""
    is_whole: bool
    """False where alerts of the span may have been removed because they are old."""
    kept_since: datetime | None
    """What ended before then is not all kept; null while nothing was ever removed."""
    volume: VolumeShape
    telling: TellingShape
    drills: DrillsShape
    suppression: SuppressionShape
    time_to_acknowledge: LengthsShape
    """From opening to the first acknowledgement, of the alerts opened in the span that had one."""
    time_to_resolve: LengthsShape
    """From opening to the end, of the alerts opened in the span that have ended."""
    noisiest_rules: list[NoisyRuleShape]
    noisiest_jobs: list[JobCountShape]
    nobody_acknowledged: list[NotTakenShape]
    """The 20 most severe, and among these the longest."""
    quiet_rules: list[QuietRuleShape]
    not_known: NotKnownShape


def report_shape(report: Report) -> ReportShape:
    """Return a review as the API tells it."""
    span = report.span
    return ReportShape(
        span=span.words,
        first=span.first,
        last=span.last,
        timezone=span.timezone,
        from_at=span.from_at,
        to_at=span.to_at,
        made_at=report.made_at,
        is_over=report.is_over,
        is_whole=report.is_whole,
        kept_since=report.kept_since,
        volume=_volume(report),
        telling=TellingShape(
            notifications=report.telling.owed,
            dead=report.telling.dead,
            escalated=report.telling.escalated,
            by_target=_counts(report.telling.by_target),
            by_kind=_counts(report.telling.by_kind),
        ),
        drills=DrillsShape(
            begun=report.drills.begun,
            failed=report.drills.failed,
            notifications=report.drills.owed,
            undelivered=report.drills.dead,
        ),
        suppression=SuppressionShape(
            kept_back=report.suppression.kept_back,
            percent=report.suppression.percent,
            by_reason=_counts(report.suppression.by_reason),
            jobs=_jobs(report.suppression.jobs),
        ),
        time_to_acknowledge=_lengths(report.until_taken),
        time_to_resolve=_lengths(report.until_over),
        noisiest_rules=[_noisy(rule) for rule in report.rules],
        noisiest_jobs=_jobs(report.jobs),
        nobody_acknowledged=[_not_taken(alert) for alert in report.not_taken],
        quiet_rules=[
            QuietRuleShape(rule=one.rule, condition=one.condition, last_fired_at=one.last_fired_at)
            for one in report.quiet_rules
        ],
        not_known=_not_known(report.not_known),
    )


def _not_known(found: NotKnown) -> NotKnownShape:
    return NotKnownShape(
        blind_windows=found.windows,
        blind_seconds=found.blind_for.total_seconds(),
        occurrences=found.occurrences,
        jobs=_jobs(found.jobs),
        noted=found.noted,
        notes=[
            UnknownNoteShape(
                environment=note.environment,
                job=note.job,
                what=note.what,
                at=note.at,
                known_at=note.known_at,
            )
            for note in found.notes
        ],
    )


def _volume(report: Report) -> VolumeShape:
    volume = report.volume
    return VolumeShape(
        alerts=volume.alerts,
        acknowledged=volume.taken,
        ended_by_hand=volume.by_hand,
        nobody=volume.left,
        open=volume.open,
        previous=volume.previous,
        by_severity={severity.word: count for severity, count in volume.by_severity},
        by_condition=_counts(volume.by_condition),
        by_day=[DayShape(day=day, count=count) for day, count in volume.by_day],
    )


def _counts(pairs: tuple[tuple[str, int], ...]) -> list[CountShape]:
    return [CountShape(name=name, count=count) for name, count in pairs]


def _jobs(jobs: tuple[OfJob, ...]) -> list[JobCountShape]:
    return [JobCountShape(environment=one.environment, job=one.job, count=one.count) for one in jobs]


def _lengths(found: tuple[Quantiles, ...]) -> LengthsShape:
    by = {one.severity: _length(one) for one in found}
    return LengthsShape(
        all=by.get(None), by_severity={one.word: by[one] for one in reversed(Severity) if one in by}
    )


def _length(one: Quantiles) -> LengthShape:
    return LengthShape(count=one.count, median_seconds=one.median_seconds, p90_seconds=one.p90_seconds)


def _noisy(rule: NoisyRule) -> NoisyRuleShape:
    return NoisyRuleShape(
        rule=rule.rule,
        conditions=list(rule.conditions),
        alerts=rule.count,
        acknowledged=rule.taken,
        nobody=rule.left,
    )


def _not_taken(alert: Alert) -> NotTakenShape:
    return NotTakenShape(
        id=alert.id,
        environment=alert.environment,
        job=alert.job,
        severity=alert.severity.word,
        rule=alert.rule,
        summary=alert.summary,
        opened_at=alert.opened_at,
        resolved_at=alert.resolved_at,
    )
