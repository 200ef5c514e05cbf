"""The API and the pages put together, behind the gate."""

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from tocsin.errors import StoreError, StoreUnavailable
from tocsin.web import calendars
from tocsin.web.api import (
    alerts,
    drills,
    explanations,
    exporting,
    groups,
    habits,
    history,
    jobs,
    letting_off,
    oncall,
    oncall_links,
    pagerduty,
    reports,
    server,
    silences,
    slack,
    teaching,
    tokens,
    trials,
    twilio,
)
from tocsin.web.api.contract import describe
from tocsin.web.faults import (
    RETRY_SECONDS,
    UNAVAILABLE,
    Problem,
    ProblemError,
    body_of,
    faults_of_details,
    problem_of,
)
from tocsin.web.pages import alert, group, job, overview, recalling, rendering, reviewing, taking, visitor
from tocsin.web.pages import letting_off as letting_off_pages
from tocsin.web.pages import silences as silence_pages
from tocsin.web.pages import teaching as teaching_pages
from tocsin.web.pages.rendering import render_problem
from tocsin.web.pages.visitor import LoginNeeded
from tocsin.web.wiring import Wiring

SMALL_BYTES: Final = 1_400
UNAUTHORIZED: Final = 401

_CODES: Final = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}
_MESSAGES: Final = {404: "There is nothing at this address.", 405: "This address does not take that method."}


def create_framework(wiring: Wiring) -> FastAPI:
    """Return the application that serves what is neither a check-in nor a ping."""
    app = FastAPI(
        title="Tocsin",
        version=version("tocsin"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.wiring = wiring
    about = (explanations, drills, trials, history, reports, exporting, tokens, server)
    of_jobs, of_alerts = (jobs, letting_off, teaching, habits), (alerts, groups, silences)
    api = (*of_jobs, *of_alerts, oncall, oncall_links, pagerduty, slack, twilio, *about)
    app.include_router(calendars.router)
    shown = (overview, job, letting_off_pages, teaching_pages, alert, group, silence_pages)
    pages = (rendering, visitor, *shown, recalling, reviewing, taking)
    for part in (*api, *pages):
        app.include_router(part.router)
    app.add_middleware(GZipMiddleware, minimum_size=SMALL_BYTES, compresslevel=4)
    app.add_exception_handler(HTTPException, _tell_http)
    app.add_exception_handler(RequestValidationError, _tell_invalid)
    app.add_exception_handler(StoreError, _tell_store)
    app.add_exception_handler(Exception, _tell_unexpected)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's documented way to add to the description
    return app


def _told(request: Request, problem: Problem) -> Response:
    if _is_for_a_person(request):
        return render_problem(request.app.state.wiring, problem)
    headers = {"retry-after": str(RETRY_SECONDS)} if problem.status == UNAVAILABLE.status else {}
    if problem.status == UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return Response(
        body_of(problem), status_code=problem.status, media_type="application/json", headers=headers
    )


def _is_for_a_person(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


async def _tell_http(request: Request, error: Exception) -> Response:
    if isinstance(error, LoginNeeded):
        return RedirectResponse(error.location, status_code=303)
    if isinstance(error, ProblemError):
        return _told(request, error.problem)
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = _MESSAGES.get(status, "The request cannot be read.")
    return _told(request, Problem(status=status, code=_CODES.get(status, "error"), message=message))


async def _tell_invalid(request: Request, error: Exception) -> Response:
    details: list[Any] = list(error.errors()) if isinstance(error, RequestValidationError) else []
    if any(detail["type"] == "json_invalid" for detail in details):
        return _told(request, Problem(status=400, code="invalid_json", message="The body is not JSON."))
    return _told(request, problem_of(faults_of_details(details, ())))


async def _tell_store(request: Request, error: Exception) -> Response:
    if isinstance(error, StoreUnavailable):
        return _told(request, UNAVAILABLE)
    return await _tell_unexpected(request, error)


async def _tell_unexpected(request: Request, error: Exception) -> Response:
    wiring: Wiring = request.app.state.wiring
    wiring.metrics.error("web", f"{type(error).__name__}: {error}", wiring.clock.now())
    return _told(
        request,
        Problem(
            status=500,
            code="internal",
            message="Something went wrong here that should not have; it is in the server's log.",
        ),
    )
