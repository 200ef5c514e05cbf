import json
from typing import Any

import pytest

from tests.contracts.receivers import HttpReceiver, Received, answered
from tests.contracts.situations import Situation
from tests.contracts.vendors import Teams
from tests.notify.messages import AT, a_hostile_message, a_message
from tocsin.errors import ChannelError
from tocsin.notify.channel import Outcome, outcome_of
from tocsin.notify.channels.teams import BODY_LIMIT, TeamsChannel, teams_body
from tocsin.notify.message import Link, Message, MessageKind


def card(message: Message) -> Any:  # noqa: ANN401 - a JSON document
    """Return the card that Teams took."""
    with Teams(Situation.ACCEPTS) as receiver:
        assert TeamsChannel(f"{receiver.url}/workflows/x").send(message, at=AT).detail == "HTTP 202"
    return json.loads(receiver.received[0].body)["attachments"][0]["content"]


def lines(message: Message) -> list[str]:
    """Return what stands under the headline."""
    return ["".join(run["text"] for run in block["inlines"]) for block in card(message)["body"][1:]]


def test_a_card_says_what_is_wrong_and_what_to_do() -> None:
    assert lines(a_message()) == [
        "The run of 30 March was due at 06:00 and is still working.",
        "Likely cause: The source was late.",
        "Do now: Look at the slow query.",
        "Job: daily_etl",
        "Severity: critical",
        "Since: 2026-03-30 06:00:00 CEST (Europe/Berlin), for 1 h 30 min",
        "Deadline: 06:00 CEST",
        "Progress: 43 %",
        "Owner: team data",
        "Labels: env=prod, team=data",
        "Alert: alert-7f3",
        "reading",
        "still reading",
    ]


def test_its_headline_stands_on_the_colour_of_the_severity() -> None:
    shown = card(a_message())
    [banner, *_] = shown["body"]

    assert (banner["style"], banner["bleed"]) == ("attention", True)
    assert banner["items"][0]["inlines"][0]["text"] == "CRITICAL: daily_etl missed its deadline 06:00"
    assert shown["fallbackText"] == "CRITICAL: daily_etl missed its deadline 06:00"


@pytest.mark.parametrize(
    ("kind", "severity", "style"),
    [
        (MessageKind.FIRING, "info", "accent"),
        (MessageKind.FIRING, "warning", "warning"),
        (MessageKind.LOUDER, "page", "attention"),
        (MessageKind.RESOLVED, "page", "good"),
        (MessageKind.FIRING, "odd", "emphasis"),
    ],
)
def test_every_severity_has_its_colour(kind: MessageKind, severity: str, style: str) -> None:
    assert card(a_message(kind=kind, severity=severity))["body"][0]["style"] == style


def test_links_are_buttons_at_most_six() -> None:
    many = tuple(Link(name=f"link {number}", url=f"https://x.example/{number}") for number in range(9))

    actions = card(a_message(links=many))["actions"]

    assert len(actions) == 6
    assert actions[0] == {"type": "Action.OpenUrl", "title": "Link 0", "url": "https://x.example/0"}


def test_nothing_that_a_job_says_is_a_mention_a_macro_or_markdown() -> None:
    shown = card(
        a_message(text="<at>everyone</at> {{DATE(2026-01-01T00:00:00Z)}} [x](https://thief.example)")
    )

    text = shown["body"][1]["inlines"][0]
    assert text["type"] == "TextRun"
    assert "<at" not in text["text"]
    assert "{{" not in text["text"]
    assert '"TextBlock"' not in json.dumps(shown)


def test_the_longest_message_fits_and_keeps_what_matters_most() -> None:
    longest = a_hostile_message(
        title="\u2603" * 200,
        text="\n".join(["\U0001f514" * 100] * 19),
        next_step="\U0001f514" * 500,
        likely_cause="\U0001f514" * 500,
        log_tail="\n".join(["\U0001f514" * 240] * 12),
        evidence=tuple((f"{number}", "\U0001f514" * 300) for number in range(30)),
        links=tuple(Link(name="x" * 100, url="https://x.example/" + "y" * 1900) for _ in range(10)),
    )
    body = teams_body(longest)

    assert len(body) <= BODY_LIMIT
    assert len(body) > BODY_LIMIT / 2
    assert "\u2603" in card(longest)["fallbackText"]


class Behind(HttpReceiver):
    """Answers as Teams does when its back end has refused a card."""

    STATUS = 429

    def accepting(self, asked: Received) -> bytes:  # noqa: ARG002 - it refuses whatever comes
        """Say 200, and in the text that it was none."""
        text = f"Delivery failed with error: Microsoft Teams endpoint returned HTTP error {self.STATUS}"
        return answered(200, "OK", text.encode())


class TooLarge(Behind):
    STATUS = 413


@pytest.mark.parametrize(("make", "outcome"), [(Behind, Outcome.TRY_AGAIN), (TooLarge, Outcome.REFUSED)])
def test_what_is_called_ok_and_was_refused_behind_is_no_acceptance(
    make: type[Behind], outcome: Outcome
) -> None:
    with make(Situation.ACCEPTS) as receiver, pytest.raises(ChannelError) as caught:
        TeamsChannel(f"{receiver.url}/workflows/x").send(a_message(), at=AT)

    assert outcome_of(caught.value) is outcome
