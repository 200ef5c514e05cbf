"""What Twilio says became of a text or a call: the fallback hears of what reached nobody."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.contracts.situations import Situation
from tests.contracts.twilio import MADE, SID, Twilio, callback
from tests.notify.messages import AT, a_message
from tests.web.served import Served, serving, wait_until
from tocsin.config.loading import load
from tocsin.engine.configuration import Configuration
from tocsin.errors import ChannelError
from tocsin.notify.answering import Line
from tocsin.notify.channel import Channel
from tocsin.notify.channels.phone import PhoneChannel
from tocsin.notify.channels.sms import SmsChannel
from tocsin.notify.egress.twilio import Account
from tocsin.store.rows import Notification, NotificationState
from tocsin.web.settings import WebSettings

BASE = "https://tocsin.example.com"
FROM, PHONE = "+14155550100", "+4915112345678"
TARGET = "console/console"
LINE = Line(number=PHONE, target=TARGET, account_sid=SID, auth_token=Twilio.password)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A server that has told an alert by Twilio, and whatever stands in for that."""

    served: Served
    twilio: Twilio
    alert_id: str

    def says(self, status: str, *, error: str = "", sid: str = MADE, token: str = Twilio.password) -> int:
        """Let Twilio say what became of it, and return what it is answered."""
        posted = callback(self.twilio.received[0], status, error=error, sid=sid, token=token)
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": posted.signature,
        }
        return self.served.ask("POST", posted.path, posted.body, headers).status

    @property
    def first(self) -> Notification:
        """What was owed by Twilio."""
        with self.served.store.reading() as reading:
            return reading.notifications(self.alert_id)[0]

    @property
    def tries(self) -> list[str]:
        """How its tries ended."""
        with self.served.store.reading() as reading:
            return [one.detail for one in reading.deliveries([self.first.key])]


def with_backup(configuration: Configuration) -> Configuration:
    targets = {**configuration.targets, "backup": ("backup/ear",)}
    return replace(configuration, targets=targets, fallbacks={"console": "backup"})


@contextmanager
def telling(folder: Path, *, by_phone: bool) -> Iterator[Told]:
    settings = WebSettings(base_url=BASE, lines=(LINE,))
    with (
        Twilio(Situation.ACCEPTS) as twilio,
        serving(folder, settings=settings, change=with_backup) as served,
    ):
        account = Account(sid=SID, user=SID, password=Twilio.password, url=twilio.url)
        channel: Channel = (
            PhoneChannel(account, sender=FROM, to=PHONE, answers_to=BASE)
            if by_phone
            else SmsChannel(account, sender=FROM, to=PHONE, reports_to=BASE)
        )
        served.engine.deliverer.channels = {TARGET: channel, "backup/ear": served.ear}
        served.report({"job": "etl", "kind": "fail"})
        [alert] = served.get("/api/v1/alerts")["items"]
        told = Told(served=served, twilio=twilio, alert_id=alert["id"])
        wait_until(lambda: told.first.state is NotificationState.SENT)
        yield told


@pytest.fixture
def text(tmp_path: Path) -> Iterator[Told]:
    with telling(tmp_path, by_phone=False) as told:
        yield told


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Told]:
    with telling(tmp_path, by_phone=True) as told:
        yield told


@pytest.mark.parametrize("status", ["undelivered", "failed"])
def test_a_text_that_reached_nobody_goes_to_the_fallback(text: Told, status: str) -> None:
    assert text.says(status, error="30003") == 204

    text.served.ear.wait_for(1)
    [stand_in] = text.served.ear.messages
    assert stand_in.alert_id == text.alert_id
    assert text.first.state is NotificationState.DEAD
    assert text.first.last_error == f"Twilio: {status}, error 30003"
    assert text.tries[1:] == [f"Twilio: {status}, error 30003"]


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_a_call_that_nobody_took_goes_to_the_fallback(call: Told, status: str) -> None:
    assert call.says(status) == 204

    call.served.ear.wait_for(1)
    assert call.first.last_error == f"Twilio: {status}"


def test_a_call_that_nobody_took_is_only_noted_once_somebody_has_it_in_hand(call: Told) -> None:
    call.served.ask("POST", f"/api/v1/alerts/{call.alert_id}/acknowledge", {})

    assert call.says("no-answer") == 204
    assert (call.first.state, call.first.fallback_key) == (NotificationState.DEAD, "-")


@pytest.mark.parametrize("status", ["queued", "sent", "delivered", "read", ""])
def test_what_arrived_or_is_on_its_way_stays_sent(text: Told, status: str) -> None:
    assert text.says(status) == 204
    assert text.first.state is NotificationState.SENT


def test_a_call_that_was_taken_stays_sent(call: Told) -> None:
    assert call.says("completed") == 204
    assert call.first.state is NotificationState.SENT


def test_the_same_report_again_is_harmless(text: Told) -> None:
    assert [text.says("undelivered", error="30005") for _ in range(3)] == [204] * 3

    assert len(text.tries) == 2
    text.served.ear.wait_for(1)
    assert len(text.served.ear.messages) == 1


def test_a_report_about_another_message_is_passed_over(text: Told) -> None:
    assert text.says("undelivered", sid="SM" + "1" * 32) == 204
    assert text.first.state is NotificationState.SENT


def test_what_twilio_has_not_signed_changes_nothing(text: Told) -> None:
    assert text.says("undelivered", token="f" * 32) == 401
    assert text.first.state is NotificationState.SENT


@pytest.mark.parametrize(("old", "new"), [("alert=", "alert=x"), ("notification=", "notification=x")])
def test_the_signature_holds_for_this_notification_only(text: Told, old: str, new: str) -> None:
    posted = callback(text.twilio.received[0], "failed", token=Twilio.password)
    headers = {"x-twilio-signature": posted.signature}

    assert text.served.ask("POST", posted.path.replace(old, new), posted.body, headers).status == 401


@pytest.mark.parametrize(("old", "new"), [("alert=", "alert=x"), ("notification=", "notification=x")])
def test_a_report_about_what_is_unknown_is_passed_over(text: Told, old: str, new: str) -> None:
    asked = text.twilio.received[0]
    was, becomes = (part.replace("=", "%3D").encode() for part in (old, new))
    strange = replace(asked, body=asked.body.replace(was, becomes))
    posted = callback(strange, "failed", token=Twilio.password)
    headers = {"x-twilio-signature": posted.signature}

    assert new in posted.path
    assert text.served.ask("POST", posted.path, posted.body, headers).status == 204
    assert text.first.state is NotificationState.SENT


def change(folder: Path, to: str) -> None:
    """Let what is owed be otherwise than it comes about by itself."""
    with closing(sqlite3.connect(folder / "tocsin.db")) as connection, connection:
        connection.execute(f"UPDATE notifications SET {to}")  # noqa: S608 - our own words


def test_twilio_asks_again_about_what_is_still_being_sent(text: Told, tmp_path: Path) -> None:
    change(tmp_path, "state = 'sending'")
    assert text.says("failed") == 503

    change(tmp_path, "state = 'sent'")
    assert text.says("failed") == 204
    assert text.first.state is NotificationState.DEAD


def test_a_report_about_what_another_number_was_told_is_passed_over(text: Told, tmp_path: Path) -> None:
    change(tmp_path, "target = 'other/sms'")

    assert text.says("failed") == 204
    assert text.first.state is NotificationState.SENT


@pytest.mark.parametrize(
    ("base_url", "login", "asks"),
    [
        (f"base_url: {BASE}\n", "auth_token: env:SECRET", True),
        ("", "auth_token: env:SECRET", False),
        (f"base_url: {BASE}\n", f"api_key: SK{SID[2:]}\n      api_secret: env:SECRET", False),
    ],
)
def test_twilio_is_asked_only_where_it_can_reach_us_and_be_known(
    tmp_path: Path, base_url: str, login: str, *, asks: bool
) -> None:
    with Twilio(Situation.ACCEPTS) as twilio:
        account = f"      account_sid: {SID}\n      {login}\n      url: {twilio.url}\n"
        numbers = f"      from: '{FROM}'\n      to: '{PHONE}'\n"
        file = tmp_path / "tocsin.yaml"
        file.write_text(f"{base_url}receivers:\n  - name: night\n    sms:\n{account}{numbers}")
        channel = load(file, {"SECRET": Twilio.password}).channels["night/sms"]
        with suppress(ChannelError):  # the look-alike knows no API keys
            channel.send(a_message(), at=AT)

        assert (b"StatusCallback" in twilio.received[0].body) is asks
