"""The columns that both stores share, and what a row of them means."""

from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import replace

from tocsin.alerts.alert import Alert, AlertState, Entry
from tocsin.alerts.drill import Drill
from tocsin.alerts.group import Group
from tocsin.alerts.silence import Silence
from tocsin.errors import StoreError
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.jobs.state import BlindWindow, JobState
from tocsin.oncall.override import Override
from tocsin.quality.learned import NOTHING_LEARNED, Learned
from tocsin.rules.signature import id_of
from tocsin.store.codec import (
    FOR_EVER,
    Codec,
    Column,
    Columns,
    instant,
    instant_or_none,
    micros,
    micros_or_none,
)
from tocsin.store.rows import (
    Delivery,
    Notification,
    NotificationState,
    SetAside,
    Token,
    Watch,
)

# What changes only when a run ends, and may be long: kept apart, written only when it differs.
MEMORY: Final = (
    "failures",
    "failures_dropped",
    "unmade",
    "recent",
    "pushed_out",
    "last",
    "tallies",
    "measured",
    "measured_lost",
    "held_to",
)
_memory: Final = attrgetter(*MEMORY)

ALERT: Final = Codec(Alert)
CHECK_IN: Final = Codec(CheckIn)
DEFINITION: Final = Codec(Definition)
DRILL: Final = Codec(Drill)
ENTRY: Final = Codec(Entry)
GROUP: Final = Codec(Group)
LEARNED: Final = Codec(Learned, derived=True)
OCCURRENCE: Final = Codec(Occurrence)
OVERRIDE: Final = Codec(Override)
RUN: Final = Codec(Run)
SILENCE: Final = Codec(Silence)
STATE: Final = Codec(JobState, derived=True)
STATE_NOW: Final = Codec(JobState, without=MEMORY, derived=True)
STATE_MEMORY: Final = Codec(
    JobState, without=[name for name in JobState.__struct_fields__ if name not in MEMORY], derived=True
)

BLIND: Final = Columns(BlindWindow)
DELIVERY: Final = Columns(Delivery)
NOTIFICATION: Final = Columns(Notification)
SET_ASIDE: Final = Columns(SetAside)
TOKEN: Final = Columns(Token)

EMPTY: Final = "{}"
TABLES_OF_A_JOB: Final = (
    "watches",
    "memories",
    "histories",
    "runs",
    "occurrences",
    "unknown",
    "set_aside",
    "needs",
)
# Of a notification `n`: the newest reference that its target has given for its alert.
KNOWN_AS: Final = """COALESCE((
            SELECT told.reference FROM notifications AS told
            WHERE told.alert_id = n.alert_id AND told.target = n.target AND told.reference <> ''
            ORDER BY told.seq DESC, told.id DESC LIMIT 1
        ), '')"""
UNFINISHED: Final = frozenset({NotificationState.PENDING, NotificationState.SENDING})
JOB_COLUMNS: Final = "environment, name, definition, registered_at, paused_at, paused_by"
WATCH_COLUMNS: Final = (
    "j.id, j.environment, j.name, j.definition, j.registered_at, j.paused_at, j.paused_by, "
    "w.state, m.memory, m.learned, w.due_at, w.judged_under, w.alerting"
)
ALERT_COLUMNS: Final = (
    "id, fingerprint, job_id, state, severity, opened_at, over_at, held_back, rule, condition, "
    "first_taken_at, ended_by_hand, error_id, body"
)
ENTRY_COLUMNS: Final = "alert_id, job_id, at, reason, kept_back, who, body"


def job_row(job: Job) -> tuple[Column, ...]:
    """Return the columns of JOB_COLUMNS."""
    paused_at = None if job.paused_at is None else micros(job.paused_at)
    definition = DEFINITION.encode(job.definition)
    return (job.environment, job.name, definition, micros(job.registered_at), paused_at, job.paused_by)


def watch_from(row: tuple[Any, ...]) -> Watch:
    """Return the watch of a row of WATCH_COLUMNS."""
    id_, environment, name, definition, registered_at, paused_at, paused_by, state, memory, *rest = row
    learned, due_at, judged_under, alerting = rest[:4]
    unreadable = ""
    try:
        known_as, known = _definition(definition), state_from(state, memory)
        taught = NOTHING_LEARNED if learned is None else LEARNED.decode(learned)
    except StoreError as error:
        known_as, known, taught, unreadable = Definition(), JobState(), NOTHING_LEARNED, str(error)
    job = Job(
        name=name,
        environment=environment,
        registered_at=instant(registered_at),
        definition=known_as,
        id=id_,
        paused_at=instant_or_none(paused_at),
        paused_by=paused_by,
    )
    return Watch(
        job=job,
        state=known,
        learned=taught,
        due_at=instant_or_none(due_at),
        judged_under=judged_under,
        alerting=bool(alerting),
        unreadable=unreadable,
    )


@lru_cache(maxsize=4_096)
def _definition(text: str) -> Definition:
    """Return a definition; jobs that are defined alike share one."""
    return DEFINITION.decode(text)


def state_from(state: str, memory: str | None) -> JobState:
    """Return a job's state from its two parts, each a JSON object."""
    if memory is None or memory == EMPTY:
        return STATE.decode(state)
    return STATE.decode(memory if state == EMPTY else f"{state[:-1]},{memory[1:]}")


def remembers_same(a: JobState, b: JobState) -> bool:
    """Whether the part of two states that is kept apart is the same."""
    if a.recent is b.recent and a.last is b.last and a.failures is b.failures:  # as after most check-ins
        rest = (a.failures_dropped, a.unmade, a.pushed_out, a.tallies, a.measured, a.measured_lost, a.held_to)
        return rest == (
            *(b.failures_dropped, b.unmade, b.pushed_out),
            *(b.tallies, b.measured, b.measured_lost, b.held_to),
        )
    return bool(_memory(a) == _memory(b))


def with_memory_of(now: JobState, before: JobState) -> JobState:
    """Return a state that was read without the part that is kept apart, with that of an earlier one."""
    return replace(now, **dict(zip(MEMORY, _memory(before), strict=True)))


def alert_row(alert: Alert) -> tuple[Column, ...]:
    """Return the columns of ALERT_COLUMNS."""
    over_at = FOR_EVER if alert.is_open else micros(alert.resolved_at or alert.changed_at)
    return (
        alert.id,
        alert.fingerprint,
        alert.job_id,
        alert.state.value,
        alert.severity.value,
        micros(alert.opened_at),
        over_at,
        int(alert.is_open and alert.held_back_until is not None),
        _bare(alert.rule),
        _bare(alert.condition),
        micros_or_none(alert.acknowledged_at),
        int(bool(alert.resolved_by)),
        id_of(alert.error_signature),
        ALERT.encode(alert),
    )


def entry_row(entry: Entry) -> tuple[Column, ...]:
    """Return the columns of ENTRY_COLUMNS, with the alert's id where that of its job stands."""
    at, kept_back = micros(entry.at), int(entry.kept_back)
    of_alert = (entry.alert_id, entry.alert_id)
    return (*of_alert, at, entry.reason.value, kept_back, _bare(entry.who), ENTRY.encode(entry))


def _bare(text: str) -> str:
    """Return a text as a column of PostgreSQL can hold it, which is without NUL; the body keeps it all."""
    return text.replace("\0", "")


def split_states(states: Any) -> tuple[list[str], bool]:  # noqa: ANN401 - any iterable of AlertState
    """Return the open ones among these states, and whether resolved is one of them."""
    wanted = frozenset(states)
    return [s.value for s in wanted if s is not AlertState.RESOLVED], AlertState.RESOLVED in wanted


def finished_row(delivery: Delivery) -> tuple[Column, ...]:
    """Return what a try sets, and of which row.

    First state, attempts, due_at, unknown, finished_at, last_error, reference; then key and lease.
    """
    state = delivery.next_state
    if state is NotificationState.SENDING:
        raise ValueError("a try that has ended leaves nothing being sent")
    return (
        state.value,
        delivery.attempt,
        micros(delivery.next_due_at),
        int(delivery.unknown),
        None if state in UNFINISHED else micros(delivery.ended_at),
        "" if state is NotificationState.SENT else delivery.detail,
        delivery.reference,
        delivery.key,
        delivery.lease,
    )
