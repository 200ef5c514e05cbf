"""Which alerts of a job follow from those of the jobs that it needs. Pure.

What a job needs and did not get in time explains that it is not there in time either, and what it got empty
that it is empty: nothing else. That it fails, hangs or takes too long is its own trouble, and is told.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from operator import itemgetter
from typing import Final

from msgspec import Struct

from tocsin.alerts.alert import Alert, AlertState
from tocsin.alerts.inhibition import Inhibitor
from tocsin.alerts.likely import LikelyCause, unready
from tocsin.alerts.likely import Trouble as Kind
from tocsin.jobs.state import JobState
from tocsin.rules.facts import Trouble
from tocsin.rules.finding import Severity, Why


class Lack(Enum):
    """What is missing."""

    IN_TIME = "in_time"
    DATA = "data"


_ALL: Final = frozenset(Lack)
# What those who need a job lack while it has an alert for this reason.
_EXPLAINS: Final = {
    Why.FAILED: _ALL,
    Why.RETRY_MISSING: _ALL,
    Why.NOT_STARTED: _ALL,
    Why.DEADLINE_AT_RISK: frozenset({Lack.IN_TIME}),
    Why.DEADLINE_NEAR: _ALL,
    Why.DEADLINE_MISSED: _ALL,
    Why.DURATION_NEAR: _ALL,
    Why.DURATION_EXCEEDED: _ALL,
    Why.NO_HEARTBEAT: _ALL,
    Why.NO_PROGRESS: _ALL,
    Why.NO_END: _ALL,
    Why.NO_RECORDS: frozenset({Lack.DATA}),
    Why.TOO_FEW_RECORDS: frozenset({Lack.DATA}),
}
_LACKS: Final = {
    Why.NOT_STARTED: Lack.IN_TIME,
    Why.DEADLINE_AT_RISK: Lack.IN_TIME,
    Why.DEADLINE_NEAR: Lack.IN_TIME,
    Why.DEADLINE_MISSED: Lack.IN_TIME,
    Why.NO_RECORDS: Lack.DATA,
    Why.TOO_FEW_RECORDS: Lack.DATA,
}


# What is late, failed or brought too little: what only may become so is not told of those who need it.
_TROUBLES: Final = _EXPLAINS.keys() - {Why.DEADLINE_NEAR, Why.DURATION_NEAR}


class Needed(Struct, frozen=True, kw_only=True, gc=False):
    """A job that another needs, itself or by way of others, with its state and its open alerts.

    `between` are the states of the jobs on the way. `unheard` are those of its alerts that nobody hears
    of for now: what is silenced, put off, or told by nothing but a daily letter.
    """

    job: str
    state: JobState
    alerts: tuple[Alert, ...] = ()
    between: tuple[JobState, ...] = ()
    unheard: frozenset[str] = frozenset()

    @property
    def is_well(self) -> bool:
        """Whether its own last runs ended well."""
        return all(run.backfill for run in self.state.failures)


def lack_of(alert: Alert) -> Lack | None:
    """Return what an alert says is missing, where another job can be the cause of that; else None."""
    return _LACKS.get(alert.why)


def inhibitor_of(alert: Alert, needed: Iterable[Needed]) -> Inhibitor | None:
    """Return the alert of a needed job that this one follows from: the oldest of them, or None.

    One that is itself muted, or that nobody hears of, does not count: so somebody is told of one alert at
    least, also where jobs need each other in a circle. Nor does one that began before a job between the two
    last ended well, one of a backfill where a live run is missed, or one that flaps and is held open through
    a good run. A `page` is muted only by a page, or by what somebody has in hand: else nobody would be woken.
    """
    lack = lack_of(alert)
    if lack is None:
        return None
    found = [
        source
        for one in needed
        for source in one.alerts
        if lack in _EXPLAINS.get(source.why, ())
        and source.id not in one.unheard
        and _counts(source, alert)
        and _lasts(source, one)
    ]
    oldest = min(found, key=lambda source: (source.opened_at, source.id), default=None)
    return None if oldest is None else Inhibitor(alert_id=oldest.id, job=oldest.job)


def troubles_of(needed: Iterable[Needed]) -> tuple[Trouble, ...]:
    """Return what is late, failed or brought too little of what a job needs, the first to be noticed first.

    What is muted by another alert follows from that, and is left out; so is what concerns backfills.
    """
    found = [
        (source.opened_at, source.id, source, one)
        for one in needed
        for source in one.alerts
        if _is_trouble(source)
    ]
    return tuple(
        Trouble(job=one.job, since_at=source.since_at, opened_at=source.opened_at, summary=source.summary)
        for _, _, source, one in sorted(found, key=itemgetter(0, 1))
        if _lasts(source, one)
    )


def as_trouble(alert: Alert | None) -> str:
    """Return what those hear of an alert who ask how what they need is; nothing where it is no trouble."""
    return alert.summary if alert is not None and _is_trouble(alert) else ""


def _is_trouble(source: Alert) -> bool:
    return source.is_open and not source.backfill and source.why in _TROUBLES and not _is_muted(source)


def _is_muted(source: Alert) -> bool:
    return source.inhibited is not None and source.inhibited.is_by_another


def likely_cause_of(
    alert: Alert, state: JobState, needed: Iterable[Needed], now: datetime
) -> LikelyCause | None:
    """Return what an alert of a job in this state most likely follows from, among what that needs; or None.

    That is the oldest alert that nothing mutes: of any severity where something is not there in time, else
    only one that began before. Where none is open it is what has not ended well since the job last started,
    unless the job is at work, and so has what it needs.
    """
    known, lack = tuple(needed), lack_of(alert)
    found = [
        (source, one)
        for one in known
        for source in one.alerts
        if _is_apart(source, alert) and _explains(source, alert, lack) and _lasts(source, one)
    ]
    if found:
        oldest, of = min(found, key=lambda pair: (pair[0].opened_at, pair[0].id))
        return LikelyCause(
            job=of.job,
            trouble=Kind.ALERT,
            since_at=oldest.since_at,
            seen_at=now,
            summary=oldest.summary,
            alert_id=oldest.id,
            others=len({one.job for _, one in found}) - 1,
        )
    if lack is not Lack.IN_TIME or any(run.status.is_running for run in state.open_runs):
        return None
    before_at = state.last_started_at
    unmade = [
        unready(one.job, one.state, before_at=before_at, now=now)
        for one in known
        if not any(_is_after(between.last_success_at, before_at) for between in one.between)
    ]
    return min((one for one in unmade if one is not None), key=_rank, default=None)


def _rank(cause: LikelyCause) -> tuple[bool, datetime]:
    return cause.trouble is Kind.NOT_STARTED, cause.since_at


def _is_after(at: datetime | None, before_at: datetime | None) -> bool:
    return at is not None and (before_at is None or at > before_at)


def _explains(source: Alert, alert: Alert, lack: Lack | None) -> bool:
    explained = _EXPLAINS.get(source.why, frozenset())
    if lack is not None:
        return lack in explained
    return bool(explained) and source.since_at <= alert.since_at


def _counts(source: Alert, alert: Alert) -> bool:
    if not _is_apart(source, alert):
        return False
    is_heard = source.severity is Severity.PAGE or source.state is AlertState.ACKNOWLEDGED
    return is_heard or alert.severity is not Severity.PAGE


def _is_apart(source: Alert, alert: Alert) -> bool:
    """Whether an alert is another one, open, not muted, and not of a backfill where a live run is amiss."""
    if not source.is_open or source.id == alert.id:
        return False
    if _is_muted(source):
        return False
    return alert.backfill or not source.backfill


def _lasts(source: Alert, needed: Needed) -> bool:
    if source.flapping and needed.is_well:
        return False
    ended = (state.last_success_at for state in needed.between)
    return all(at is None or at <= source.since_at for at in ended)
