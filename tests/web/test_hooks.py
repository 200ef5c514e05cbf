import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from tests.web.served import Heard, Served, fresh, serving
from tests.web.test_groups import gathering, the_group
from tocsin.clock import now
from tocsin.engine.commands import Command, Result
from tocsin.engine.configuration import Configuration
from tocsin.engine.whole_groups import SLICE
from tocsin.rules.finding import Severity
from tocsin.rules.rule import Rule
from tocsin.web.replays import MAX_REMEMBERED, Replays
from tocsin.web.settings import Hook, WebSettings

SECRET = b"k7Rr2qpBhEMcIqd9h0sJzUQm4p0y"
RECEIVER = "on call"
MANY = 150
STORM = 3_000
LONG = 900
ADDRESS = "/api/v1/hooks/pagerduty/on%20call"


def twice_is_worse(configuration: Configuration) -> Configuration:
    """Let a second failure in a row page somebody."""
    worse = Rule(name="twice", condition="job_failure", severity=Severity.PAGE, in_a_row=2)
    return replace(configuration, rules=(*configuration.rules, worse))


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with credentials that PagerDuty may call."""
    hooks = (Hook(kind="pagerduty", receiver=RECEIVER, secrets=(SECRET,)),)
    folder, settings = tmp_path_factory.mktemp("hooked"), WebSettings(hooks=hooks)
    with serving(folder, closed=True, settings=settings, change=twice_is_worse) as running:
        yield running


def an_event(
    alert_id: str, what: str = "acknowledged", *, at: datetime | None = None, number: str = ""
) -> bytes:
    event: dict[str, Any] = {
        "id": number or fresh("event"),
        "event_type": f"incident.{what}",
        "occurred_at": (at or now()).isoformat(),
        "agent": {"type": "user_reference", "summary": "Maria"},
        "data": {"type": "incident", "incident_key": f"tocsin/{alert_id}"},
    }
    return json.dumps({"event": event}).encode()


def called(served: Served, body: bytes, *, secret: bytes = SECRET, address: str = ADDRESS) -> Heard:
    """Let PagerDuty call; it has no credential but its signature."""
    signature = "v1=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return served.ask("POST", address, body, {"authorization": "", "x-pagerduty-signature": signature})


def alerts_of(served: Served, *jobs: str) -> list[dict[str, Any]]:
    """Return the newest alert of each job."""
    items = served.get("/api/v1/alerts?state=all&limit=1000")["items"]
    return [next(alert for alert in items if alert["job"] == job) for job in jobs]


def an_alert(served: Served, job: str) -> dict[str, Any]:
    """Return the newest alert of a job."""
    return alerts_of(served, job)[0]


def failed(served: Served) -> tuple[str, str]:
    """Let a job fail, and return it and the id of its alert."""
    job = fresh()
    served.report({"job": job, "kind": "fail", "run": "first"})
    return job, an_alert(served, job)["id"]


def test_who_acknowledges_and_resolves_there_does_it_here(hooked: Served) -> None:
    job, alert_id = failed(hooked)

    answer = called(hooked, an_event(alert_id))
    assert (answer.status, answer.json["id"]) == (202, alert_id)
    taken = an_alert(hooked, job)
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", "Maria (PagerDuty)")

    assert called(hooked, an_event(alert_id, "resolved")).status == 202
    over = an_alert(hooked, job)
    assert (over["state"], over["resolved_by"]) == ("resolved", "Maria (PagerDuty)")


def test_a_wrong_signature_a_wrong_receiver_and_a_changed_body_do_nothing(hooked: Served) -> None:
    job, alert_id = failed(hooked)
    body = an_event(alert_id)
    signature = "v1=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    changed = body.replace(b"acknowledged", b"resolved")

    answers = [
        called(hooked, body, secret=b"another secret"),
        called(hooked, body, address="/api/v1/hooks/pagerduty/nobody"),
        hooked.ask("POST", ADDRESS, changed, {"x-pagerduty-signature": signature}),
        hooked.ask("POST", ADDRESS, body),
    ]

    assert {(answer.status, answer.json["error"]["code"]) for answer in answers} == {(401, "unauthorized")}
    assert all(SECRET.decode() not in answer.text for answer in answers)
    assert an_alert(hooked, job)["state"] == "firing"


def test_the_same_delivery_counts_once(hooked: Served) -> None:
    job, alert_id = failed(hooked)
    body = an_event(alert_id)
    called(hooked, body)
    hooked.report({"job": job, "kind": "success"}, {"job": job, "kind": "fail"})

    assert called(hooked, body).json["message"] == "nothing was done: this was told before"


def test_what_was_caught_and_is_sent_later_does_nothing(hooked: Served) -> None:
    job, alert_id = failed(hooked)

    answer = called(hooked, an_event(alert_id, at=now() - timedelta(hours=2)))

    assert answer.status == 202
    assert "too long ago" in answer.json["message"]
    assert an_alert(hooked, job)["state"] == "firing"


@pytest.mark.parametrize("what", ["acknowledged", "resolved"])
def test_what_was_done_before_it_got_louder_leaves_the_alert_as_it_is(hooked: Served, what: str) -> None:
    job, alert_id = failed(hooked)
    early = an_event(alert_id, what, at=now())
    hooked.report({"job": job, "kind": "fail", "run": "second"})
    assert an_alert(hooked, job)["severity"] == "page"

    assert called(hooked, early).json["message"] == "nothing was done: the alert got louder after that"
    assert an_alert(hooked, job)["state"] == "firing"
    assert called(hooked, an_event(alert_id, what)).status == 202
    assert an_alert(hooked, job)["state"] == what


@pytest.mark.parametrize("what", ["acknowledged", "resolved"])
def test_what_was_done_before_a_storm_came_means_none_of_it(tmp_path: Path, what: str) -> None:
    settings = WebSettings(hooks=(Hook(kind="pagerduty", receiver=RECEIVER, secrets=(SECRET,)),))
    with serving(tmp_path, closed=True, settings=settings, change=gathering) as served:
        early = now()
        jobs = [fresh() for _ in range(MANY)]
        served.report(*({"job": job, "kind": "fail"} for job in jobs))
        group_id = the_group(served)["id"]

        assert called(served, an_event(group_id, what, at=early)).status == 202

        assert {alert["state"] for alert in alerts_of(served, *jobs)} == {"firing"}


def test_who_takes_the_incident_of_a_storm_takes_all_of_its_alerts(tmp_path: Path) -> None:
    hooks = (Hook(kind="pagerduty", receiver=RECEIVER, secrets=(SECRET,)),)
    settings = WebSettings(hooks=hooks)
    with serving(tmp_path, closed=True, settings=settings, change=gathering) as served:
        jobs = [fresh() for _ in range(MANY)]
        served.report(*({"job": job, "kind": "fail"} for job in jobs))
        the_group(served)
        with served.store.reading() as reading:
            [group] = reading.groups(10)
            members = {alert.job for alert in reading.alerts_of_group(group.id, after="", limit=MANY)}
        assert len(members) == MANY - 1

        taken = called(served, an_event(group.id))
        taken_jobs = {alert["job"] for alert in alerts_of(served, *jobs) if alert["state"] == "acknowledged"}
        assert taken.json["message"].startswith(f"acknowledged {len(members)} alerts;")
        assert taken_jobs == members

        over = called(served, an_event(group.id, "resolved"))
        assert over.json["message"] == f"resolved {len(members)} alerts of the group"
        assert {alert["state"] for alert in alerts_of(served, *members)} == {"resolved"}
        again = called(served, an_event(group.id))
        assert again.json["message"] == "none of its alerts waits for somebody"


def gathering_by_the_second(configuration: Configuration) -> Configuration:
    """Tell as one what has come within each second."""
    made, second = gathering(configuration), timedelta(seconds=1)
    pace = msgspec.structs.replace(made.policy.pace, wait=second, interval=second)
    return replace(made, policy=replace(made.policy, pace=pace))


@pytest.fixture(scope="module")
def stormy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on which 3,000 jobs have failed together, most of which were told as one."""
    settings = WebSettings(hooks=(Hook(kind="pagerduty", receiver=RECEIVER, secrets=(SECRET,)),))
    folder = tmp_path_factory.mktemp("stormy")
    with serving(folder, closed=True, settings=settings, change=gathering_by_the_second) as served:
        for part in range(STORM // 1_000):
            served.report(*({"job": f"load {part} {n:03}", "kind": "fail"} for n in range(1_000)))
        wait_long(lambda: the_only_group(served)["waiting"] == 0 and the_only_group(served)["open"] > 0)
        yield served


def the_only_group(served: Served) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = served.get("/api/v1/groups")["items"]
    return found


def wait_long(holds: Callable[[], bool]) -> None:
    """Wait for what thousands of alerts have to go through, also on a machine that has other things to do."""
    pause = Event()
    for _ in range(LONG):
        if holds():
            return
        pause.wait(0.1)
    raise AssertionError("it did not come about in time")


def test_however_many_alerts_a_storm_has_pagerduty_is_answered_after_one_command(
    stormy: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Command] = []
    plain = stormy.engine.command

    def counted(command: Command) -> Result:
        given.append(command)
        return plain(command)

    monkeypatch.setattr(stormy.engine, "command", counted)
    group = the_only_group(stormy)
    path, many = f"/api/v1/groups/{group['id']}", group["open"]
    assert many > STORM / 2

    taken = called(stormy, an_event(group["id"]))
    assert (taken.status, len(given)) == (202, 1)
    assert taken.json["message"] == f"acknowledged {SLICE} alerts so far; the others of the group follow"
    wait_long(lambda: bool(stormy.get(path)["taken"] == many))

    over = called(stormy, an_event(group["id"], "resolved"))
    assert (over.status, len(given)) == (202, 2)
    assert over.json["message"] == f"resolved {SLICE} alerts so far; the others of the group follow"
    wait_long(lambda: bool(stormy.get(path)["over"] == many))
    again = called(stormy, an_event(group["id"], "resolved"))
    assert again.json["message"] == "resolved 0 alerts of the group"


def test_an_alert_that_is_not_known_is_no_error_of_pagerduty(hooked: Served) -> None:
    answer = called(hooked, an_event("0123456789abcdef"))

    assert answer.status == 202
    assert answer.json["message"] == "there is no alert '0123456789abcdef'"


def test_doing_it_twice_or_after_the_end_says_who_did_it(hooked: Served) -> None:
    _, alert_id = failed(hooked)
    called(hooked, an_event(alert_id))

    assert "already" in called(hooked, an_event(alert_id)).json["message"]
    called(hooked, an_event(alert_id, "resolved"))
    assert "resolved" in called(hooked, an_event(alert_id)).json["message"]


def test_a_body_that_is_too_long_is_refused(hooked: Served) -> None:
    assert called(hooked, an_event("x" * 300_000)).status == 413


def test_a_name_cannot_do_harm(hooked: Served) -> None:
    job, alert_id = failed(hooked)
    event = json.loads(an_event(alert_id))
    event["event"]["agent"]["summary"] = "\x1b[2J<script>\u202e\x00" + "x" * 1000

    assert called(hooked, json.dumps(event).encode()).status == 202

    who = an_alert(hooked, job)["acknowledged_by"]
    assert who.startswith("<script>x")
    assert len(who) <= 200
    assert who.isprintable()


def test_settings_do_not_show_secrets() -> None:
    assert SECRET.decode() not in repr(Hook(kind="pagerduty", receiver=RECEIVER, secrets=(SECRET,)))


def test_only_the_newest_deliveries_are_remembered() -> None:
    replays = Replays()
    for number in range(MAX_REMEMBERED + 1):
        replays.remember(str(number))

    assert not replays.has("0")
    assert replays.has("1")
    assert replays.has(str(MAX_REMEMBERED))
