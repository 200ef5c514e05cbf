from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.web.served import Served, fresh, wait_until
from tocsin.clock import now
from tocsin.engine.commands import NoteAudit
from tocsin.engine.troubles import AuditReport, Check, Trouble
from tocsin.errors import ChannelError
from tocsin.notify.channel import Accepted
from tocsin.notify.message import Message
from tocsin.web.api import silences


def alert_of(served: Served, job: str, state: str = "open") -> Any:  # noqa: ANN401  # JSON is anything
    items = served.get(f"/api/v1/alerts?limit=1000&state={state}")["items"]
    return next((alert for alert in items if alert["job"] == job), None)


def test_an_alert_is_acknowledged_and_resolved_with_its_whole_story(served: Served) -> None:
    name = fresh()
    served.report({"job": name, "kind": "fail", "exit_code": 3, "log_tail": "boom"})
    alert = alert_of(served, name)
    path = f"/api/v1/alerts/{alert['id']}"
    assert (alert["state"], alert["condition"], alert["severity"]) == ("firing", "job_failure", "critical")

    assert served.ask("POST", f"{path}/acknowledge", {"note": "on it"}).status == 200
    assert served.ask("POST", f"{path}/resolve").status == 200
    served.ear.wait_for(1)

    whole = served.get(path)
    assert (whole["state"], whole["acknowledged_by"]) == ("resolved", "anonymous (loopback)")
    assert {"opened", "acknowledged", "resolved_by_hand"} <= {entry["reason"] for entry in whole["history"]}
    assert next(entry for entry in whole["history"] if entry["reason"] == "acknowledged")["note"] == "on it"
    assert whole["notifications"][0]["target"].startswith("console")
    assert whole["log_tail"] == "boom"
    assert "already" in served.ask("POST", f"{path}/acknowledge").json["message"]


@pytest.mark.parametrize("action", ["acknowledge", "resolve", "snooze"])
def test_what_does_not_exist_cannot_be_acted_upon(served: Served, action: str) -> None:
    body = {"until": "next_run"} if action == "snooze" else None

    answer = served.ask("POST", f"/api/v1/alerts/nope/{action}", body)

    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"note": 5}', 422),
        (b'{"not": "x"}', 422),
        (b'{"note": "' + b"x" * 1_001 + b'"}', 422),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"note": "\\ud800"}', 422),
        (b'{"note": "\\u0000 kept"}', 200),
        (b"", 200),
    ],
)
def test_a_note_is_read_with_care(served: Served, body: bytes, status: int) -> None:
    name = fresh()
    served.report({"job": name, "kind": "fail"})

    answer = served.ask("POST", f"/api/v1/alerts/{alert_of(served, name)['id']}/acknowledge", body)

    assert answer.status == status
    assert status == 200 or answer.json["error"]["message"]


def failing(served: Served) -> str:
    """Let a job fail; return where its alert is."""
    name = fresh()
    served.report({"job": name, "kind": "fail"})
    return f"/api/v1/alerts/{alert_of(served, name)['id']}"


def test_an_alert_is_taken_in_hand_for_a_time(served: Served) -> None:
    path = failing(served)

    answer = served.ask("POST", f"{path}/acknowledge", {"for_minutes": 120, "note": "on it"})

    alert = served.get(path)
    assert answer.json["message"].startswith("acknowledged until ")
    until = datetime.fromisoformat(alert["acknowledged_until"])
    assert timedelta(minutes=119) < until - now() <= timedelta(minutes=120)
    assert alert["history"][-1]["note"].endswith("on it")


@pytest.mark.parametrize("end", ["next_run", "next_success"])
def test_an_alert_is_snoozed_until_its_job_does_something(served: Served, end: str) -> None:
    path = failing(served)

    answer = served.ask("POST", f"{path}/snooze", {"until": end, "note": "known"})

    alert = served.get(path)
    assert (answer.status, answer.json["message"][:13]) == (200, "snoozed until")
    assert (alert["snooze_end"], alert["snoozed_by"]) == (end, "anonymous (loopback)")
    assert (alert["state"], alert["history"][-1]["reason"]) == ("firing", "snoozed")


def test_an_alert_is_snoozed_until_an_instant(served: Served) -> None:
    path, until = failing(served), later(hours=3)

    assert served.ask("POST", f"{path}/snooze", {"until": until}).status == 200

    alert = served.get(path)
    assert datetime.fromisoformat(alert["snoozed_until"]) == datetime.fromisoformat(until)
    assert alert["snooze_end"] == "time"
    page = served.ask("GET", path.removeprefix("/api/v1"), headers={"accept": "text/html"}).text
    assert "Snoozed by" in page


@pytest.mark.parametrize(("until", "end"), [("next_run", "next_run"), ("240", "time")])
def test_an_alert_is_snoozed_on_its_page(served: Served, until: str, end: str) -> None:
    path = failing(served)
    page, form = path.removeprefix("/api/v1"), {"content-type": "application/x-www-form-urlencoded"}
    assert f'<option value="{until}">' in served.ask("GET", page, headers={"accept": "text/html"}).text

    assert served.ask("POST", f"{page}/snooze", f"until={until}".encode(), form).status == 303
    assert served.ask("POST", f"{page}/snooze", b"until=99", form).status == 422

    assert served.get(path)["snooze_end"] == end


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("snooze", {}, "until"),
        ("snooze", {"until": "tomorrow"}, "until"),
        ("snooze", {"until": "next_run", "for_minutes": 5}, "for_minutes"),
        ("snooze", {"for_minutes": 0}, "for_minutes"),
        ("snooze", {"for_minutes": 1e9}, "for_minutes"),
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, "until"),
        ("snooze", {"until": "2126-01-01T00:00:00Z"}, "until"),
        ("acknowledge", {"until": "2026-01-01T00:00:00"}, "until"),
        ("acknowledge", {"until": "2020-01-01T00:00:00Z"}, "until"),
        ("acknowledge", {"until": "next_run"}, "until"),
        ("acknowledge", {"until": "2126-01-01T00:00:00Z", "for_minutes": 5}, "for_minutes"),
    ],
)
def test_an_end_that_cannot_be_meant_is_refused_and_named(
    served: Served, verb: str, body: dict[str, object], field: str
) -> None:
    answer = served.ask("POST", f"{failing(served)}/{verb}", body)

    assert (answer.status, answer.json["error"]["field"].split(".")[0]) == (422, field), answer.text


def test_an_order_is_never_large(served: Served) -> None:
    answer = served.ask("POST", "/api/v1/alerts/x/acknowledge", b'{"note": "' + b"x" * 300_000 + b'"}')

    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


def test_past_alerts_are_read_in_pages_behind_the_open_ones(alone: Served) -> None:
    for n in range(5):
        alone.report({"job": f"j{n}", "kind": "fail"})
    alone.report(*({"job": f"j{n}", "kind": "success"} for n in range(4)))

    assert [alert["job"] for alert in alone.get("/api/v1/alerts")["items"]] == ["j4"]
    pages: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = alone.get(f"/api/v1/alerts?state=all&limit=2{cursor and f'&cursor={cursor}'}")
        pages.append([alert["job"] for alert in page["items"]])
        cursor = page["next"]
    assert pages == [["j4", "j3"], ["j2", "j1"], ["j0"]]


def test_a_silence_mutes_and_ends(alone: Served) -> None:
    made = alone.ask(
        "POST", "/api/v1/silences", {"matchers": ['job="a"'], "for_minutes": 60, "comment": "moving"}
    )
    assert made.status == 201

    alone.report({"job": "a", "kind": "fail"}, {"job": "b", "kind": "fail"})
    alone.ear.wait_for(1)
    assert [message.job for message in alone.ear.messages] == ["b"]

    silence = alone.get("/api/v1/silences")["items"][0]
    assert (silence["state"], silence["matchers"], silence["comment"]) == ("active", ['job="a"'], "moving")
    assert alone.ask("DELETE", f"/api/v1/silences/{silence['id']}").status == 200
    assert alone.get("/api/v1/silences")["items"][0]["state"] == "ended"
    assert alone.ask("DELETE", "/api/v1/silences/nope").status == 404


def test_a_silence_goes_on_for_longer_until_it_has_ended(alone: Served) -> None:
    path = "/api/v1/silences/"
    made = alone.ask("POST", path[:-1], {"matchers": ['job="a"'], "for_minutes": 60}).json["id"]
    before = datetime.fromisoformat(alone.get("/api/v1/silences")["items"][0]["ends_at"])
    later_at = (before + timedelta(minutes=90)).isoformat()

    assert alone.ask("POST", f"{path}{made}/extend", {"by_minutes": 30}).status == 200
    assert alone.ask("POST", f"{path}{made}/extend", {"ends_at": later_at}).status == 200
    again = alone.ask("POST", f"{path}{made}/extend", {"ends_at": later_at})
    assert (again.status, "already" in again.json["message"]) == (200, True)
    silence = alone.get("/api/v1/silences")["items"][0]
    assert datetime.fromisoformat(silence["ends_at"]) - before == timedelta(minutes=90)
    assert silence["extended_by"] == "anonymous (loopback)"

    for body in ({"ends_at": before.isoformat()}, {"ends_at": later(days=400)}):
        assert alone.ask("POST", f"{path}{made}/extend", body).json["error"]["code"] == "invalid"
    wrong: tuple[dict[str, object], ...] = (
        {},
        {"by_minutes": 1, "ends_at": later_at},
        {"by_minutes": -1},
        {"ends_at": "2027-01-01T00:00"},
    )
    assert {alone.ask("POST", f"{path}{made}/extend", body).status for body in wrong} == {422}
    alone.ask("DELETE", f"{path}{made}")
    for gone in (made, "nope"):
        assert alone.ask("POST", f"{path}{gone}/extend", {"by_minutes": 30}).status == 404


def test_a_silence_that_was_ended_before_it_began_has_ended(alone: Served) -> None:
    body = {"matchers": ['job="a"'], "starts_at": later(hours=1), "ends_at": later(hours=2)}
    made = alone.ask("POST", "/api/v1/silences", body).json["id"]
    assert alone.get("/api/v1/silences")["items"][0]["state"] == "pending"

    alone.ask("DELETE", f"/api/v1/silences/{made}")

    assert alone.get("/api/v1/silences")["items"][0]["state"] == "ended"


def test_a_preview_says_which_jobs_and_alerts_a_silence_would_mute_and_mutes_nothing(alone: Served) -> None:
    alone.report(
        *({"job": f"etl_{n}", "kind": "success"} for n in range(12)), {"job": "load", "kind": "fail"}
    )
    before = alone.get("/api/v1/silences")["items"]

    found = alone.ask(
        "POST", "/api/v1/silences/preview", {"matchers": ['job="load"', 'severity="critical"']}
    ).json

    assert (found["jobs_hit"], found["jobs"], found["is_whole"], found["named"]) == (1, 13, True, ["load"])
    assert (found["alerts_hit"], found["alerts"], found["warning"]) == (1, ["load: failed"], "")
    assert found["alerts_are_whole"]
    other = alone.ask(
        "POST", "/api/v1/silences/preview", {"matchers": ['job="load"', 'severity="page"']}
    ).json
    assert (other["jobs_hit"], other["alerts_hit"]) == (1, 0)
    assert alone.get("/api/v1/silences")["items"] == before


def test_a_preview_that_has_not_seen_every_open_alert_says_so(
    alone: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silences, "MAX_ALERTS", 3)
    alone.report(*({"job": f"load_{n}", "kind": "fail"} for n in range(3)))
    matchers = {"matchers": ["job=~load_.*"]}

    all_of_them = alone.ask("POST", "/api/v1/silences/preview", matchers).json
    alone.report({"job": "load_3", "kind": "fail"})
    some_of_them = alone.ask("POST", "/api/v1/silences/preview", matchers).json

    assert (all_of_them["alerts_hit"], all_of_them["alerts_are_whole"]) == (3, True)
    assert (some_of_them["alerts_hit"], some_of_them["alerts_are_whole"]) == (3, False)


def test_a_preview_leaves_out_what_nothing_mutes(alone: Served) -> None:
    trouble = Trouble(check=Check.UNHEARD, since_at=now())
    report = AuditReport(server="other", host="other", at=now(), troubles=(trouble,))
    alone.engine.command(NoteAudit(report=report, until_at=now() + timedelta(hours=1)))
    assert [item["condition"] for item in alone.get("/api/v1/alerts")["items"]] == ["watchdog"]

    previewed = alone.ask("POST", "/api/v1/silences/preview", {"matchers": ["severity=~.+"]}).json

    assert (previewed["alerts_hit"], previewed["alerts"]) == (0, [])


@pytest.mark.parametrize(
    ("matcher", "warning"),
    [
        ("job=~.+", "every one of 4 jobs"),
        ("job=~etl_.*", "3 of 4 jobs, more than half"),
        ("job=laod", "no job that is known"),
        ("severity=info", "every one of 4 jobs"),
        ("job=load", ""),
    ],
)
def test_a_silence_that_is_too_broad_or_hits_nothing_says_so(
    alone: Served, matcher: str, warning: str
) -> None:
    alone.report(*({"job": job, "kind": "success"} for job in ("etl_1", "etl_2", "etl_3", "load")))

    previewed = alone.ask("POST", "/api/v1/silences/preview", {"matchers": [matcher]}).json["warning"]
    made = alone.ask("POST", "/api/v1/silences", {"matchers": [matcher], "for_minutes": 5})

    assert warning in previewed
    assert made.status == 201
    assert (f"; but {previewed}" in made.json["message"]) is bool(warning)


@pytest.mark.parametrize("body", [{}, {"matchers": []}, {"matchers": ["job"]}, {"matchers": ["a=b"], "x": 1}])
def test_a_preview_of_what_cannot_be_meant_is_refused(served: Served, body: dict[str, object]) -> None:
    assert served.ask("POST", "/api/v1/silences/preview", body).status == 422


def later(**span: float) -> str:
    return (now() + timedelta(**span)).isoformat()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"for_minutes": 5}, "matchers"),
        ({"matchers": [], "for_minutes": 5}, "matchers"),
        ({"matchers": ["job"], "for_minutes": 5}, "matchers.0"),
        ({"matchers": ['job="a"', 'job=~"("'], "for_minutes": 5}, "matchers.1"),
        ({"matchers": ['job="a\u0000"'], "for_minutes": 5}, "matchers.0"),
        ({"matchers": ['job="a"']}, "ends_at"),
        ({"matchers": ['job="a"'], "for_minutes": -1}, "for_minutes"),
        ({"matchers": ['job="a"'], "for_minutes": 5, "ends_at": later(hours=1)}, "for_minutes"),
        ({"matchers": ['job="a"'], "ends_at": later(hours=-1)}, "ends_at"),
        ({"matchers": ['job="a"'], "ends_at": later(days=500)}, "ends_at"),
        ({"matchers": ['job="a"'], "ends_at": "2027-01-01T00:00:00"}, "ends_at"),
        ({"matchers": ['job="a"'], "starts_at": later(hours=2), "ends_at": later(hours=1)}, "ends_at"),
        ({"matchers": ['job="a"'], "for_minutes": 5, "coment": "x"}, "coment"),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused_and_named(
    served: Served, body: dict[str, object], field: str
) -> None:
    answer = served.ask("POST", "/api/v1/silences", body)

    assert (answer.status, answer.json["error"]["field"]) == (422, field)


def test_a_test_goes_through_the_real_path(alone: Served) -> None:
    receiver = next(iter(alone.engine.configuration.targets))

    answer = alone.ask("POST", f"/api/v1/receivers/{receiver}/test")
    assert answer.status == 200
    alone.ear.wait_for(1)
    assert alone.ear.messages[0].kind.value == "test"
    assert alone.ask("POST", "/api/v1/receivers/nobody/test").status == 404

    (told,) = outcome(alone, answer.json["id"])
    assert (told["target"], told["state"], told["attempts"]) == (f"{receiver}/console", "sent", 1)
    assert [one["detail"] for one in told["deliveries"]] == ["heard"]


def test_of_a_test_that_does_not_arrive_the_reason_is_told(
    alone: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_message: Message, *, at: datetime) -> Accepted:
        raise ChannelError(f"404 no such hook at {at:%Y}", permanent=True)

    monkeypatch.setattr(alone.ear, "send", refuse)
    receiver = next(iter(alone.engine.configuration.targets))

    (told,) = outcome(alone, alone.ask("POST", f"/api/v1/receivers/{receiver}/test").json["id"])

    assert (told["state"], told["last_error"][:16]) == ("dead", "404 no such hook")


def test_an_alert_is_no_test(alone: Served) -> None:
    alone.report({"job": "a", "kind": "fail"})
    (alert,) = alone.get("/api/v1/alerts")["items"]
    alone.ear.wait_for(1)

    assert alone.ask("GET", f"/api/v1/tests/{alert['id']}").status == 404
    assert alone.ask("GET", "/api/v1/tests/nothing").json["error"]["field"] == "test_id"


def outcome(served: Served, test_id: str) -> list[dict[str, Any]]:
    """Return what became of a test once it has become something."""

    def items() -> list[dict[str, Any]]:
        return list(served.get(f"/api/v1/tests/{test_id}")["items"])

    wait_until(lambda: all(one["finished_at"] for one in items()))
    return items()
