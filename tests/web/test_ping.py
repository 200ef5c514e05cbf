import pytest

from tests.web.served import Served, fresh
from tocsin.jobs.checkin import CheckInKind
from tocsin.web.ping import NoPing, Ping, read_ping

KINDS = CheckInKind


@pytest.mark.parametrize(
    ("path", "kind", "exit_code"),
    [
        (b"/ping/k/etl", KINDS.SUCCESS, None),
        (b"/ping/k/etl/start", KINDS.START, None),
        (b"/ping/k/etl/fail", KINDS.FAIL, None),
        (b"/ping/k/etl/log", KINDS.LOG, None),
        (b"/ping/k/etl/0", KINDS.SUCCESS, 0),
        (b"/ping/k/etl/1", KINDS.FAIL, 1),
        (b"/ping/k/etl/255", KINDS.FAIL, 255),
    ],
)
def test_the_end_of_the_address_says_what_happened(
    path: bytes, kind: CheckInKind, exit_code: int | None
) -> None:
    assert read_ping(path, b"") == Ping(key="k", job="etl", kind=kind, exit_code=exit_code)


@pytest.mark.parametrize("name", ["fail", "start", "12", "0"])
def test_in_the_second_place_every_word_is_a_job(name: str) -> None:
    ping = read_ping(f"/ping/k/{name}".encode(), b"")

    assert isinstance(ping, Ping)
    assert (ping.job, ping.kind) == (name, KINDS.SUCCESS)


@pytest.mark.parametrize(
    ("path", "query", "status", "text"),
    [
        (b"/ping/", b"", 404, "not found"),
        (b"/ping/k", b"", 404, "not found"),
        (b"/ping/k/", b"", 404, "not found"),
        (b"/ping/k/etl/", b"", 404, "not found"),
        (b"/ping/k/etl/success", b"", 404, "not found"),
        (b"/ping/k/etl/-1", b"", 404, "not found"),
        (b"/ping/k/etl/00", b"", 404, "not found"),
        (b"/ping/k/etl/fail/", b"", 404, "not found"),
        (b"/ping/k/etl/fail/x", b"", 404, "not found"),
        (b"/ping/k/etl/256", b"", 400, "invalid url format"),
        (b"/ping/k/etl/99999", b"", 400, "invalid url format"),
        (b"/ping/k/%ff", b"", 400, "invalid url format"),
        (b"/ping/k/a%00b", b"", 400, "invalid url format"),
        (b"/ping/k/%2e%2e", b"", 400, "invalid url format"),
        (b"/ping/k/" + b"a" * 201, b"", 400, "invalid url format"),
        (b"/ping/k/etl", b"environment=", 400, "invalid url format"),
        (b"/ping/k/etl", b"rid=", 400, "invalid run id format"),
        (b"/ping/k/etl", b"rid=" + b"r" * 201, 400, "invalid run id format"),
        (b"/ping/k/etl", b"rid=a%0ab", 400, "invalid run id format"),
        (b"/ping/k/etl", b"rid=" + b"r" * 3_000, 404, "not found"),
        (b"/ping/k/etl", b"&".join([b"a=1"] * 21), 400, "invalid url format"),
    ],
)
def test_what_is_no_ping_is_answered_as_clients_know_it(
    path: bytes, query: bytes, status: int, text: str
) -> None:
    assert read_ping(path, query) == NoPing(status=status, text=text)


def test_the_query_names_run_and_environment() -> None:
    ping = read_ping(b"/ping/k/a%2Fb%20c", b"rid=nightly+7%2F9&environment=staging&create=1")

    assert isinstance(ping, Ping)
    assert (ping.job, ping.run, ping.environment, ping.create) == ("a/b c", "nightly 7/9", "staging", True)


@pytest.mark.parametrize("query", [b"", b"create=true", b"create=", b"create=0"])
def test_only_a_one_creates(query: bytes) -> None:
    ping = read_ping(b"/ping/k/etl", query)

    assert isinstance(ping, Ping)
    assert not ping.create


def test_a_ping_creates_answers_and_is_kept(served: Served) -> None:
    job = fresh()

    unknown = served.ask("GET", f"/ping/-/{job}")
    created = served.ask("GET", f"/ping/-/{job}/start?create=1&rid=r1")
    again = served.ask("POST", f"/ping/-/{job}/3?rid=r1", b"line 1\nline 2")

    assert (unknown.status, unknown.text) == (404, "not found")
    assert (created.status, created.text) == (201, "Created")
    assert (again.status, again.text) == (200, "OK")
    assert again.headers["content-type"] == "text/plain; charset=utf-8"
    assert again.headers["ping-body-limit"] == "10000"
    assert again.headers["access-control-allow-origin"] == "*"
    run = served.get(f"/api/v1/jobs/production/{job}/runs")["items"][0]
    assert (run["run"], run["status"], run["exit_code"]) == ("r1", "failed", 3)
    assert run["log_tail"] == "line 1\nline 2"


def test_a_refused_ping_leaves_no_job_behind(served: Served) -> None:
    job = fresh()

    for ending in ("/300?create=1", "?create=1&rid=", "/nonsense?create=1"):
        assert served.ask("GET", f"/ping/-/{job}{ending}").status in (400, 404)

    assert served.ask("GET", f"/api/v1/jobs/production/{job}").status == 404


def test_the_end_of_a_long_body_is_kept(served: Served) -> None:
    job = fresh()

    served.ask("POST", f"/ping/-/{job}/fail?create=1", b"\xff" + b"a" * 20_000 + b"the end")

    tail = served.get(f"/api/v1/jobs/production/{job}/runs")["items"][0]["log_tail"]
    assert (len(tail), tail[-8:]) == (10_000, "athe end")


def test_a_head_is_a_ping_without_a_body(served: Served) -> None:
    job = fresh()

    answer = served.ask("HEAD", f"/ping/-/{job}?create=1")

    assert (answer.status, answer.body) == (201, b"")
    assert served.get(f"/api/v1/jobs/production/{job}")["last_run"]["status"] == "success"


@pytest.mark.parametrize(
    ("method", "status"), [("OPTIONS", 204), ("PUT", 405), ("DELETE", 405), ("PATCH", 405)]
)
def test_other_methods_record_nothing(served: Served, method: str, status: int) -> None:
    job = fresh()

    answer = served.ask(method, f"/ping/-/{job}?create=1")

    assert (answer.status, answer.headers.get("access-control-allow-origin")) == (status, "*")
    assert served.ask("GET", f"/api/v1/jobs/production/{job}").status == 404


def test_a_ping_may_say_where_it_comes_from(served: Served) -> None:
    job = fresh()

    served.ask("GET", f"/ping/-/{job}?create=1&environment=staging")

    assert served.ask("GET", f"/api/v1/jobs/production/{job}").status == 404
    assert served.get(f"/api/v1/jobs/staging/{job}")["standing"] == "fine"


def test_a_ping_needs_an_ingest_key_where_one_is_set(closed: Served) -> None:
    job = fresh()

    assert closed.ask("GET", f"/ping/-/{job}?create=1").text == "not found"
    assert closed.ask("GET", f"/ping/wrong/{job}?create=1").text == "not found"
    assert closed.ask("GET", f"/ping/{closed.token}/{job}?create=1").text == "not found"
    assert closed.ask("GET", f"/ping/{closed.key}/{job}?create=1").text == "Created"


def test_a_page_elsewhere_may_ping_where_a_key_is_needed(closed: Served) -> None:
    elsewhere = {"origin": "https://app.example.com", "sec-fetch-site": "cross-site"}

    answer = closed.ask("GET", f"/ping/{closed.key}/{fresh()}?create=1", headers=elsewhere)

    assert answer.status == 201
