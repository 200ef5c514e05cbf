"""The history of all alerts: was I told, when, by which way, and why not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from tocsin.engine.recalling import EVER, Line, Outcome, Places, Question, Recalled, recall
from tocsin.engine.storming import words_of
from tocsin.jobs.job import JobKey
from tocsin.notify.message import MessageKind
from tocsin.store.base import Reading
from tocsin.store.codec import instant, micros
from tocsin.store.past import Place
from tocsin.web.api.describing import notification_shapes
from tocsin.web.api.inputs import Cursor, Limit, Who, found_job, invalid, read_cursor, write_cursor
from tocsin.web.api.shape import Page, Shape
from tocsin.web.api.shapes import NotificationShape
from tocsin.web.wiring import Wired, Wiring

MAX_NAME: Final = 200
DEFAULT_ENVIRONMENT: Final = "production"
_OUTCOMES: Final = ", ".join(one.value for one in Outcome)

router = APIRouter(prefix="/api/v1", tags=["reports"])


class LineShape(Shape):
    """One thing that was decided about an alert, or one notification that was owed to somebody."""

    at: datetime
    outcome: str
    """`told`, `waiting`, `failed` or `not_told`; `acted`: a person did something; `decided`: the rest."""
    what: str
    """The reason of a decision, as an alert's own history has it; the kind of a notification."""
    about: str
    """`alert` or `group`; `digest`, `test` or `message` of what is neither."""
    id: str
    """Of what it is about."""
    environment: str
    job: str
    severity: str
    summary: str
    who: str
    note: str
    target: str
    """To whom the notification was owed; empty for a decision."""
    notification: NotificationShape | None
    """With each try to deliver it; null for a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for, as it was written; empty texts ask for nothing."""

    job: str
    environment: str
    to: str
    outcome: str
    since: datetime | None
    until: datetime | None


Since = Annotated[AwareDatetime | None, Query(description="What is older is left out.")]
Until = Annotated[AwareDatetime | None, Query(description="Only what is older is listed.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    since: datetime | None
    until: datetime | None


def _span(since: Since = None, until: Until = None) -> _Span:
    return _Span(since=since, until=until)


def _wish(
    span: Annotated[_Span, Depends(_span)],
    job: Annotated[str, Query(max_length=MAX_NAME, description="Name of a job.")] = "",
    environment: Annotated[str, Query(max_length=MAX_NAME, description="Its environment.")] = "",
    to: Annotated[
        str, Query(max_length=MAX_NAME, description="A receiver, a responder or a user: what concerns them.")
    ] = "",
    outcome: Annotated[str, Query(max_length=20, description=f"One of {_OUTCOMES}.")] = "",
) -> Wish:
    return Wish(job=job, environment=environment, to=to, outcome=outcome, since=span.since, until=span.until)


Wished = Annotated[Wish, Depends(_wish)]


@router.get("/history")
def list_history(
    wired: Wired, _: Who, wish: Wished, limit: Limit = 100, cursor: Cursor = None
) -> Page[LineShape]:
    """List every decision and every notification of all alerts, newest first.

    A page may hold fewer than `limit`, even none, and still name a next one.
    """
    found = recalled(wired, wish, limit=limit, cursor=cursor)
    return Page(items=[line_shape(line) for line in found.lines], next=cursor_of(found))


def recalled(wired: Wiring, wish: Wish, *, limit: int, cursor: str | None) -> Recalled:
    """Return one page of what is asked for, or end the request with 422 or 404."""
    now, configuration = wired.clock.now(), wired.engine.configuration
    outcome = _outcome(wish.outcome)
    since = EVER if wish.since is None else wish.since
    if wish.until is not None and wish.until <= since:
        raise invalid("until", "must lie behind since")
    with wired.store.reading() as reading:
        question = Question(since=since, job_id=_job(reading, wish), name=wish.to, outcome=outcome)
        begin = _places(cursor, wish.until)
        return recall(reading, question, begin, configuration, now=now, limit=limit)


def _job(reading: Reading, wish: Wish) -> int | None:
    if not wish.job:
        if wish.environment:
            raise invalid("environment", "needs a job as well")
        return None
    return found_job(reading, JobKey(wish.environment or DEFAULT_ENVIRONMENT, wish.job)).job.id


def _outcome(text: str) -> Outcome | None:
    if not text:
        return None
    try:
        return Outcome(text)
    except ValueError:
        raise invalid("outcome", f"must be one of {_OUTCOMES}") from None


def _places(cursor: str | None, until: datetime | None) -> Places:
    parts = read_cursor(cursor, 4)
    if parts is None:
        newest = Place(at=until or LATEST)
        return Places(decisions=newest, owed=newest)
    try:
        decided_at, decided_id, owed_at, owed_id = map(int, parts)
        return Places(
            decisions=Place(at=instant(decided_at), id=_id(decided_id)),
            owed=Place(at=instant(owed_at), id=_id(owed_id)),
        )
    except (ValueError, OverflowError):
        raise invalid("cursor", "is not one that a page before has given") from None


LATEST: Final = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
_LARGEST: Final = 2**63 - 1


def _id(number: int) -> int:
    if not 0 <= number <= _LARGEST:
        raise ValueError(number)
    return number


def cursor_of(found: Recalled) -> str | None:
    """Return where the next page begins, as text."""
    following = found.following
    if following is None:
        return None
    places = (following.decisions, following.owed)
    return write_cursor(*(str(part) for place in places for part in (micros(place.at), place.id)))


def line_shape(line: Line) -> LineShape:
    """Return a line as the API tells it."""
    entry = line.decided.entry if line.decided is not None else None
    owed = line.owed.notification if line.owed is not None else None
    about, environment, job, severity, summary = subject_of(line)
    subject_id = owed.alert_id if owed is not None else entry.alert_id if entry is not None else ""
    return LineShape(
        at=line.at,
        outcome=line.outcome.value,
        what=what_of(line),
        about=about,
        id=subject_id,
        environment=environment,
        job=job,
        severity=entry.severity.word if entry is not None else severity,
        summary=summary,
        who=entry.who if entry is not None else "",
        note=entry.note if entry is not None else "",
        target=owed.target if owed is not None else "",
        notification=notification_shapes([owed], line.deliveries)[0] if owed is not None else None,
    )


def what_of(line: Line) -> str:
    """Return the reason of a decision, or the kind of a notification."""
    if line.decided is not None:
        return line.decided.entry.reason.value
    return line.owed.notification.kind if line.owed is not None else ""


def subject_of(line: Line) -> tuple[str, str, str, str, str]:
    """Return the kind of what a line is about, and its environment, job, severity and summary, if any."""
    if line.alert is not None:
        alert = line.alert
        return "alert", alert.environment, alert.job, alert.severity.word, alert.summary
    if line.group is not None:
        group = line.group
        return "group", "", "", group.severity.word, f"{group.told_as_one:,} alerts {words_of(group)}"
    return _ALONE.get(what_of(line), "message"), "", "", "", ""


_ALONE: Final = {MessageKind.SUMMARY.value: "digest", MessageKind.TEST.value: "test"}
