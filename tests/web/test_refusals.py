"""Check-ins and pings that are refused leave a trace for those who must mend it."""

import logging

import pytest

from tests.web.served import Served, fresh


def refused(served: Served, reason: str) -> float:
    """Return how many were refused for a reason, as /metrics counts them."""
    name = f'tocsin_check_ins_refused_total{{reason="{reason}"}} '
    lines = served.ask("GET", "/metrics").text.splitlines()
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


def problems(served: Served, words: str) -> list[str]:
    found: list[str] = served.get("/api/v1/health")["problems"]
    return [problem for problem in found if words in problem]


def test_a_key_that_is_not_known_is_counted_and_shown_but_never_in_full(closed: Served) -> None:
    key = "tcs_in_0123456789abcdef"
    before = refused(closed, "unknown_key")

    for _ in range(2):
        answer = closed.ask(
            "POST", "/api/v1/check-ins", {"job": "a", "kind": "fail"}, {"authorization": f"Bearer {key}"}
        )
        assert answer.status == 401
    assert closed.ask("GET", f"/ping/{key}/nightly/fail", headers={"authorization": ""}).status == 404

    assert refused(closed, "unknown_key") == before + 3
    (problem,) = problems(closed, "for a key that is not known")
    assert "key …cdef for nightly from 127.0.0.1" in problem
    assert key not in problem
    assert problem in closed.ask("GET", "/", headers={"accept": "text/html"}).text.replace("&#39;", "'")


def test_who_brings_no_key_is_counted_apart(closed: Served) -> None:
    assert closed.ask("POST", "/api/v1/check-ins", {"job": "a"}, {"authorization": ""}).status == 401

    assert refused(closed, "no_key") == 1
    assert len(problems(closed, "for want of a key")) == 1


def test_a_ping_of_no_job_and_what_cannot_be_read_are_counted(served: Served) -> None:
    before = (refused(served, "unknown_job"), refused(served, "invalid"))
    name = fresh("mistyped")

    assert served.ask("GET", f"/ping/-/{name}").status == 404
    served.report({"job": name, "kind": "fail", "run": ""}, {"job": name, "kind": "fail", "sq": 1})
    assert served.ask("POST", "/api/v1/check-ins", b"{").status == 400

    after = (refused(served, "unknown_job"), refused(served, "invalid"))
    assert (after[0] - before[0], after[1] - before[1]) == (1, 3)
    assert name in problems(served, "for a name that no job has")[0]
    assert problems(served, "for what cannot be read")[0].startswith("3 check-ins were refused since")


def test_refusals_never_change_how_the_server_is_said_to_be(served: Served) -> None:
    before = served.get("/api/v1/health")["status"]

    served.ask("GET", f"/ping/-/{fresh()}")

    assert served.get("/api/v1/health")["status"] == before
    assert served.ask("GET", "/readyz").status == 200


def test_the_log_says_so_once_a_minute(alone: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="tocsin.web"):
        for _ in range(3):
            alone.ask("GET", "/ping/-/unknown\x1b[31m".replace("\x1b", "%1b"))
            alone.ask("GET", "/ping/-/unknown")

    said = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert len(said) == 1


def test_what_is_taken_is_no_problem(alone: Served) -> None:
    alone.report({"job": "a", "kind": "success"})

    assert problems(alone, "refused") == []
