"""From templates to answers: escaped throughout, under a policy that lets nothing foreign run."""

import hashlib
from functools import lru_cache
from importlib import resources
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tocsin.web.faults import Problem, ProblemError
from tocsin.web.links import web_link
from tocsin.web.pages.words import (
    SILENCES,
    Words,
    alert_path,
    group_path,
    job_path,
    schedule_in_words,
    silence_path,
)
from tocsin.web.wiring import Wiring

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
KEPT_SECONDS: Final = 31_536_000

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FILES: Final = ("tocsin.css", "tocsin.js", "bell.svg", "ringing.svg")

router = APIRouter(include_in_schema=False)


@lru_cache(maxsize=len(_FILES))
def _static(name: str) -> tuple[bytes, str]:
    """Return a file of ours and the first digits of its digest, by which its address changes when it does."""
    content = resources.files("tocsin.web").joinpath("static", name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


def _address(name: str) -> str:
    return f"/static/{name}?v={_static(name)[1]}"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("tocsin.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        static=_address,
        job_path=job_path,
        alert_path=alert_path,
        group_path=group_path,
        silence_path=silence_path,
        silences_path=SILENCES,
        web_link=web_link,
        schedule_of=schedule_in_words,
    )
    return made


def style() -> Markup:
    """Return the style of the pages as it can stand within one."""
    return Markup(_static("tocsin.css")[0].decode())  # noqa: S704 -- a file of ours


def render(wired: Wiring, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page; the template is given `say`, which words instants as of now, and these values."""
    now = wired.clock.now()
    text = _templates().get_template(template).render(say=Words(now=now), now=now, **values)
    return HTMLResponse(text, status_code=status, headers={"content-security-policy": POLICY})


def render_problem(wired: Wiring, problem: Problem) -> HTMLResponse:
    """Return a page that says what went wrong."""
    return render(wired, "problem.html", status=problem.status, problem=problem, who="")


@router.get("/static/{name}")
def get_static(name: str) -> Response:
    """Return one of our own files."""
    if name not in _FILES:
        raise ProblemError(Problem(status=404, code="not_found", message="There is nothing at this address."))
    return Response(
        _static(name)[0],
        media_type=_TYPES[name.rpartition(".")[2]],
        headers={"cache-control": f"public, max-age={KEPT_SECONDS}, immutable"},
    )
