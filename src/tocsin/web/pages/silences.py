"""The pages of silences: what is muted, and how to mute more: see what it would hit, then confirm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from tocsin.alerts.alert import Alert
from tocsin.alerts.matcher import Matcher
from tocsin.alerts.silence import Silence
from tocsin.engine.commands import AddSilence, ExpireSilence, ExtendSilence
from tocsin.engine.silencing import MAX_SILENCE, fault_of
from tocsin.errors import InvalidMatcher
from tocsin.jobs.job import Job
from tocsin.jobs.walltime import instant_of
from tocsin.web.api.inputs import carry_out, invalid
from tocsin.web.api.silences import MAX_COMMENT, MAX_MATCHERS, hits_of, kept_silences, matcher_in
from tocsin.web.names import kept_text
from tocsin.web.pages.rendering import render
from tocsin.web.pages.visitor import Form, Visitor, back_to, local_path
from tocsin.web.pages.words import SILENCES
from tocsin.web.wiring import Wired, Wiring

MAX_TEXT: Final = 8_000
NAMED: Final = 10
LENGTHS: Final = (
    ("60", "1 hour"),
    ("120", "2 hours"),
    ("240", "4 hours"),
    ("480", "8 hours"),
    ("1440", "1 day"),
    ("4320", "3 days"),
    ("10080", "1 week"),
    ("40320", "4 weeks"),
)
LONGER: Final = (("1 hour", 60), ("4 hours", 240), ("1 day", 1_440), ("1 week", 10_080))

router = APIRouter(prefix=SILENCES, include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What somebody has written into the form, as they wrote it; `back` is where they came from."""

    matchers: str = ""
    begin: str = ""
    length: str = LENGTHS[0][0]
    comment: str = ""
    back: str = SILENCES


def draft_for_alert(alert: Alert, back: str) -> Written:
    """Return the form for what is like an alert: of its job, under its condition."""
    tests = (("job", alert.job), ("environment", alert.environment), ("condition", alert.condition))
    return _draft(tests, back)


def draft_for_job(job: Job, back: str) -> Written:
    """Return the form for whatever goes wrong with a job."""
    return _draft((("job", job.name), ("environment", job.environment)), back)


def _draft(tests: tuple[tuple[str, str], ...], back: str) -> Written:
    lines = (str(Matcher(name=name, operator="=", value=value)) for name, value in tests)
    return Written(matchers="\n".join(lines), back=back)


@router.get("")
def show_silences(wired: Wired, who: Visitor) -> HTMLResponse:
    """List what is muted, what will be, and what was until lately."""
    now = wired.clock.now()
    found = sorted(kept_silences(wired), key=lambda one: one.ends_at)
    return render(
        wired,
        "silences.html",
        who=who,
        silences=[(one, _longer(one)) for one in found if now < one.ends_at],
        ended=[one for one in reversed(found) if one.ends_at <= now],
        draft=Written(),
        lengths=LENGTHS,
        zone=wired.engine.configuration.defaults.timezone,
    )


@router.post("/preview")
def preview_silence(wired: Wired, who: Visitor, form: Form) -> HTMLResponse:
    """Say what would be muted and until when, and ask whether that is meant."""
    draft = _draft_of(form)
    meant = _meant(wired, who, draft)
    if isinstance(meant, str):
        return _refused(wired, who, draft, meant)
    hits = hits_of(wired, meant.matchers)
    return render(
        wired,
        "silence.html",
        who=who,
        draft=draft,
        fault="",
        meant=meant,
        hits=hits,
        named=hits.alerts[:NAMED],
        lengths=LENGTHS,
        zone=wired.engine.configuration.defaults.timezone,
    )


@router.post("")
def add_silence(wired: Wired, who: Visitor, form: Form) -> Response:
    """Mute what was confirmed."""
    draft = _draft_of(form)
    meant = _meant(wired, who, draft)
    if isinstance(meant, str):
        return _refused(wired, who, draft, meant)
    carry_out(wired, meant)
    return back_to(form, SILENCES)


@router.post("/{silence_id}/extend")
def extend_silence(wired: Wired, who: Visitor, silence_id: str, form: Form) -> Response:
    """Let a silence go on until the instant that was chosen; pressing twice makes it no longer."""
    until = form.get("until", "")
    try:
        ends_at = datetime.fromisoformat(until)
    except ValueError:
        raise invalid("until", "is none that the page offers") from None
    if ends_at.tzinfo is None:
        raise invalid("until", "is none that the page offers")
    carry_out(wired, ExtendSilence(silence_id=silence_id, ends_at=ends_at, who=who))
    return back_to(form, SILENCES)


@router.post("/{silence_id}/expire")
def expire_silence(wired: Wired, who: Visitor, silence_id: str, form: Form) -> Response:
    """End a silence now."""
    carry_out(wired, ExpireSilence(silence_id=silence_id, who=who))
    return back_to(form, SILENCES)


def _draft_of(form: Mapping[str, str]) -> Written:
    return Written(
        matchers=form.get("matchers", "")[:MAX_TEXT],
        begin=form.get("begin", ""),
        length=form.get("for_minutes", ""),
        comment=kept_text(form.get("comment", ""), MAX_COMMENT),
        back=local_path(form.get("back", SILENCES)),
    )


def _meant(wired: Wiring, who: str, draft: Written) -> AddSilence | str:
    """Return the command that a form means, or what is wrong with the form."""
    matchers = _matchers(draft.matchers)
    if isinstance(matchers, str):
        return matchers
    if draft.length not in dict(LENGTHS):
        return "For how long? Choose a length that the page offers."
    now = wired.clock.now()
    starts_at = _begin(draft.begin, wired.engine.configuration.defaults.timezone) if draft.begin else now
    if starts_at is None:
        return "The beginning cannot be read. Write it as 2026-11-23T09:00, or leave it empty for now."
    if starts_at - now > MAX_SILENCE:
        return f"It must begin within {MAX_SILENCE.days} days."
    command = AddSilence(
        matchers=matchers,
        starts_at=max(starts_at, now),
        ends_at=starts_at + timedelta(minutes=int(draft.length)),
        who=who,
        comment=draft.comment,
    )
    fault = fault_of(command, now)
    return command if fault is None else f"{fault[0].upper()}{fault[1:]}."


def _matchers(text: str) -> tuple[Matcher, ...] | str:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return 'What shall be muted? Write one test on a line, such as job="daily_etl".'
    if len(lines) > MAX_MATCHERS:
        return f"There are {len(lines)} tests; at most {MAX_MATCHERS} are taken."
    found = list[Matcher]()
    for number, line in enumerate(lines, start=1):
        try:
            found.append(matcher_in(line))
        except InvalidMatcher as error:
            return f"Test {number}: {error}."
    return tuple(found)


def _begin(text: str, timezone: str) -> datetime | None:
    """Return the instant that a field of a browser means in a zone; None if it cannot be read."""
    try:
        there = datetime.fromisoformat(text)
        return None if there.tzinfo else instant_of(there.date(), there.time(), timezone)
    except (ValueError, OverflowError):
        return None


def _refused(wired: Wiring, who: str, draft: Written, fault: str) -> HTMLResponse:
    return render(
        wired,
        "silence.html",
        status=422,
        who=who,
        draft=draft,
        fault=fault,
        meant=None,
        hits=None,
        named=(),
        lengths=LENGTHS,
        zone=wired.engine.configuration.defaults.timezone,
    )


def _longer(silence: Silence) -> list[tuple[str, str]]:
    return [
        ((silence.ends_at + timedelta(minutes=more)).isoformat(), f"{words} more") for words, more in LONGER
    ]
