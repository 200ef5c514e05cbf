"""What the API answers with: one shape for each thing, described for its readers."""

from datetime import datetime

from tocsin.web.api.shape import Shape


class FaultShape(Shape):
    """One thing that is wrong with a request."""

    field: str
    message: str


class ErrorDetail(Shape):
    """What went wrong."""

    code: str
    """A word for programs, such as `not_found`."""
    message: str
    """A sentence for people: what, where, what to do."""
    field: str | None = None
    """The field that is wrong, as a path with dots."""
    faults: list[FaultShape] | None = None
    """Every fault found, at most 20."""


class ErrorShape(Shape):
    """The form of every error."""

    error: ErrorDetail


class DoneShape(Shape):
    """Something was carried out and is durable."""

    message: str
    """What was done, also to what hung on it: for a job, what became of its alerts."""
    id: str = ""
    """What it made or changed."""


class CheckInResult(Shape):
    """What became of one check-in."""

    index: int
    """Its place in the list that was sent, from 0."""
    status: str
    """`accepted`, `duplicate`, `late` (kept, changed nothing) or `rejected`."""
    run: str | None = None
    """The run that it counted for."""
    field: str | None = None
    """Where it is rejected, what is wrong; where it is accepted, what was left out of it."""
    message: str | None = None
    faults: list[FaultShape] | None = None


class CheckInResults(Shape):
    """What became of each check-in, in the order they were sent."""

    results: list[CheckInResult]


class ProgressShape(Shape):
    """How far a run has come."""

    done: float
    total: float | None = None


class AttemptShape(Shape):
    """One try of a run that had more than one."""

    number: int
    ended_at: datetime
    good: bool
    exit_code: int | None
    error: str


class RemarkShape(Shape):
    """What a person has said of a run, who, when and why."""

    meaning: str
    """`expected`, `excluded` or `new_normal`."""
    who: str
    at: datetime
    note: str


class RunShape(Shape):
    """One execution of a job."""

    run: str
    status: str
    """`pending`, `running`, `success`, `failed`, `timeout` or `skipped`."""
    phase: str
    nominal_at: datetime | None
    """The expected run that it stands for."""
    deadline_at: datetime | None
    partition: str
    backfill: bool
    scheduled_at: datetime | None
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    last_sign_at: datetime
    queue_wait_seconds: float | None
    execution_seconds: float | None
    total_seconds: float | None
    attempt: int
    max_attempts: int
    attempts: list[AttemptShape]
    progress: ProgressShape | None
    records_ok: int | None
    records_failed: int | None
    exit_code: int | None
    signal: int | None
    error_type: str
    error_message: str
    error_class: str
    """Whether it may pass by itself: `transient`, `permanent` or `unknown`; empty where nothing failed."""
    error_cause: str
    """The name of what it failed of, such as `out_of_memory`; empty where that is not known."""
    error_signature: str
    """The error without numbers, ids, paths and times: equal for equal errors."""
    cause: str
    """What it failed of, in words, and by what that is known."""
    log_tail: str
    cpu_seconds: float | None
    max_rss_bytes: int | None
    metrics: dict[str, float]
    context: dict[str, str]
    remark: RemarkShape | None


class LetOffShape(Shape):
    """Who has skipped or excused an expected run, when and why."""

    who: str
    at: datetime
    reason: str


class OccurrenceShape(Shape):
    """One expected run."""

    nominal_at: datetime
    start_by: datetime | None
    deadline_at: datetime | None
    status: str
    run: str | None
    let_off: LetOffShape | None


class HostClockShape(Shape):
    """The clock of a host that a job runs on, as its check-ins tell it."""

    host: str
    """Empty where check-ins do not say."""
    behind_seconds: float
    """Negative: ahead. Instants that this host reports are corrected by as much."""
    since: datetime
    heard_at: datetime


class AnomalyShape(Shape):
    """How far from its own past a metric may be."""

    spreads: float
    direction: str
    """`both`, `high` or `low`."""
    least: float


class CheckShape(Shape):
    """A limit for one metric of the data that a job writes."""

    id: str
    metric: str
    column: str
    """Empty for a metric of the whole table."""
    key: str
    """The name under which a run sends the metric."""
    threshold_min: float | None
    threshold_max: float | None
    warn_min: float | None
    """Below this it is a warning, whatever the severity; null: there is no such limit."""
    warn_max: float | None
    change_min: float | str | None
    """Least by which it may differ from the last run that passed: a number, or a share such as `-20%`."""
    change_max: float | str | None
    severity: str
    anomaly: AnomalyShape | None
    """How far it may be from its own past; null: only limits count."""


class TimetableShape(Shape):
    """One more schedule of a job, and what is promised of the runs that it names."""

    schedule: str | None
    schedule_kind: str | None
    deadline: str | None
    deadline_offset_minutes: int | None
    grace_period_minutes: float
    business_days_only: bool
    closed_days_only: bool


class PromiseShape(Shape):
    """What is promised of a job; `timetables` are its schedules after the first."""

    timetables: list[TimetableShape]
    schedule: str | None
    schedule_kind: str | None
    timezone: str
    deadline: str | None
    deadline_offset_minutes: int | None
    grace_period_minutes: float
    max_duration_seconds: float | None
    min_duration_seconds: float | None
    warning_minutes_before: float
    critical_minutes_before: float
    business_days_only: bool
    closed_days_only: bool
    max_failure_rate: float | None
    min_records_processed: int | None
    stalled_after_seconds: float | None
    no_progress_after_seconds: float | None
    upstream: list[str]
    runbook: str
    owner: str
    description: str
    checks: list[CheckShape]
    impact: str | None
    """What it costs the business when its work is missing: `low`, `medium`, `high` or `critical`."""
    defined_by: str
    """Who defined it: `file`, `api`, `check_in` or `nobody`; a lower rank never overwrites a higher one."""


class JobShape(Shape):
    """A job and how it stands; `skips` are runs to come that a person has skipped."""

    environment: str
    name: str
    standing: str
    """`fine`, `trouble`, `running`, `failed`, `unknown`, `paused` or `new`."""
    labels: dict[str, str]
    registered_at: datetime
    paused_at: datetime | None
    paused_by: str
    last_seen_at: datetime | None
    last_success_at: datetime | None
    open_runs: int
    open_alerts: int
    last_run: RunShape | None
    """The run that ended last."""
    expected: OccurrenceShape | None
    """The next expected run."""
    skips: list[OccurrenceShape]
    definition: PromiseShape
    wrong_clocks: list[HostClockShape]
    """Those of its hosts of which it is known that they are wrong."""


class InhibitedShape(Shape):
    """What mutes an alert."""

    alert_id: str
    """The alert that is open; empty where none is and it only waits whether one comes."""
    job: str
    rule: str
    """The name of the rule of inhibition; empty where its job needs the other, or both tell of a run."""
    since_at: datetime
    until_at: datetime | None
    """Set once nothing mutes it any more: when it is told if it still holds."""


class AlertShape(Shape):
    """One trouble that somebody should know of."""

    id: str
    state: str
    """`firing`, `acknowledged` or `resolved`."""
    severity: str
    condition: str
    rule: str
    why: str
    environment: str
    job: str
    run: str
    summary: str
    since_at: datetime
    """When the trouble began."""
    opened_at: datetime
    """When we saw it."""
    changed_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    acknowledged_until: datetime | None
    """When the acknowledgement ends by itself, if it does."""
    snoozed_by: str
    snoozed_until: datetime | None
    """When the snooze ends at the latest."""
    snooze_end: str
    """What ends it: `time`, `next_run`, `next_success`, or nothing where it is not snoozed."""
    resolved_at: datetime | None
    resolved_by: str
    held_back_until: datetime | None
    """Set while a silence or deduplication keeps something back."""
    inhibited: InhibitedShape | None
    """Set while another alert mutes it, and while it waits whether one does."""
    evidence: dict[str, str]
    next_step: str
    runbook: str
    owner: str
    labels: dict[str, str]
    backfill: bool
    """It is about backfills alone, and never pages."""
    error_class: str
    """Whether the failure may pass by itself: `transient`, `permanent`, `unknown`; empty for other alerts."""
    error_cause: str
    """The name of what the run failed of, such as `out_of_memory`; empty where that is not known."""
    error_signature: str
    """The error without numbers, ids, paths and times: equal for equal errors."""
    log_tail: str
    told: int
    """How many notifications have been sent out about it."""
    groups: list[str]
    """The groups that speak for it: what is told of them is told of it."""
    fingerprint: str


class EntryShape(Shape):
    """One line of an alert's history."""

    at: datetime
    reason: str
    state: str
    severity: str
    who: str
    note: str


class DeliveryShape(Shape):
    """One try to hand over a notification."""

    attempt: int
    started_at: datetime
    ended_at: datetime
    outcome: str
    """`sent`, `retry`, `unknown` (may have arrived) or `failed`."""
    detail: str


class NotificationShape(Shape):
    """What was owed to one target, and how it went."""

    key: str
    target: str
    kind: str
    state: str
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    attempts: int
    last_error: str
    fallback_of: str
    deliveries: list[DeliveryShape]


class WholeAlertShape(AlertShape):
    """An alert with all that happened to it."""

    history: list[EntryShape]
    notifications: list[NotificationShape]


class SilenceShape(Shape):
    """What is muted, until when, by whom."""

    id: str
    state: str
    """`active`, `pending` or `ended`."""
    matchers: list[str]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    created_at: datetime
    comment: str
    extended_by: str
    """Who last let it go on for longer; else empty."""
    expired_by: str
