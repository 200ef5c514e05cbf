"""Answers by telephone: signed by Twilio, from a known number, and about the right alert."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from tests.contracts.twilio import SID, of_twiml
from tests.web.served import Heard, Served, serving
from tocsin.dialects.twilio import is_genuine, signed
from tocsin.notify.answering import Line, code_of
from tocsin.web.settings import WebSettings

TOKEN = "0123456789abcdef0123456789abcdef"
BASE = "https://tocsin.example.com"
PHONE = "+4915112345678"
SMS = "/api/v1/hooks/twilio/sms"
VOICE = "/api/v1/hooks/twilio/voice"
LINE = Line(number=PHONE, target="console/console", account_sid=SID, auth_token=TOKEN)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, settings=WebSettings(base_url=BASE, lines=(LINE,))) as server:
        yield server


def post(served: Served, path: str, fields: dict[str, str], *, token: str = TOKEN, base: str = BASE) -> Heard:
    """Post as Twilio does, signed by its own library."""
    fields = {"AccountSid": SID, **fields}
    signature = RequestValidator(token).compute_signature(base + path, fields)
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
    return served.ask("POST", path, urlencode(fields).encode(), headers)


def reply(served: Served, text: str, *, sid: str = "", number: str = PHONE) -> str:
    """Send a text message and return what is answered."""
    sid = sid or f"SM{next(_numbers)}"
    answer = post(served, SMS, {"From": number, "To": "+14155550100", "Body": text, "MessageSid": sid})
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    return said(answer)


_numbers = iter(range(1_000_000))


def said(answer: Heard) -> str:
    """Return the words of a document that Twilio would understand."""
    assert list(of_twiml(answer.text)) == []
    return " ".join("".join(ET.fromstring(answer.text).itertext()).split())  # noqa: S314 - our own document


def press(served: Served, digit: str, alert: str, *, to: str = PHONE) -> Heard:
    """Press a key during a call."""
    fields = {"From": "+14155550100", "To": to, "Digits": digit, "CallSid": "CA1"}
    return post(served, f"{VOICE}?{urlencode({'alert': alert})}", fields)


def failed(served: Served, *jobs: str) -> list[str]:
    """Let jobs fail, and return the ids of their alerts once they were told."""
    for job in jobs:
        served.report({"job": job, "kind": "fail"})
    return [alert_told(served, job) for job in jobs]


def alert_told(served: Served, job: str) -> str:
    return served.ear.heard(lambda message: message.job == job)[-1].alert_id


def alert(served: Served, alert_id: str) -> tuple[str, str]:
    found = served.get(f"/api/v1/alerts/{alert_id}")
    return found["state"], found["acknowledged_by"] or ""


def test_a_plain_1_acknowledges_the_one_alert_that_is_open(served: Served) -> None:
    [etl] = failed(served, "etl")

    assert reply(served, "1") == "etl: acknowledged; it is not repeated unless it gets worse or comes again"
    assert alert(served, etl) == ("acknowledged", "console (console …5678)")


def test_of_several_a_plain_1_takes_none_and_tells_the_codes(served: Served) -> None:
    etl, load = failed(served, "etl", "load")

    answer = reply(served, "1")

    assert answer.startswith("2 alerts are open. Reply 1 and a code: ")
    assert f"{code_of(etl)} etl" in answer
    assert f"{code_of(load)} load" in answer
    assert alert(served, etl)[0] == alert(served, load)[0] == "firing"


def test_a_code_acknowledges_its_alert_and_no_other(served: Served) -> None:
    etl, load = failed(served, "etl", "load")

    assert reply(served, f"ACK {code_of(load).upper()}").startswith("load: acknowledged")
    assert alert(served, etl)[0] == "firing"
    assert alert(served, load)[0] == "acknowledged"
    assert reply(served, "1").startswith("etl: acknowledged")


def test_acknowledging_twice_says_who_was_first(served: Served) -> None:
    [etl] = failed(served, "etl")
    served.ask("POST", f"/api/v1/alerts/{etl}/acknowledge", {})

    assert "anonymous (loopback) acknowledged it already at" in reply(served, "1")


def test_acknowledging_what_is_over_says_so(served: Served) -> None:
    [etl] = failed(served, "etl")
    served.ask("POST", f"/api/v1/alerts/{etl}/resolve", {})

    assert "resolved it already at" in reply(served, f"1 {code_of(etl)}")
    assert reply(served, "1") == "Nothing that you were told of is open."


def test_resolving_by_code_ends_it(served: Served) -> None:
    [etl] = failed(served, "etl")

    assert reply(served, f"resolve {code_of(etl)}").startswith("etl: resolved")
    assert alert(served, etl)[0] == "resolved"


def test_a_code_that_belongs_to_nothing_does_nothing(served: Served) -> None:
    [etl] = failed(served, "etl")
    wrong = "2222" if code_of(etl) != "2222" else "3333"

    assert reply(served, f"1 {wrong}") == f"No alert that you were told of has the code {wrong}."
    assert alert(served, etl)[0] == "firing"


def test_chatter_is_answered_with_what_can_be_said(served: Served) -> None:
    failed(served, "etl")

    answers = [reply(served, "I am driving and will answer later.") for _ in range(4)]

    assert answers[0].startswith("Reply 1 and the code")
    assert answers.count("") >= 2  # whoever answers automatically is not answered for ever


def test_the_same_message_again_does_nothing(served: Served) -> None:
    [first] = failed(served, "etl")
    reply(served, "1", sid="SM7")
    served.ask("POST", f"/api/v1/alerts/{first}/resolve", {})
    [second] = failed(served, "load")

    assert reply(served, "1", sid="SM7") == ""
    assert alert(served, second)[0] == "firing"


def test_who_opts_out_is_answered_by_twilio_alone(served: Served) -> None:
    fields = {"From": PHONE, "Body": "STOP", "MessageSid": "SM1", "OptOutType": "STOP"}

    assert said(post(served, SMS, fields)) == ""


@pytest.mark.parametrize(("key", "state"), [("4", "acknowledged"), ("6", "resolved")])
def test_a_key_does_what_the_voice_said(served: Served, key: str, state: str) -> None:
    [etl] = failed(served, "etl")

    answer = press(served, key, etl)

    assert said(answer).startswith(state)
    assert alert(served, etl)[0] == state
    assert "already" in said(press(served, key, etl))


def test_any_other_key_reads_it_again_but_not_for_ever(served: Served) -> None:
    [etl] = failed(served, "etl")

    answer, turns = press(served, "1", etl), 1
    while "Press 4 to acknowledge" in said(answer):
        action = ET.fromstring(answer.text)[0].attrib["action"]  # noqa: S314 - our own document
        assert "etl" in said(answer)
        answer, turns = post(served, action.removeprefix(BASE), {"To": PHONE, "Digits": "9"}), turns + 1

    assert turns == 5
    assert alert(served, etl)[0] == "firing"


def test_a_key_about_no_alert_is_answered_kindly(served: Served) -> None:
    assert said(press(served, "4", "nothing")).startswith("not done: there is no alert")
    assert said(press(served, "9", "nothing")) == "There is no such alert any more. Goodbye."


def test_a_stranger_is_refused_though_twilio_has_signed(served: Served) -> None:
    [etl] = failed(served, "etl")
    fields = {"From": "+4915199999999", "Body": "1", "MessageSid": "SM1"}

    answer = post(served, SMS, fields)

    assert (answer.status, answer.json["error"]["code"]) == (403, "unknown_number")
    assert press(served, "4", etl, to="+4915199999999").status == 403
    assert alert(served, etl)[0] == "firing"


@pytest.mark.parametrize("path", [SMS, VOICE])
def test_what_twilio_has_not_signed_does_nothing(served: Served, path: str) -> None:
    [etl] = failed(served, "etl")
    fields = {"From": PHONE, "To": PHONE, "Body": "1", "MessageSid": "SM1", "Digits": "4"}
    path = f"{path}?alert={etl}"

    assert post(served, path, fields, token="f" * 32).status == 401
    assert post(served, path, fields, base="https://elsewhere.example.com").status == 401
    assert post(served, path, {**fields, "AccountSid": "AC" + "f" * 32}).status == 401
    unsigned = served.ask("POST", path, urlencode({"AccountSid": SID, **fields}).encode())
    assert (unsigned.status, unsigned.json["error"]["code"]) == (401, "unauthorized")
    assert alert(served, etl)[0] == "firing"


def test_a_signature_for_other_fields_or_another_address_does_not_fit(served: Served) -> None:
    etl, load = failed(served, "etl", "load")
    fields = {"AccountSid": SID, "To": PHONE, "Digits": "4"}
    signature = RequestValidator(TOKEN).compute_signature(f"{BASE}{VOICE}?alert={etl}", fields)
    headers = {"x-twilio-signature": signature}

    other_key = urlencode({**fields, "Digits": "6"}).encode()
    assert served.ask("POST", f"{VOICE}?alert={etl}", other_key, headers).status == 401
    assert served.ask("POST", f"{VOICE}?alert={load}", urlencode(fields).encode(), headers).status == 401
    assert served.ask("POST", f"{VOICE}?alert={etl}", urlencode(fields).encode(), headers).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"A=" + b"x" * 20_000, 413),
        (b"\xff\xfe=1", 400),
        (b"&".join(b"a%d=1" % number for number in range(300)), 400),
        (b"", 401),
        (b'{"AccountSid": "x"}', 401),
    ],
)
def test_a_body_that_is_no_form_of_twilio_is_refused(served: Served, body: bytes, status: int) -> None:
    assert served.ask("POST", SMS, body, {"x-twilio-signature": "x"}).status == status


def test_without_base_url_nothing_can_be_genuine(tmp_path: Path) -> None:
    with serving(tmp_path, settings=WebSettings(lines=(LINE,))) as server:
        assert post(server, SMS, {"From": PHONE, "Body": "1"}, base="").status == 401


def test_an_address_with_the_port_or_without_is_the_same() -> None:
    fields = [("From", PHONE), ("Body", "1"), ("Body", "2"), ("Empty", "")]
    for given in ("https://t.example.com/x?a=1", "https://t.example.com:443/x?a=1"):
        for ours in ("https://t.example.com/x?a=1", "https://t.example.com:443/x?a=1"):
            assert is_genuine([TOKEN], ours, fields, signed(TOKEN, given, fields))
    assert not is_genuine(
        [TOKEN], "https://t.example.com/x", fields, signed(TOKEN, "https://t.example.com/y", fields)
    )
    assert not is_genuine([], "https://t.example.com/x", fields, "")


def test_our_signature_is_that_of_the_official_library() -> None:
    fields = {"From": PHONE, "Body": "1 k7pq & ü", "Empty": "", "a": "b"}
    for address in (f"{BASE}{SMS}", f"{BASE}{VOICE}?alert=a%20b&turn=2"):
        assert RequestValidator(TOKEN).validate(address, fields, signed(TOKEN, address, fields.items()))


def test_of_two_receivers_with_one_number_the_one_that_was_told_is_named(tmp_path: Path) -> None:
    other = replace(LINE, target="other/sms")
    with serving(tmp_path, settings=WebSettings(base_url=BASE, lines=(other, LINE))) as server:
        [etl] = failed(server, "etl")
        reply(server, "1")

        assert alert(server, etl) == ("acknowledged", "console (console …5678)")
