"""Silences: what is muted, made by a person for a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tocsin.alerts.alert import Alert, AlertState
from tocsin.alerts.breadth import MAX_NAMED, Preview, preview
from tocsin.alerts.matcher import Matcher, match_all, read_matcher
from tocsin.alerts.muting import OWN_AUDIT
from tocsin.alerts.silence import Silence
from tocsin.engine.commands import AddSilence, ExpireSilence, ExtendSilence
from tocsin.engine.draft import SYSTEM_JOB
from tocsin.engine.silencing import MAX_SILENCE
from tocsin.engine.voicing import labels_of
from tocsin.errors import InvalidMatcher
from tocsin.jobs.job import Job
from tocsin.store.base import Reading
from tocsin.web.api.describing import silence_shape
from tocsin.web.api.inputs import Who, carry_out, invalid, not_found
from tocsin.web.api.shape import Page, Shape
from tocsin.web.api.shapes import DoneShape, SilenceShape
from tocsin.web.faults import ProblemError
from tocsin.web.names import kept_text, name_fault
from tocsin.web.wiring import Wired, Wiring

MAX_MATCHERS: Final = 20
MAX_COMMENT: Final = 1_000
SHOWN_ENDED: Final = timedelta(days=7)
MAX_JOBS: Final = 5_000
MAX_ALERTS: Final = 1_000
PAGE: Final = 500
OPEN: Final = (AlertState.FIRING, AlertState.ACKNOWLEDGED)

router = APIRouter(prefix="/api/v1/silences", tags=["silences"])


class NewSilence(BaseModel):
    """What shall be muted; all matchers must match. Give `ends_at` or `for_minutes`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    matchers: Annotated[
        list[Annotated[str, Field(max_length=1_500)]], Field(min_length=1, max_length=MAX_MATCHERS)
    ]
    """In the form `job="daily_etl"`, with `=`, `!=`, `=~` or `!~`."""
    starts_at: AwareDatetime | None = None
    """Now, if left out."""
    ends_at: AwareDatetime | None = None
    for_minutes: Annotated[float, Field(gt=0, le=527_040, allow_inf_nan=False)] | None = None
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] = ""
    """Why; the others will want to know."""


class Meant(BaseModel):
    """What a silence would mute; all matchers must match."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    matchers: Annotated[
        list[Annotated[str, Field(max_length=1_500)]], Field(min_length=1, max_length=MAX_MATCHERS)
    ]
    """In the form `job="daily_etl"`, with `=`, `!=`, `=~` or `!~`."""


class Extension(BaseModel):
    """How much longer a silence goes on. Give `ends_at` or `by_minutes`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    ends_at: AwareDatetime | None = None
    by_minutes: Annotated[float, Field(gt=0, le=527_040, allow_inf_nan=False)] | None = None
    """So much later than it ends now."""


class PreviewShape(Shape):
    """What a silence would mute now; nothing is muted by asking."""

    jobs_hit: int
    """How many jobs it matches; tests on severity, condition and rule let every job pass."""
    jobs: int
    """How many jobs were looked at."""
    is_whole: bool
    """Whether these were all."""
    named: list[str]
    """The first jobs that it matches."""
    alerts_hit: int
    """How many open alerts it would mute; what the audit of Tocsin itself has found, nothing mutes."""
    alerts_are_whole: bool
    """Whether every open alert was looked at; else it would mute `alerts_hit` of them at least."""
    alerts: list[str]
    """The first of them: their jobs, and what is wrong."""
    warning: str
    """What makes it look like a mistake: too broad, or nothing at all; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What matchers would mute now: which jobs, and which of the worst open alerts.

    `is_whole`: no open alert was left out.
    """

    jobs: Preview
    alerts: tuple[Alert, ...]
    is_whole: bool


@router.get("")
def list_silences(wired: Wired, _: Who) -> Page[SilenceShape]:
    """List the silences that have not ended, and those that ended in the last seven days."""
    now = wired.clock.now()
    return Page(items=[silence_shape(silence, now) for silence in kept_silences(wired)])


@router.post("/preview")
def preview_silence(wired: Wired, _: Who, body: Meant) -> PreviewShape:
    """Say what a silence would mute, and whether it is too broad."""
    hits = hits_of(wired, _matchers(body.matchers))
    return PreviewShape(
        jobs_hit=hits.jobs.jobs_hit,
        jobs=hits.jobs.jobs,
        is_whole=hits.jobs.is_whole,
        named=list(hits.jobs.named),
        alerts_hit=len(hits.alerts),
        alerts_are_whole=hits.is_whole,
        alerts=[f"{alert.job}: {alert.summary}" for alert in hits.alerts[:MAX_NAMED]],
        warning=hits.jobs.warning,
    )


@router.post("", status_code=201)
def add_silence(wired: Wired, who: Who, body: NewSilence) -> DoneShape:
    """Mute what matches, for a time; judging goes on, and what is still wrong afterwards is told then."""
    now = wired.clock.now()
    starts_at = body.starts_at or now
    ends_at = _end(body, starts_at)
    if ends_at <= max(now, starts_at):
        raise invalid("ends_at", "must lie after the start and in the future")
    if ends_at - now > MAX_SILENCE:
        raise invalid("ends_at", f"must lie within {MAX_SILENCE.days} days")
    matchers = _matchers(body.matchers)
    done = carry_out(
        wired,
        AddSilence(
            matchers=matchers,
            starts_at=starts_at,
            ends_at=ends_at,
            who=who,
            comment=kept_text(body.comment, MAX_COMMENT),
        ),
    )
    with wired.store.reading() as reading:
        warning = _preview(reading, matchers).warning
    return DoneShape(message=f"{done.message}; but {warning}", id=done.id) if warning else done


@router.post("/{silence_id}/extend")
def extend_silence(wired: Wired, who: Who, silence_id: str, body: Extension) -> DoneShape:
    """Let a silence that has not ended go on for longer."""
    if (body.ends_at is None) is (body.by_minutes is None):
        raise invalid("ends_at", "is required, or by_minutes instead; and one of the two is enough")
    ends_at = body.ends_at
    if ends_at is None:
        ends_at = _found(wired, silence_id).ends_at + timedelta(minutes=body.by_minutes or 0)
    return carry_out(wired, ExtendSilence(silence_id=silence_id, ends_at=ends_at, who=who))


@router.delete("/{silence_id}")
def expire_silence(wired: Wired, who: Who, silence_id: str) -> DoneShape:
    """End a silence now."""
    return carry_out(wired, ExpireSilence(silence_id=silence_id, who=who))


def kept_silences(wired: Wiring) -> list[Silence]:
    """Return the silences that have not ended, and those that ended in the last seven days."""
    with wired.store.reading() as reading:
        return reading.silences(ended_since=wired.clock.now() - SHOWN_ENDED)


def hits_of(wired: Wiring, matchers: tuple[Matcher, ...]) -> Hits:
    """Return what matchers would mute now; nothing is muted by asking."""
    with wired.store.reading() as reading:
        jobs = _preview(reading, matchers)
        found = reading.alerts(states=OPEN, limit=MAX_ALERTS + 1)
    open_ = (alert for alert in found[:MAX_ALERTS] if alert.condition != OWN_AUDIT)
    hit = tuple(alert for alert in open_ if match_all(matchers, labels_of(alert)))
    return Hits(jobs=jobs, alerts=hit, is_whole=len(found) <= MAX_ALERTS)


def matcher_in(text: str) -> Matcher:
    """Return the matcher that a text from outside says; InvalidMatcher when it says none."""
    fault = name_fault(text)
    if fault is not None:
        raise InvalidMatcher(fault)
    return read_matcher(text)


def _found(wired: Wiring, silence_id: str) -> Silence:
    found = next((one for one in kept_silences(wired) if one.id == silence_id), None)
    if found is None:
        raise ProblemError(not_found(f"There is no silence {silence_id[:200]!r}.", "silence_id"))
    return found


def _preview(reading: Reading, matchers: tuple[Matcher, ...]) -> Preview:
    found, after = list[Job](), None
    while len(found) < MAX_JOBS:
        page = reading.jobs(after=after, limit=PAGE)
        found += [watch.job for watch in page if watch.job.environment != SYSTEM_JOB.environment]
        if len(page) < PAGE:
            break
        after = page[-1].job.key
    jobs = ((job.name, dict(job.all_labels)) for job in found[:MAX_JOBS])
    return preview(matchers, jobs, is_whole=len(found) < MAX_JOBS)


def _matchers(texts: Sequence[str]) -> tuple[Matcher, ...]:
    return tuple(_matcher(index, text) for index, text in enumerate(texts))


def _matcher(index: int, text: str) -> Matcher:
    try:
        return matcher_in(text)
    except InvalidMatcher as error:
        raise invalid(f"matchers.{index}", str(error)) from None


def _end(body: NewSilence, starts_at: datetime) -> datetime:
    if body.for_minutes is not None and body.ends_at is not None:
        raise invalid("for_minutes", "says the same as ends_at; keep one of the two")
    if body.for_minutes is not None:
        return starts_at + timedelta(minutes=body.for_minutes)
    if body.ends_at is None:
        raise invalid("ends_at", "is required, or for_minutes instead; nothing is muted for ever")
    return body.ends_at
