"""The first page: is everything all right, and if not, what needs whom."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from tocsin.alerts.alert import Alert, AlertState
from tocsin.alerts.group import Group
from tocsin.alerts.maintenance import MaintenanceWindow
from tocsin.alerts.muting import Mute, muted
from tocsin.engine.draft import SYSTEM_JOB
from tocsin.engine.own_jobs import OWN_JOBS
from tocsin.engine.voicing import labels_of
from tocsin.errors import StoreError
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.store.base import Reading
from tocsin.store.rows import Watch
from tocsin.web.api.inputs import Cursor, read_cursor, write_cursor
from tocsin.web.api.jobs import open_alerts_by_job
from tocsin.web.api.server import health_of
from tocsin.web.pages.drawing import Drawing, draw_strip
from tocsin.web.pages.marks import MarkKind, kind_of, marks_of, newest_first
from tocsin.web.pages.rendering import render
from tocsin.web.pages.visitor import Visitor
from tocsin.web.pages.words import Tally, verdict
from tocsin.web.standing import Standing, expected_next, standing_of
from tocsin.web.wiring import Wired

ROWS: Final = 200
MARKS: Final = 30
MAX_CARDS: Final = 50
MAX_ALERTS: Final = 1_000
MAX_GROUPS: Final = 200
OPEN: Final = (AlertState.FIRING, AlertState.ACKNOWLEDGED)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One job of the list."""

    job: Job
    standing: Standing
    strip: Drawing
    newest: Run | None
    newest_kind: MarkKind | None
    expected: Occurrence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One open alert; `mute` is what keeps it quiet."""

    alert: Alert
    mute: Mute | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that the first page shows of the store."""

    tally: Tally = field(default_factory=Tally)
    alerts: tuple[Alert, ...] = ()
    cards: tuple[Card, ...] = ()
    storms: tuple[Group, ...] = ()
    rows: tuple[Row, ...] = ()
    following: str | None = None


@router.get("/")
def show_overview(
    request: Request,
    wired: Wired,
    who: Visitor,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Show how everything is."""
    place = read_cursor(cursor, 2)
    after = None if place is None else JobKey(place[0], place[1])
    try:
        with wired.store.reading() as reading:
            view = _look(reading, after, q, wired.clock.now(), wired.engine.configuration.maintenance)
    except StoreError:
        view = Overview()
    return render(
        wired,
        "overview.html",
        who=who,
        view=view,
        verdict=verdict(view.tally, list(view.alerts)),
        health=health_of(wired),
        query=q,
        continued=cursor is not None,
        origin=wired.settings.base_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}",
        is_open=wired.access.is_open,
    )


def _look(
    reading: Reading,
    after: JobKey | None,
    query: str,
    now: datetime,
    windows: tuple[MaintenanceWindow, ...],
) -> Overview:
    alerts = reading.alerts(states=OPEN, limit=MAX_ALERTS)
    silences = reading.silences(ended_since=now)
    watches = reading.jobs(after=after, limit=ROWS + 1, search=query)
    shown = watches[:ROWS]
    first = watches if after is None and not query else reading.jobs(after=None, limit=ROWS + 1)
    return Overview(
        tally=_tally(reading, first, now),
        alerts=tuple(alerts),
        cards=tuple(
            Card(alert=alert, mute=muted(silences, windows, labels_of(alert), now))
            for alert in alerts[:MAX_CARDS]
        ),
        storms=_storms(reading),
        rows=_rows(reading, _of_others(shown), now),
        following=write_cursor(*shown[-1].job.key) if len(watches) > ROWS else None,
    )


def _storms(reading: Reading) -> tuple[Group, ...]:
    """Return the groups that have told of alerts as one which are not over, newest first."""
    found = (group for group in reading.groups(MAX_GROUPS) if group.has_spoken and group.open)
    return tuple(sorted(found, key=lambda group: group.opened_at, reverse=True))


def _tally(reading: Reading, first: Sequence[Watch], now: datetime) -> Tally:
    """Count the jobs, and how they stand while the first page holds all of them.

    Whether one is in trouble is not asked: the alerts say so themselves.
    """
    if len(first) > ROWS:
        own = sum(reading.job(key) is not None for key in OWN_JOBS)
        return Tally(jobs=reading.counts().jobs - own)
    standings = Counter(standing_of(watch, 0, now) for watch in _of_others(first))
    return Tally(jobs=standings.total(), standings=standings)


def _of_others(watches: Sequence[Watch]) -> Sequence[Watch]:
    """Leave out the jobs under which Tocsin tells of itself: they never run; their alerts are shown above."""
    return [watch for watch in watches if watch.job.environment != SYSTEM_JOB.environment]


def _rows(reading: Reading, watches: Sequence[Watch], now: datetime) -> tuple[Row, ...]:
    ids = [watch.job.id for watch in watches]
    runs = reading.recent_runs(ids, MARKS)
    occurrences = reading.recent_occurrences(ids, MARKS)
    alerting = open_alerts_by_job(reading, (watch.job.id for watch in watches if watch.alerting))
    return tuple(
        _row(
            watch,
            newest_first(runs.get(watch.job.id, [])),
            occurrences.get(watch.job.id, []),
            alerting[watch.job.id],
            now,
        )
        for watch in watches
    )


def _row(
    watch: Watch, runs: Sequence[Run], occurrences: Sequence[Occurrence], open_alerts: int, now: datetime
) -> Row:
    job = watch.job
    marks = marks_of(runs, occurrences, now=now, timezone=job.definition.timezone, limit=MARKS)
    newest = runs[0] if runs else None
    return Row(
        job=job,
        standing=standing_of(watch, open_alerts, now),
        strip=draw_strip(marks, MARKS),
        newest=newest,
        newest_kind=None if newest is None else kind_of(newest),
        expected=None if job.paused_at is not None else expected_next(watch, now),
    )
