"""The review of a span: as a page, and as a file that is whole by itself."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse

from tocsin.engine.reporting import QuietRule, Report
from tocsin.engine.span import before, month
from tocsin.rules.wording import clock_time, plural
from tocsin.store.past import Quantiles
from tocsin.web.pages.drawing import Drawing, Stroke
from tocsin.web.pages.rendering import render, style
from tocsin.web.report_text import blind_words, compared, drills_of, lengths_of, reason_words, remarks_of
from tocsin.web.wiring import Wiring

WIDTH: Final = 1_000
HEIGHT: Final = 120
MOST_QUIET: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The review as the templates read it."""

    report: Report
    remarks: tuple[str, ...]
    drills: str
    blind: str
    compared: str
    days: Drawing
    severities: tuple[tuple[str, int], ...]
    waits: tuple[tuple[str, list[tuple[str, Quantiles]]], ...]
    reasons: tuple[tuple[str, int], ...]
    quiet: tuple[QuietRule, ...]
    more_quiet: int

    def stamp(self, at: datetime) -> str:
        """Return an instant in the zone of the review, to the minute."""
        return clock_time(at.replace(second=0, microsecond=0), self.report.span.timezone)


def page_of(wired: Wiring, who: str, report: Report, *, zone_asked: bool) -> HTMLResponse:
    """Return the review as a page of the server; a zone that was asked for goes on from page to page."""
    span = report.span
    zone = f"&{urlencode({'timezone': span.timezone})}"
    here = month(span.first.year, span.first.month, span.timezone)
    return render(
        wired,
        "report.html",
        who=who,
        root="",
        view=view_of(report),
        month=f"{here.first:%Y-%m}",
        before=f"{before(here).first:%Y-%m}",
        asked=f"from={span.first}&to={span.last}{zone}",
        zone_asked=zone if zone_asked else "",
    )


def document_of(wired: Wiring, report: Report) -> HTMLResponse:
    """Return the review as a file that loads nothing; it links to the server where that has an address."""
    css = style()
    root = wired.settings.base_url.rstrip("/") or None
    answer = render(wired, "report_alone.html", root=root, css=css, view=view_of(report))
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    answer.headers["content-security-policy"] = f"default-src 'none'; style-src 'sha256-{digest}'"
    return answer


def view_of(report: Report) -> View:
    """Return the review with what is said and drawn of it."""
    return View(
        report=report,
        remarks=tuple(remarks_of(report)),
        drills=drills_of(report),
        blind=blind_words(report.not_known),
        compared=compared(report),
        days=draw_days(report.volume.by_day),
        severities=tuple((one.word, count) for one, count in report.volume.by_severity if count),
        waits=(
            ("first acknowledged", lengths_of(report.until_taken)),
            ("resolved", lengths_of(report.until_over)),
        ),
        reasons=tuple((reason_words(reason), count) for reason, count in report.suppression.by_reason),
        quiet=report.quiet_rules[:MOST_QUIET],
        more_quiet=max(len(report.quiet_rules) - MOST_QUIET, 0),
    )


def draw_days(by_day: Sequence[tuple[date, int]]) -> Drawing:
    """Return a bar for each day, as high as alerts were opened on it."""
    most = max((count for _, count in by_day), default=0)
    pitch = WIDTH / max(len(by_day), 1)
    strokes = tuple(
        Stroke(kind="day", course=_bar(place * pitch, pitch, count / most), title=f"{day}: {count}")
        for place, (day, count) in enumerate(by_day)
        if count
    )
    return Drawing(width=WIDTH, height=HEIGHT, strokes=strokes, label=_in_words(by_day))


def _bar(x: float, pitch: float, share: float) -> str:
    height = max(round(share * (HEIGHT - 2)), 2)
    return f"M{x + pitch * 0.12:.1f} {HEIGHT}v-{height}h{pitch * 0.76:.1f}v{height}z"


def _in_words(by_day: Sequence[tuple[date, int]]) -> str:
    day, most = max(by_day, key=lambda pair: pair[1])
    if not most:
        return "No alert was opened."
    quiet = sum(1 for _, count in by_day if not count)
    tail = f"; {plural(quiet, 'day')} without any" if quiet else ""
    return f"Alerts opened on each day: most on {day}, {most:,}{tail}."
