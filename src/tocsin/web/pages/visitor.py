"""Who looks at the pages: let in by a cookie that holds their token, sent to the login without one.

The cookie holds the token itself, readable to no script: a session of our own would have to be kept for
every server of a store and would open no less.
"""

from typing import Annotated, Final
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from tocsin.web.access import ANYBODY, secret_of
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.pages.rendering import render
from tocsin.web.wiring import Wired, Wiring

COOKIE_SECONDS: Final = 30 * 24 * 3_600
MAX_FORM_BYTES: Final = 10_000
MAX_FIELDS: Final = 20
LOGIN: Final = "/login"

router = APIRouter(include_in_schema=False)


class LoginNeeded(ProblemError):
    """Sends a browser to the login, and back to where it wanted to go."""

    def __init__(self, wanted: str) -> None:
        self.location = f"{LOGIN}?next={quote(wanted, safe='')}"
        super().__init__(
            Problem(status=401, code="unauthorized", message="Log in with your user token first.")
        )


def cookie_name(wired: Wiring) -> str:
    """Return the cookie's name; over TLS the prefix makes browsers refuse one that another host has set."""
    return "__Host-tocsin" if wired.settings.secure else "tocsin"


def _visitor(request: Request, wired: Wired) -> str:
    access = wired.access
    if access.is_due():
        access.refresh()
    if access.is_open:
        return ANYBODY
    secret = request.cookies.get(cookie_name(wired), "").encode()
    name = access.user(secret or secret_of(request.headers.get("authorization", "").encode()))
    if name is None:
        raise LoginNeeded(_wanted(request))
    return name


Visitor = Annotated[str, Depends(_visitor)]


def _wanted(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}" if request.method == "GET" else "/"


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    if len(body) > MAX_FORM_BYTES:
        raise ProblemError(Problem(status=413, code="too_large", message="The form is too large."))
    try:
        fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        message = f"The form has more than {MAX_FIELDS} fields."
        raise ProblemError(Problem(status=400, code="bad_request", message=message)) from None
    return {name: values[0] for name, values in fields.items()}


Form = Annotated[dict[str, str], Depends(_form)]


def local_path(text: str) -> str:
    """Return a path of this server that a form may send a browser back to; "/" for anything else."""
    try:
        parts = urlsplit(text.replace("\\", "/"))
    except ValueError:
        return "/"
    if (
        parts.scheme
        or parts.netloc
        or not text.startswith("/")
        or text.startswith("//")
        or not text.isprintable()
    ):
        return "/"
    return text


def back_to(form: dict[str, str], otherwise: str) -> RedirectResponse:
    """Return the way back after something was done."""
    return RedirectResponse(local_path(form.get("back", otherwise)), status_code=303)


@router.get(LOGIN)
def show_login(wired: Wired, next: str = "/") -> Response:  # noqa: A002  # the name stands in the address
    """Ask for the token."""
    return render(wired, "login.html", who="", wanted=local_path(next), refused=False)


@router.post(LOGIN)
def log_in(wired: Wired, form: Form) -> Response:
    """Let somebody in whose token is known."""
    secret, wanted = form.get("token", "").strip(), local_path(form.get("next", "/"))
    wired.access.refresh()
    if wired.access.user(secret.encode()) is None:
        return render(wired, "login.html", status=401, who="", wanted=wanted, refused=True)
    response = RedirectResponse(wanted, status_code=303)
    response.set_cookie(
        cookie_name(wired),
        secret,
        max_age=COOKIE_SECONDS,
        path="/",
        secure=wired.settings.secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/logout")
def log_out(wired: Wired) -> Response:
    """Forget who this browser is."""
    response = RedirectResponse(LOGIN, status_code=303)
    response.delete_cookie(
        cookie_name(wired), path="/", secure=wired.settings.secure, httponly=True, samesite="lax"
    )
    return response
