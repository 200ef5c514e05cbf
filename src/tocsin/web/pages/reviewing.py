"""The page that looks back on a month."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from tocsin.web.api.reports import Wished, made
from tocsin.web.pages.report import page_of
from tocsin.web.pages.visitor import Visitor
from tocsin.web.wiring import Wired

router = APIRouter(include_in_schema=False)


@router.get("/report")
def show_report(wired: Wired, who: Visitor, wish: Wished) -> HTMLResponse:
    """Review a month, or the days from one to another."""
    return page_of(wired, who, made(wired, wish), zone_asked=wish.timezone is not None)
