"""The login of the pages: a token kept in a cookie, and the way back to where somebody wanted to go."""

from pathlib import Path

import pytest

from tests.web.served import Served, serving
from tocsin.web.settings import WebSettings

NOBODY = {"authorization": ""}


def test_a_login_is_kept_in_a_cookie_that_no_script_reads(closed: Served) -> None:
    form = f"token={closed.token}&next=/alerts".encode()

    answer = closed.ask("POST", "/login", form, NOBODY)

    assert (answer.status, answer.headers["location"]) == (303, "/alerts")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"tocsin={closed.token};")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    inside = closed.ask("GET", "/", headers=NOBODY | {"cookie": cookie.split(";")[0]})
    assert inside.status == 200
    assert "ada" in inside.text


def test_over_tls_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    with serving(tmp_path, closed=True, settings=WebSettings(secure=True)) as served:
        answer = served.ask("POST", "/login", f"token={served.token}".encode(), NOBODY)

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-tocsin=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("secret", ["", "tcs_us_wrong"])
def test_a_wrong_token_is_not_let_in(closed: Served, secret: str) -> None:
    answer = closed.ask("POST", "/login", f"token={secret}".encode(), NOBODY)

    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    assert "not known here" in answer.text


def test_an_ingest_key_opens_no_page(closed: Served) -> None:
    assert closed.ask("POST", "/login", f"token={closed.key}".encode(), NOBODY).status == 401


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "//[",
        "http://[x",
    ],
)
def test_the_login_sends_nobody_to_another_site(closed: Served, wanted: str) -> None:
    form = f"token={closed.token}&next={wanted}".encode()

    assert closed.ask("POST", "/login", form, NOBODY).headers["location"] == "/"


def test_an_address_that_is_none_leads_from_the_login_to_the_first_page(closed: Served) -> None:
    answer = closed.ask("GET", "/login?next=//[", headers=NOBODY)

    assert (answer.status, 'value="/"' in answer.text) == (200, True)


def test_a_form_of_too_many_fields_is_refused_with_a_reason(closed: Served) -> None:
    form = "&".join(f"field{number}=x" for number in range(21)).encode()

    answer = closed.ask("POST", "/login", form, NOBODY)

    assert answer.status == 400
    assert "more than 20 fields" in answer.text


def test_a_logout_forgets_the_cookie(closed: Served) -> None:
    answer = closed.ask("POST", "/logout", b"", NOBODY)

    assert answer.headers["location"] == "/login"
    assert "Max-Age=0" in answer.headers["set-cookie"]
