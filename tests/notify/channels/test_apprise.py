import json
import logging
import subprocess
from threading import Thread
from typing import Any

import pytest

from tests.contracts.receivers import HttpReceiver
from tests.contracts.situations import Situation
from tests.notify.messages import AT, a_hostile_message, a_message
from tocsin.errors import ChannelError
from tocsin.notify.channel import Outcome, outcome_of
from tocsin.notify.channels import apprise
from tocsin.notify.channels.apprise import BODY_LIMIT, AppriseChannel
from tocsin.notify.egress.reach import Reach, read_network
from tocsin.notify.message import Message, MessageKind

SECRET = "T0SECRET0B0SECRET"


def told(*messages: Message) -> list[dict[str, str]]:
    """Return what the service was told by Apprise."""
    with HttpReceiver(Situation.ACCEPTS) as receiver:
        channel = AppriseChannel(f"json://127.0.0.1:{receiver.port}/{SECRET}", 30)
        for message in messages:
            channel.send(message, at=AT)
    return [json.loads(one.body) for one in receiver.received]


def failure(url: str, timeout_seconds: float = 30) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        AppriseChannel(url, timeout_seconds).send(a_message(), at=AT)
    assert SECRET not in str(caught.value)
    return caught.value


def test_a_service_is_told_what_is_wrong_and_what_to_do() -> None:
    [said] = told(a_message())

    assert said["title"] == "CRITICAL: daily_etl missed its deadline 06:00"
    assert said["type"] == "failure"
    assert said["message"].splitlines() == [
        "The run of 30 March was due at 06:00 and is still working.",
        "",
        "Do now: Look at the slow query.",
        "",
        "Likely cause: The source was late.",
        "",
        "Since: 2026-03-30 06:00:00 CEST (Europe/Berlin), for 1 h 30 min",
        "Deadline: 06:00 CEST",
        "Progress: 43 %",
        "Owner: team data",
        "",
        "Job: http://127.0.0.1:8080/jobs/daily_etl",
        "Runbook: https://wiki.example.com/etl?a=1&b=2",
        "",
        "reading",
        "still reading",
    ]


def test_an_end_is_a_success_and_hostile_text_is_bounded() -> None:
    hostile = a_hostile_message(text="x" * 2000, log_tail="y" * 3000, next_step="z" * 500)
    over, long = told(a_message(kind=MessageKind.RESOLVED, severity="page"), hostile)

    assert over["type"] == "success"
    assert len(long["message"]) <= BODY_LIMIT
    assert not set(long["message"]) & set("\x1b\x9b\x00\x07\x7f\r\u202e")


@pytest.mark.parametrize("url", ["", "discord", "://x", "tgram://", "tg ram://x", "tgram://a\nb"])
def test_what_is_no_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="has the form service://") as caught:
        AppriseChannel(url)

    assert not url or url not in str(caught.value).replace("service://", "")


def test_a_service_that_apprise_does_not_know_is_refused() -> None:
    error = failure(f"no-such-thing://{SECRET}".replace("-", ""))

    assert outcome_of(error) is Outcome.REFUSED
    assert str(error) == "nosuchthing://…: Apprise knows no service by this address"


def test_nothing_is_said_to_addresses_at_which_clouds_keep_credentials() -> None:
    error = failure(f"json://169.254.169.254/{SECRET}")

    assert outcome_of(error) is Outcome.TRY_AGAIN
    assert "an address to which nothing is sent" in str(error)


def test_an_address_that_is_allowed_is_reached() -> None:
    reach = Reach(allowed=(read_network("127.0.0.0/8"), read_network("10.0.0.0/8")))
    with HttpReceiver(Situation.ACCEPTS) as receiver:
        # 2130706433 is 127.0.0.1 in a form that is neither `localhost` nor written as an address.
        url = f"json://2130706433:{receiver.port}/{SECRET}"
        with pytest.raises(ChannelError):
            AppriseChannel(url, 30).send(a_message(), at=AT)
        assert receiver.received == []
        AppriseChannel(url, 30, reach=reach).send(a_message(), at=AT)

    assert len(receiver.received) == 1


def test_one_that_does_not_begin_in_time_has_been_told_nothing() -> None:
    error = failure(f"json://127.0.0.1:1/{SECRET}", 0.05)

    assert outcome_of(error) is Outcome.TRY_AGAIN
    assert "too long to begin" in str(error)


def test_messages_wait_for_each_other_no_longer_than_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = AppriseChannel(f"json://127.0.0.1:1/{SECRET}", 0.2)
    monkeypatch.setattr(apprise, "_run", lambda *_: [])
    channel._lock.acquire()  # noqa: SLF001 - another message is being sent
    errors: list[str] = []

    def send() -> None:
        try:
            channel.send(a_message(), at=AT)
        except ChannelError as error:
            errors.append(str(error))

    thread = Thread(target=send)
    thread.start()
    thread.join(90)

    assert errors == ["json://…: other messages take too long; nothing was sent"]


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise, "_run", lambda *_: ["not_installed"])

    error = failure(f"json://127.0.0.1:1/{SECRET}")

    assert outcome_of(error) is Outcome.REFUSED
    assert "pip install 'tocsin[apprise]'" in str(error)


def test_the_process_is_given_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, *words: Any, **options: Any) -> None:  # noqa: ANN401 - whatever it is called with
            given.append({"words": words, **options})
            super().__init__(*words, **options)

    monkeypatch.setenv("SMTP_PASSWORD", SECRET)
    monkeypatch.setattr(subprocess, "Popen", Recorded)
    told(a_message())

    assert len(given) == 1
    assert SECRET not in repr(given)
    assert "SMTP_PASSWORD" not in given[0]["env"]


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    failure(f"json://127.0.0.1:1/{SECRET}")

    assert SECRET not in caplog.text
    assert SECRET not in "".join(capfd.readouterr())
