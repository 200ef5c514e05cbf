from pathlib import Path

import pytest

from tests.web.served import Served, fresh, serving
from tocsin.engine.commands import AddToken, Done
from tocsin.errors import StoreUnavailable
from tocsin.store.base import Store
from tocsin.web.access import Access
from tocsin.web.settings import Credential, CredentialKind, WebSettings, digest_of, is_loopback, new_secret

NOBODY = {"authorization": ""}


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/check-ins"),
        ("GET", "/api/v1/jobs"),
        ("GET", "/api/v1/jobs/production/a"),
        ("GET", "/api/v1/jobs/production/a/runs"),
        ("GET", "/api/v1/jobs/production/a/runs/r"),
        ("GET", "/api/v1/jobs/production/a/check-ins"),
        ("POST", "/api/v1/jobs/production/a/pause"),
        ("POST", "/api/v1/jobs/production/a/resume"),
        ("POST", "/api/v1/jobs/production/a/rename"),
        ("PUT", "/api/v1/jobs/production/a/definition"),
        ("DELETE", "/api/v1/jobs/production/a"),
        ("GET", "/api/v1/alerts"),
        ("GET", "/api/v1/alerts/x"),
        ("POST", "/api/v1/alerts/x/acknowledge"),
        ("POST", "/api/v1/alerts/x/snooze"),
        ("POST", "/api/v1/alerts/x/resolve"),
        ("GET", "/api/v1/groups"),
        ("GET", "/api/v1/groups/x"),
        ("POST", "/api/v1/groups/x/acknowledge"),
        ("POST", "/api/v1/drills"),
        ("GET", "/api/v1/drills"),
        ("GET", "/api/v1/drills/x"),
        ("GET", "/api/v1/history"),
        ("GET", "/api/v1/report"),
        ("GET", "/api/v1/report.txt"),
        ("GET", "/api/v1/report.html"),
        ("GET", "/api/v1/silences"),
        ("POST", "/api/v1/silences"),
        ("POST", "/api/v1/silences/preview"),
        ("POST", "/api/v1/silences/x/extend"),
        ("DELETE", "/api/v1/silences/x"),
        ("GET", "/api/v1/oncall/schedules"),
        ("GET", "/api/v1/oncall/schedules/x"),
        ("GET", "/api/v1/oncall/schedules/x.ics"),
        ("GET", "/api/v1/oncall/schedules/x/shifts"),
        ("GET", "/api/v1/oncall/schedules/x/gaps"),
        ("GET", "/api/v1/oncall/schedules/x/hand-over"),
        ("POST", "/api/v1/oncall/schedules/x/overrides"),
        ("POST", "/api/v1/oncall/schedules/x/swaps"),
        ("POST", "/api/v1/oncall/schedules/x/import"),
        ("GET", "/api/v1/oncall/overrides"),
        ("DELETE", "/api/v1/oncall/overrides/x"),
        ("GET", "/api/v1/oncall/responders/x.ics"),
        ("POST", "/api/v1/oncall/schedules/x/link"),
        ("POST", "/api/v1/oncall/responders/x/link"),
        ("POST", "/api/v1/receivers/console/test"),
        ("GET", "/api/v1/tests/x"),
        ("POST", "/api/v1/hooks/pagerduty/x"),
        ("POST", "/api/v1/hooks/slack"),
        ("POST", "/api/v1/hooks/twilio/sms"),
        ("POST", "/api/v1/hooks/twilio/voice"),
        ("POST", "/api/v1/hooks/twilio/status"),
        ("GET", "/api/v1/tokens"),
        ("POST", "/api/v1/tokens"),
        ("DELETE", "/api/v1/tokens/x"),
        ("GET", "/api/v1/backup"),
        ("GET", "/api/v1/export"),
        ("POST", "/api/v1/import"),
        ("GET", "/api/v1/jobs/production/a/occurrences"),
        ("GET", "/api/v1/jobs/production/a/habits"),
        ("POST", "/api/v1/jobs/production/a/skip"),
        ("POST", "/api/v1/jobs/production/a/unskip"),
        ("POST", "/api/v1/jobs/production/a/excuse"),
        ("POST", "/api/v1/jobs/production/a/teach"),
        ("GET", "/api/v1/jobs/production/a/explanation"),
        ("GET", "/api/v1/alerts/x/explanation"),
        ("GET", "/api/v1/health"),
        ("GET", "/metrics"),
    ],
)
def test_nothing_opens_without_the_right_credential(closed: Served, method: str, path: str) -> None:
    wrong = [NOBODY, bearer("tcs_us_guess"), {"authorization": f"Basic {closed.token}"}]
    if path != "/api/v1/check-ins":
        wrong.append(bearer(closed.key))

    answers = [closed.ask(method, path, b"{}", headers) for headers in wrong]

    assert {(answer.status, answer.json["error"]["code"]) for answer in answers} == {(401, "unauthorized")}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}


def test_the_list_above_holds_every_address_of_the_api(closed: Served) -> None:
    described = closed.ask("GET", "/openapi.json").json["paths"]
    count = sum(
        len(operations)
        for path, operations in described.items()
        if not path.startswith(("/ping", "/healthz", "/readyz"))
    )

    assert count == len(test_nothing_opens_without_the_right_credential.pytestmark[0].args[1])  # type: ignore[attr-defined]  # pytest keeps the table there


def test_an_ingest_key_reports_and_a_user_token_may_too(closed: Served) -> None:
    for secret in (closed.key, closed.token):
        answer = closed.ask("POST", "/api/v1/check-ins", {"job": fresh(), "kind": "start"}, bearer(secret))
        assert answer.status == 202


@pytest.mark.parametrize("path", ["/", "/alerts", "/alerts/x", "/jobs/production/a%2Fb?x=1"])
def test_who_is_not_logged_in_is_sent_to_the_login_and_back(closed: Served, path: str) -> None:
    answer = closed.ask("GET", path, headers=NOBODY | {"accept": "text/html"})

    assert answer.status == 303
    assert answer.headers["location"].startswith("/login?next=%2F")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8465", "127.0.0.1.evil.example", "192.168.0.7", "", "[::1"]
)
@pytest.mark.parametrize("path", ["/", "/api/v1/jobs", "/metrics", "/ping/-/a"])
def test_an_open_server_answers_to_no_foreign_name(served: Served, host: str, path: str) -> None:
    assert served.ask("GET", path, headers={"host": host}).status == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8465", "127.0.0.1:1", "[::1]:8465"])
def test_an_open_server_answers_to_this_machine(served: Served, host: str) -> None:
    assert served.ask("GET", "/api/v1/jobs", headers={"host": host}).status == 200


def test_an_open_server_answers_to_no_base_url_of_a_proxy(tmp_path: Path) -> None:
    with serving(tmp_path, settings=WebSettings(base_url="https://tocsin.example.com/x")) as served:
        answer = served.ask("GET", "/api/v1/jobs", headers={"host": "tocsin.example.com"})

    assert answer.status == 421
    assert "keys:" in answer.json["error"]["message"]


PROXIED = [
    {"Forwarded": "for=192.0.2.60"},
    {"X-Forwarded-For": "192.0.2.60"},
    {"X-Forwarded-Proto": "https"},
    {"x-forwarded-host": "tocsin.example.com"},
    {"X-Real-IP": "127.0.0.1"},
    {"Via": "1.1 proxy"},
]


@pytest.mark.parametrize("headers", PROXIED, ids=lambda headers: next(iter(headers)))
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/readyz"),
        ("GET", "/api/v1/backup"),
        ("POST", "/api/v1/tokens"),
        ("POST", "/api/v1/check-ins"),
        ("GET", "/ping/-/a"),
    ],
)
def test_an_open_server_refuses_what_a_proxy_brings_and_says_what_to_do(
    served: Served, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = served.ask(method, path, b"{}", headers)

    assert answer.status == 403
    assert "proxy" in answer.text
    assert "keys:" in answer.text


@pytest.mark.parametrize("headers", PROXIED, ids=lambda headers: next(iter(headers)))
def test_with_credentials_a_proxy_may_stand_before_the_server(
    closed: Served, headers: dict[str, str]
) -> None:
    assert closed.ask("GET", "/api/v1/jobs", headers=headers).status == 200
    assert closed.ask("POST", "/api/v1/check-ins", {"job": fresh(), "kind": "start"}, headers).status == 202


CROSS = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://["},
]


@pytest.mark.parametrize("headers", CROSS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/check-ins"),
        ("POST", "/api/v1/jobs/production/a/pause"),
        ("POST", "/alerts/x/acknowledge"),
        ("POST", "/login"),
        ("DELETE", "/api/v1/jobs/production/a"),
        ("GET", "/ping/-/a?create=1"),
    ],
)
def test_a_page_of_another_site_does_nothing_here(
    served: Served, method: str, path: str, headers: dict[str, str]
) -> None:
    assert served.ask(method, path, b'{"job": "a", "kind": "start"}', headers).status == 403


def test_a_page_of_our_own_may_act_also_in_a_browser_that_sends_its_origin_alone(served: Served) -> None:
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": served.url}):
        assert served.ask("POST", "/alerts/x/acknowledge", b"", headers).status == 404


def test_the_cookie_of_a_person_is_not_lent_to_other_sites(closed: Served) -> None:
    headers = NOBODY | {"cookie": f"tocsin={closed.token}", "sec-fetch-site": "cross-site"}

    assert closed.ask("POST", "/alerts/x/acknowledge", b"", headers).status == 403


def test_tokens_are_made_shown_once_and_revoked(alone: Served) -> None:
    refused = alone.ask("POST", "/api/v1/tokens", {"kind": "ingest", "name": "jobs"})
    assert (refused.status, refused.json["error"]["code"]) == (409, "conflict")

    made = alone.ask("POST", "/api/v1/tokens", {"kind": "user", "name": "ada"})
    assert made.status == 201
    ada = bearer(made.json["secret"])
    assert made.json["secret"].startswith("tcs_us_")
    assert alone.ask("GET", "/api/v1/tokens").status == 401

    jobs = alone.ask("POST", "/api/v1/tokens", {"kind": "ingest", "name": "jobs"}, ada)
    key = bearer(jobs.json["secret"])
    assert alone.ask("POST", "/api/v1/check-ins", {"job": "a", "kind": "start"}, key).status == 202
    listed = alone.ask("GET", "/api/v1/tokens", headers=ada)
    assert [(token["kind"], token["name"]) for token in listed.json["items"]] == [
        ("user", "ada"),
        ("ingest", "jobs"),
    ]
    assert made.json["secret"] not in listed.text

    last = alone.ask("DELETE", f"/api/v1/tokens/{made.json['id']}", headers=ada)
    assert last.status == 409
    assert alone.ask("DELETE", f"/api/v1/tokens/{jobs.json['id']}", headers=ada).status == 200
    assert alone.ask("POST", "/api/v1/check-ins", {"job": "a", "kind": "start"}, key).status == 401


def test_what_a_person_does_bears_their_name(closed: Served) -> None:
    job = fresh()
    closed.report({"job": job, "kind": "fail"})
    alert = next(one for one in closed.get("/api/v1/alerts?limit=1000")["items"] if one["job"] == job)

    closed.ask("POST", f"/api/v1/alerts/{alert['id']}/acknowledge", {"note": "on it"})

    assert closed.get(f"/api/v1/alerts/{alert['id']}")["acknowledged_by"] == "ada"


def test_no_secret_is_kept_or_shown(closed: Served) -> None:
    with closed.store.reading() as reading:
        assert closed.token not in str(reading.tokens())
    assert closed.token not in closed.ask("GET", "/api/v1/tokens").text
    assert closed.ask("GET", "/api/v1/tokens").json["items"][0]["source"] == "file"


class Unreadable:
    """A store that cannot be asked."""

    def reading(self) -> None:
        raise StoreUnavailable("away")


def test_while_the_store_cannot_be_asked_nothing_is_open() -> None:
    store: Store = Unreadable()  # type: ignore[assignment]  # only what is asked of it

    assert not Access(store, WebSettings()).is_open


def test_a_server_that_others_can_reach_is_never_open(alone: Served) -> None:
    assert Access(alone.store, WebSettings()).is_open
    assert not Access(alone.store, WebSettings(host="0.0.0.0")).is_open  # noqa: S104  # nothing is bound here


def test_other_settings_are_in_force_at_once_also_while_the_store_cannot_be_asked() -> None:
    store: Store = Unreadable()  # type: ignore[assignment]  # only what is asked of it
    names = ("ada", "bob", "jobs")
    ada, bob, jobs = (Credential(name=name, digest=digest_of(name.encode())) for name in names)
    access = Access(store, WebSettings(user_tokens=(ada,), ingest_keys=(jobs,)))
    assert (access.user(b"ada"), access.reporter(b"jobs")) == ("ada", "jobs")

    access.reload(WebSettings(user_tokens=(bob,), base_url="https://tocsin.example.com"))

    assert (access.user(b"ada"), access.user(b"bob"), access.reporter(b"jobs")) == (None, "bob", None)
    assert access.settings.base_url == "https://tocsin.example.com"
    assert access.has_users


def test_credentials_that_are_configured_later_close_an_open_server_and_keep_those_of_the_store(
    alone: Served,
) -> None:
    access = Access(alone.store, WebSettings())
    assert access.is_open

    access.reload(WebSettings(ingest_keys=(Credential(name="jobs", digest=digest_of(b"jobs")),)))
    assert (access.is_open, access.reporter(b"jobs")) == (False, "jobs")

    alone.engine.command(AddToken(kind="user", name="bob", digest=digest_of(b"bob"), who="test"))
    access.refresh()
    access.reload(WebSettings())
    assert (access.is_open, access.reporter(b"jobs"), access.reporter(b"bob")) == (False, None, "bob")


def test_a_credential_of_the_store_closes_the_server(alone: Served) -> None:
    access = Access(alone.store, WebSettings())
    secret = new_secret(CredentialKind.USER)

    done = alone.engine.command(
        AddToken(kind="user", name="bob", digest=digest_of(secret.encode()), who="test")
    )
    access.refresh()

    assert isinstance(done, Done)
    assert (access.is_open, access.user(secret.encode())) == (False, "bob")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104  # nothing is bound here
        ("::", False),
        ("192.168.1.1", False),
        ("example.com", False),
    ],
)
def test_loopback_is_known(host: str, expected: bool) -> None:  # noqa: FBT001  # the expected answer
    assert is_loopback(host) is expected


def test_secrets_are_long_and_never_the_same() -> None:
    secrets = {new_secret(CredentialKind.INGEST) for _ in range(100)}

    assert len(secrets) == 100
    assert {len(secret.removeprefix("tcs_in_")) for secret in secrets} == {43}
