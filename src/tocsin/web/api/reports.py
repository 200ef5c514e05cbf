"""The review of a month or another span: as JSON, as text, and as one HTML file that needs nothing else."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from tocsin.engine.reporting import Report, report_of
from tocsin.engine.span import Span, fault_of, last_month, month
from tocsin.errors import InvalidSchedule
from tocsin.jobs.walltime import check_timezone, local_date
from tocsin.web.api.inputs import Who, invalid
from tocsin.web.api.report_shapes import ReportShape, report_shape
from tocsin.web.pages.report import document_of
from tocsin.web.report_text import text_of
from tocsin.web.wiring import Wired, Wiring

_MONTH: Final = re.compile(r"(2\d\d\d)-(0[1-9]|1[0-2])")
_DAY: Final = re.compile(r"2\d\d\d-\d\d-\d\d")


def _answer(kind: str) -> dict[int | str, dict[str, object]]:
    return {200: {"content": {kind: {"schema": {"type": "string"}}}, "description": "The review."}}


Month = Annotated[
    str | None, Query(max_length=50, description="Such as `2026-10`; the last one that is over, if left out.")
]
First = Annotated[
    str | None, Query(alias="from", max_length=50, description="First day, such as `2026-10-05`.")
]
Last = Annotated[
    str | None, Query(alias="to", max_length=50, description="Last day, included; today if left out.")
]
Zone = Annotated[
    str | None,
    Query(max_length=100, description="IANA name of the zone of the days; `defaults.timezone` if left out."),
]

router = APIRouter(prefix="/api/v1", tags=["reports"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for, as it was written."""

    month: str | None
    first: str | None
    last: str | None
    timezone: str | None


def _wish(month: Month = None, first: First = None, last: Last = None, timezone: Zone = None) -> Wish:
    return Wish(month=month, first=first, last=last, timezone=timezone)


Wished = Annotated[Wish, Depends(_wish)]


@router.get("/report")
def get_report(wired: Wired, _: Who, wish: Wished) -> ReportShape:
    """Review a month, or the days from one to another."""
    return report_shape(made(wired, wish))


@router.get("/report.txt", response_class=Response, responses=_answer("text/plain"))
def get_report_as_text(wired: Wired, _: Who, wish: Wished) -> Response:
    """Review it as plain text."""
    return Response(text_of(made(wired, wish)), media_type="text/plain; charset=utf-8")


@router.get("/report.html", response_class=Response, responses=_answer("text/html"))
def get_report_as_html(wired: Wired, _: Who, wish: Wished) -> Response:
    """Review it as one file of HTML, which loads nothing and can be sent on."""
    return document_of(wired, made(wired, wish))


def made(wired: Wiring, wish: Wish) -> Report:
    """Return the review that is asked for, or end the request with 422."""
    now = wired.clock.now()
    span = _span_of(wish, _zone(wired, wish.timezone), now)
    fault = fault_of(span, now)
    if fault is not None:
        raise invalid("month" if wish.first is None else "from", fault)
    with wired.store.reading() as reading:
        return report_of(reading, wired.engine.configuration, span, now)


def _span_of(wish: Wish, zone: str, now: datetime) -> Span:
    if wish.month is not None:
        if wish.first is not None or wish.last is not None:
            raise invalid("month", "says the same as from and to; keep one of the two")
        found = _MONTH.fullmatch(wish.month.strip())
        if found is None:
            raise invalid("month", "must be a year and a month, such as 2026-10")
        return month(int(found[1]), int(found[2]), zone)
    if wish.first is None:
        if wish.last is not None:
            raise invalid("to", "needs a from as well")
        return last_month(now, zone)
    end = local_date(now, zone) if wish.last is None else _day(wish.last, "to")
    return Span(first=_day(wish.first, "from"), last=end, timezone=zone)


def _day(text: str, field: str) -> date:
    try:
        if _DAY.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise invalid(field, "must be a day, such as 2026-10-05")


def _zone(wired: Wiring, asked: str | None) -> str:
    if asked is None:
        return wired.engine.configuration.defaults.timezone
    try:
        return check_timezone(asked)
    except InvalidSchedule as error:
        raise invalid("timezone", str(error)) from None
