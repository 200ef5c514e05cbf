"""Buttons that are pressed in Slack, against a running server and a look-alike of Slack."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from slack_sdk.signature import SignatureVerifier

from tests.contracts.slack_api import BOT_TOKEN, CHANNEL, SlackApi
from tests.web.served import Heard, Served, serving, wait_until
from tocsin.alerts.group import Pace
from tocsin.clock import now
from tocsin.engine.configuration import Configuration
from tocsin.notify.channels.slack_bot import SlackBotChannel
from tocsin.web.settings import Hook, WebSettings

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
HOOK = "/api/v1/hooks/slack"
ADA = {"id": "U0ADA", "username": "ada", "name": "ada"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A server that tells of its alerts in Slack."""

    served: Served
    slack: SlackApi

    def fails(self, job: str) -> str:
        """Let a job fail; return its alert's id once Slack has heard of it."""
        count = len(self.slack.shown)
        self.served.report({"job": job, "kind": "fail"})
        wait_until(lambda: len(self.slack.shown) > count)
        alerts = self.served.get("/api/v1/alerts?limit=1000")["items"]
        return str(next(alert["id"] for alert in alerts if alert["job"] == job))

    def presses(self, verb: str, alert_id: str, user: Mapping[str, str] = ADA) -> str:
        """Press a button as Slack would tell us of it; return what the one who pressed is told."""
        count = len(self.slack.answers)
        assert self.posts(body_of(self.slack, verb, alert_id, user)).status == 200
        wait_until(lambda: len(self.slack.answers) > count)
        return str(self.slack.answers[-1]["text"])

    def posts(self, body: bytes, *, at: datetime | None = None, secret: str = SECRET) -> Heard:
        """Post a body under Slack's own signature, made by Slack's own library."""
        return self.served.ask("POST", HOOK, body, signed(body, at or now(), secret))


def signed(body: bytes, at: datetime, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    assert signature is not None
    return {
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signature,
        "content-type": "application/x-www-form-urlencoded",
    }


def body_of(slack: SlackApi, verb: str, alert_id: str, user: Mapping[str, str] = ADA) -> bytes:
    payload = {
        "type": "block_actions",
        "user": {**user, "team_id": "T1"},
        "api_app_id": "A1",
        "token": "deprecated",
        "trigger_id": "1.2.3",
        "container": {"type": "message_attachment", "message_ts": "1.2", "channel_id": CHANNEL},
        "response_url": f"{slack.url}/actions/T1/1/x",
        "actions": [
            {"type": "button", "action_id": verb, "block_id": "b", "value": alert_id, "action_ts": f"{now()}"}
        ],
    }
    return f"payload={quote(json.dumps(payload))}".encode()


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """A closed server with a bot."""
    hooks = tuple(
        Hook(kind="slack", receiver="console", secrets=(secret,)) for secret in (b"other", SECRET.encode())
    )
    folder, settings = tmp_path_factory.mktemp("chat"), WebSettings(hooks=hooks)
    with SlackApi() as slack, serving(folder, closed=True, settings=settings, change=_followed) as served:
        bot = SlackBotChannel(BOT_TOKEN, CHANNEL, signing_secret=SECRET, api_url=f"{slack.url}/api")
        targets = (*served.engine.deliverer.channels, "console/slack")
        served.engine.deliverer.channels = dict.fromkeys(targets, bot)
        yield Chat(served=served, slack=slack)


def _followed(configuration: Configuration) -> Configuration:
    targets = frozenset(name for names in configuration.targets.values() for name in names)
    return replace(configuration, hears_acknowledgements=targets)


def test_who_presses_acknowledge_has_it_and_the_message_says_so(chat: Chat) -> None:
    alert_id = chat.fails("etl")

    [seen] = [seen for seen in chat.slack.shown if "etl" in seen.text]
    assert seen.sends == [("acknowledge", alert_id), ("resolve", alert_id), ("silence", alert_id)]

    answer = chat.presses("acknowledge", alert_id)

    assert answer == "Tocsin: acknowledged; it is not repeated unless it gets worse or comes again"
    alert = chat.served.get(f"/api/v1/alerts/{alert_id}")
    assert (alert["state"], alert["acknowledged_by"]) == ("acknowledged", "ada (Slack U0ADA)")
    wait_until(lambda: seen.text.startswith("ACKNOWLEDGED:"))
    assert "Acknowledge" not in seen.buttons


def test_acknowledging_twice_is_answered_kindly(chat: Chat) -> None:
    alert_id = chat.fails("twice")
    chat.presses("acknowledge", alert_id)

    answer = chat.presses("acknowledge", alert_id, {"id": "U0BOB", "username": "bob"})

    assert answer.startswith("Tocsin: ada (Slack U0ADA) acknowledged it already at ")


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "silence"])
def test_what_is_over_needs_nobody(chat: Chat, verb: str) -> None:
    alert_id = chat.fails(f"over-{verb}")
    chat.served.report({"job": f"over-{verb}", "kind": "success"})

    assert "resolved already" in chat.presses(verb, alert_id)


def test_who_presses_resolve_has_resolved_it(chat: Chat) -> None:
    alert_id = chat.fails("done")

    chat.presses("resolve", alert_id)

    alert = chat.served.get(f"/api/v1/alerts/{alert_id}")
    assert (alert["state"], alert["resolved_by"]) == ("resolved", "ada (Slack U0ADA)")


def test_who_presses_silence_mutes_the_trouble_of_the_job_for_an_hour(chat: Chat) -> None:
    chat.presses("silence", chat.fails("loud"))

    silences = chat.served.get("/api/v1/silences?limit=1000")["items"]
    silence = next(one for one in silences if 'job="loud"' in one["matchers"])
    assert silence["matchers"] == ['job="loud"', 'environment="production"', 'condition="job_failure"']
    assert silence["created_by"] == "ada (Slack U0ADA)"
    length = datetime.fromisoformat(silence["ends_at"]) - datetime.fromisoformat(silence["starts_at"])
    assert timedelta(minutes=59) < length <= timedelta(hours=1)


def test_who_presses_acknowledge_all_has_every_alert_of_the_group(tmp_path: Path) -> None:
    settings = WebSettings(hooks=(Hook(kind="slack", receiver="console", secrets=(SECRET.encode(),)),))
    with SlackApi() as slack, serving(tmp_path, closed=True, settings=settings, change=_in_groups) as served:
        bot = SlackBotChannel(BOT_TOKEN, CHANNEL, signing_secret=SECRET, api_url=f"{slack.url}/api")
        served.engine.deliverer.channels = {"console/console": bot, "console/slack": bot}
        chat = Chat(served=served, slack=slack)
        served.report(*({"job": f"job {number}", "kind": "fail"} for number in range(5)))
        wait_until(lambda: any(one["open"] for one in served.get("/api/v1/groups")["items"]))
        with served.store.reading() as reading:
            (group,) = reading.groups(10)
            pooled = {alert.job for alert in reading.alerts_of_group(group.id, after="", limit=10)}

        answer = chat.presses("acknowledge", group.id)

        alerts = served.get("/api/v1/alerts")["items"]
        assert answer == f"Tocsin: acknowledged {len(pooled)} alerts; none is repeated unless it gets worse"
        assert {alert["job"] for alert in alerts if alert["state"] == "acknowledged"} == pooled
        assert len(pooled) >= 4
        assert chat.presses("acknowledge", group.id) == "Tocsin: none of its alerts waits for somebody"


def _in_groups(configuration: Configuration) -> Configuration:
    pace = Pace(wait=timedelta(milliseconds=50), interval=timedelta(hours=1), together_from=3)
    return replace(configuration, policy=replace(configuration.policy, pace=pace))


def test_a_person_is_named_by_slack_and_cannot_name_themselves_otherwise(chat: Chat) -> None:
    alert_id = chat.fails("named")

    chat.presses("acknowledge", alert_id, {"id": "U1", "username": "a\u202e\x1b[31m\n" + "x" * 500})

    name = chat.served.get(f"/api/v1/alerts/{alert_id}")["acknowledged_by"]
    assert name.startswith("a xxx")
    assert name.endswith("… (Slack U1)")
    assert len(name) < 120


def test_an_alert_that_nobody_knows_is_answered_kindly(chat: Chat) -> None:
    assert chat.presses("acknowledge", "no-such-alert") == "Tocsin: this alert is not known any more"


def test_a_request_of_slack_holds_once(chat: Chat) -> None:
    body = body_of(chat.slack, "silence", chat.fails("replayed"))
    headers, before = signed(body, now()), len(chat.served.get("/api/v1/silences")["items"])

    first = chat.served.ask("POST", HOOK, body, headers)
    again = chat.served.ask("POST", HOOK, body, headers)

    assert (first.status, again.status) == (200, 401)
    assert "came before" in again.json["error"]["message"]
    assert len(chat.served.get("/api/v1/silences")["items"]) == before + 1


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_request_that_was_signed_at_another_time_is_refused(chat: Chat, minutes: int) -> None:
    alert_id = chat.fails(f"stale{minutes}")

    answer = chat.posts(body_of(chat.slack, "resolve", alert_id), at=now() + timedelta(minutes=minutes))

    assert (answer.status, "5 minutes" in answer.text) == (401, True)
    assert chat.served.get(f"/api/v1/alerts/{alert_id}")["state"] == "firing"


def test_a_request_of_four_minutes_ago_is_believed(chat: Chat) -> None:
    alert_id = chat.fails("slow")

    answer = chat.posts(body_of(chat.slack, "resolve", alert_id), at=now() - timedelta(minutes=4))

    assert answer.status == 200


def test_a_request_that_is_not_slacks_is_refused_and_changes_nothing(chat: Chat) -> None:
    alert_id = chat.fails("forged")
    body = body_of(chat.slack, "resolve", alert_id)
    good = signed(body, now())
    forged: list[dict[str, str]] = [
        {},
        {**good, "x-slack-signature": ""},
        {**good, "x-slack-signature": "v0=" + "0" * 64},
        {**good, "x-slack-signature": good["x-slack-signature"].removeprefix("v0=")},
        {**good, "x-slack-signature": "v0=é"},
        {**good, "x-slack-request-timestamp": "soon"},
        {**good, "x-slack-request-timestamp": "9" * 90},
        {**good, "x-slack-request-timestamp": str(int(good["x-slack-request-timestamp"]) + 1)},
        signed(body, now(), secret="another secret"),
        signed(body + b"&x=1", now()),
    ]

    for headers in forged:
        assert chat.served.ask("POST", HOOK, body, headers).status == 401, headers
    assert chat.served.get(f"/api/v1/alerts/{alert_id}")["state"] == "firing"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload=",
        b"payload={",
        b"payload=[]",
        b"payload=" + b"[" * 30_000,
        b"payload=" + quote(json.dumps({"type": "view_submission", "user": {"id": "U"}})).encode(),
        b"payload=" + quote(json.dumps({"type": "block_actions", "user": "ada"})).encode(),
        b"payload=%ff%fe",
        b"a=1&" * 100,
    ],
)
def test_what_says_nothing_that_is_known_is_refused(chat: Chat, body: bytes) -> None:
    assert chat.posts(body).status == 400


def test_a_link_that_was_clicked_is_nothing_to_do(chat: Chat) -> None:
    payload: dict[str, Any] = {"type": "block_actions", "user": ADA, "actions": [{"action_id": "x"}]}

    assert chat.posts(f"payload={quote(json.dumps(payload))}".encode()).status == 200


def test_a_request_has_a_limit(chat: Chat) -> None:
    assert chat.posts(b"payload=" + b"x" * 70_000).status == 413


def test_who_has_no_bot_hears_nobody(tmp_path: Path) -> None:
    body = b"payload={}"
    with serving(tmp_path) as served:
        answer = served.ask("POST", HOOK, body, signed(body, now()))

    assert (answer.status, "no receiver here" in answer.text) == (401, True)
