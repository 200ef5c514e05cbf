"""Secret links to calendars: they open what they were made for, to be read, until they are revoked."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.served import Heard, Served, serving
from tests.web.test_on_call import with_people
from tocsin.dialects.ical.events import read_calendar
from tocsin.web.calendars import MAX_SECRET, PREFIX
from tocsin.web.settings import WebSettings

BASE_URL = "https://tocsin.example.com"
ROOT = "/api/v1/oncall"
NOBODY = {"authorization": ""}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = WebSettings(base_url=BASE_URL)
    folder = tmp_path_factory.mktemp("calendars")
    with serving(folder, closed=True, settings=settings, change=with_people) as running:
        yield running


def made(served: Served, what: str) -> dict[str, Any]:
    answer = served.ask("POST", f"{ROOT}/{what}/link")
    assert answer.status == 201, answer.text
    return dict(answer.json)


def read(served: Served, path: str, method: str = "GET") -> Heard:
    return served.ask(method, path, headers=NOBODY)


def test_the_link_of_a_schedule_opens_its_calendar_without_a_login(served: Served) -> None:
    link = made(served, "schedules/payments")

    answer = read(served, link["path"])

    assert link["url"] == f"{BASE_URL}{link['path']}"
    assert (answer.status, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    summaries = {event.summary for event in read_calendar(answer.text, "UTC")}
    assert summaries == {"ada on call: payments", "bob on call: payments"}


def test_the_link_of_a_responder_opens_their_shifts_alone(served: Served) -> None:
    answer = read(served, made(served, "responders/ada")["path"])

    assert {event.summary for event in read_calendar(answer.text, "UTC")} == {"ada on call: payments"}


def test_nobodys_address_stands_behind_a_link(served: Served) -> None:
    answer = read(served, made(served, "schedules/payments")["path"])

    assert "example.com" not in answer.text
    assert "ada@example.com" in served.ask("GET", f"{ROOT}/schedules/payments.ics").text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_link_can_be_read_and_nothing_else(served: Served, method: str) -> None:
    assert read(served, made(served, "responders/ada")["path"], method).status == 405


@pytest.mark.parametrize("path", ["/api/v1/jobs", f"{ROOT}/schedules/payments", "/api/v1/tokens"])
def test_its_secret_is_no_credential(served: Served, path: str) -> None:
    secret = made(served, "responders/ada")["path"].removeprefix("/calendars/").removesuffix(".ics")

    answer = served.ask("GET", path, headers={"authorization": f"Bearer {secret}"})
    reported = served.ask(
        "POST", "/api/v1/check-ins", {"job": "x", "kind": "start"}, {"authorization": f"Bearer {secret}"}
    )

    assert (answer.status, reported.status) == (401, 401)


def test_a_token_of_a_person_is_no_link(served: Served) -> None:
    assert read(served, f"/calendars/{served.token}.ics").status == 404


def test_every_link_is_another_and_one_that_is_revoked_opens_nothing_at_once(served: Served) -> None:
    first, second = made(served, "responders/ada"), made(served, "responders/ada")
    assert first["path"] != second["path"]

    assert served.ask("DELETE", f"/api/v1/tokens/{first['id']}").status == 200

    assert read(served, first["path"]).status == 404
    assert read(served, second["path"]).status == 200


def test_links_stand_among_the_credentials_without_their_secrets(served: Served) -> None:
    link = made(served, "schedules/office")

    answer = served.ask("GET", "/api/v1/tokens")

    (listed,) = [one for one in answer.json["items"] if one["id"] == link["id"]]
    assert (listed["kind"], listed["name"]) == ("calendar", "schedule office")
    assert PREFIX not in answer.text


@pytest.mark.parametrize("secret", ["x", PREFIX, f"{PREFIX}{'a' * 43}", "%00", "a" * (MAX_SECRET + 1), "é"])
def test_what_was_not_made_here_opens_nothing(served: Served, secret: str) -> None:
    answer = read(served, f"/calendars/{secret.replace('é', '%C3%A9')}.ics")

    assert answer.status in (400, 404, 422)
    assert "BEGIN:VCALENDAR" not in answer.text


@pytest.mark.parametrize("what", ["schedules/nothing", "responders/nobody"])
def test_a_link_to_what_there_is_not_is_not_made(served: Served, what: str) -> None:
    assert served.ask("POST", f"{ROOT}/{what}/link").status == 404


def test_a_link_can_be_made_by_a_token_of_the_api_alone_and_not_as_one(served: Served) -> None:
    refused = served.ask("POST", "/api/v1/tokens", {"kind": "calendar", "name": "x"})

    assert refused.status == 422


def test_neither_store_nor_log_nor_error_holds_the_secret(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        link = made(served, "responders/ada")
        secret = link["path"].removeprefix("/calendars/").removesuffix(".ics")
        read(served, link["path"])
        served.ask("DELETE", f"/api/v1/tokens/{link['id']}")
        refused = read(served, link["path"])
        wrong = read(served, link["path"], "POST")

    with served.store.reading() as reading:
        assert secret not in repr(reading.tokens())
    # The server itself keeps no log of requests; that of these tests does.
    logged = [one.getMessage() for one in caplog.records if one.name != "uvicorn.access"]
    assert secret not in "".join(logged) + refused.text + wrong.text
