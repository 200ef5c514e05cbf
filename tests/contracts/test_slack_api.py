"""The bot against a look-alike of Slack's Web API."""

import json
import traceback
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.contracts.receivers import HttpReceiver
from tests.contracts.situations import TABLE, UNKNOWN, Expected, Situation
from tests.contracts.slack_api import BOT_TOKEN, CHANNEL, SlackApi
from tests.notify.messages import AT, HOSTILE, a_hostile_message, a_message
from tocsin.errors import ChannelError
from tocsin.notify.channel import Accepted, Outcome, outcome_of
from tocsin.notify.channels.slack_bot import SlackBotChannel
from tocsin.notify.message import Link, Message, MessageKind

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
WAITING = {Situation.SILENT, Situation.DRIPS, Situation.ACCEPTS_AND_DRIPS}


@pytest.fixture
def slack() -> Iterator[SlackApi]:
    with SlackApi() as running:
        yield running


def a_bot(
    slack: HttpReceiver, *, channel: str = CHANNEL, secret: str = SECRET, seconds: float = 30.0
) -> SlackBotChannel:
    return SlackBotChannel(
        BOT_TOKEN, channel, signing_secret=secret, api_url=f"{slack.url}/api", timeout_seconds=seconds
    )


def told(bot: SlackBotChannel, *messages: Message) -> Accepted:
    """Send these messages about one alert, each with the reference that the ones before have left."""
    reference, accepted = "", Accepted(detail="")
    for message in messages:
        accepted = bot.send(
            a_message(kind=message.kind, severity=message.severity, reference=reference), at=AT
        )
        reference = accepted.reference or reference
    return accepted


def of(kind: MessageKind, severity: str = "critical") -> Message:
    return a_message(kind=kind, severity=severity)


@pytest.mark.parametrize("situation", [s for s in Situation if "slack" in TABLE[s]])
def test_what_becomes_of_a_message_is_known(situation: Situation) -> None:
    with SlackApi(situation) as slack:
        try:
            a_bot(slack, seconds=0.5 if situation in WAITING else 30.0).send(a_message(), at=AT)
            became = Expected(outcome=Outcome.ACCEPTED)
        except ChannelError as error:
            became = Expected(outcome=outcome_of(error), retry_after=error.retry_after)

    # Whether Slack has taken it stands in the body; a status without one says nothing.
    bodiless = {Situation.ACCEPTS_AND_LEAVES, Situation.ACCEPTS_AND_DRIPS}
    assert became == (UNKNOWN if situation in bodiless else TABLE[situation]["slack"])


@pytest.mark.parametrize("severity", ["info", "warning", "critical", "page"])
@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_message_is_one_that_slack_takes(slack: SlackApi, kind: MessageKind, severity: str) -> None:
    accepted = a_bot(slack).send(a_message(kind=kind, severity=severity), at=AT)

    assert accepted.reference.startswith(f"{CHANNEL}:17000000")
    assert len(slack.shown) == 1


def test_hostile_and_endless_text_is_shown_within_the_limits_and_mentions_nobody(slack: SlackApi) -> None:
    endless = HOSTILE * 200
    message = a_hostile_message(
        alert_id="4f1d2c3b",
        text=endless,
        log_tail=endless,
        next_step=endless,
        likely_cause=endless,
        evidence=tuple((endless, endless) for _ in range(40)),
        links=tuple(Link(name=endless, url=f"https://ok.example/{'x' * 1_900}") for _ in range(10)),
    )
    reference = a_bot(slack).send(message, at=AT).reference
    a_bot(slack).send(
        a_hostile_message(
            kind=MessageKind.LOUDER, alert_id="4f1d2c3b", reference=reference, text=endless, log_tail=endless
        ),
        at=AT,
    )

    shown = json.dumps([(seen.text, seen.attachments) for seen in (slack.shown[0], *slack.shown[0].thread)])
    assert "<!channel>" not in shown
    assert "<script>" not in shown


def test_one_message_is_changed_as_its_alert_goes_on_and_its_thread_tells_the_news(slack: SlackApi) -> None:
    told(
        a_bot(slack),
        of(MessageKind.FIRING, "warning"),
        of(MessageKind.LOUDER, "page"),
        of(MessageKind.ESCALATED, "page"),
        of(MessageKind.ACKNOWLEDGED, "page"),
        of(MessageKind.RESOLVED, "page"),
    )

    [seen] = slack.shown
    assert (seen.text[:9], seen.colour, seen.changes) == ("RESOLVED:", "#2eb886", 4)
    news = ["NOW PAGE", "ESCALATED PAGE", "ACKNOWLEDGED", "RESOLVED"]
    assert [reply.text.partition(":")[0] for reply in seen.thread] == news
    assert [reply.broadcast for reply in seen.thread] == [True, True, False, False]
    assert ["still reading" in str(reply.attachments) for reply in seen.thread[:2]] == [True, False]


@pytest.mark.parametrize(
    ("kind", "buttons"),
    [
        (MessageKind.FIRING, ["Acknowledge", "Resolve", "Silence 1 h"]),
        (MessageKind.REPEAT, ["Acknowledge", "Resolve", "Silence 1 h"]),
        (MessageKind.ESCALATED, ["Acknowledge", "Resolve", "Silence 1 h"]),
        (MessageKind.ACKNOWLEDGED, ["Resolve", "Silence 1 h"]),
        (MessageKind.RESOLVED, []),
        (MessageKind.TEST, []),
    ],
)
def test_buttons_offer_what_can_be_done(slack: SlackApi, kind: MessageKind, buttons: list[str]) -> None:
    a_bot(slack).send(of(kind), at=AT)

    assert slack.shown[0].buttons == buttons


def test_what_is_told_of_many_is_changed_in_place_and_has_one_button_for_all(slack: SlackApi) -> None:
    first = a_bot(slack).send(a_message(tells_of_many=True), at=AT)
    a_bot(slack).send(a_message(tells_of_many=True, title="more", reference=first.reference), at=AT)

    [seen] = slack.shown
    assert seen.buttons == ["Acknowledge all"]
    assert (seen.changes, [reply.broadcast for reply in seen.thread]) == (1, [True])
    a_bot(slack).send(
        a_message(kind=MessageKind.RESOLVED, tells_of_many=True, reference=first.reference), at=AT
    )
    assert seen.buttons == []


def test_a_drill_can_be_answered_and_not_muted(slack: SlackApi) -> None:
    a_bot(slack).send(a_message(is_drill=True), at=AT)

    assert slack.shown[0].buttons == ["Acknowledge", "Resolve"]


def test_the_thread_does_not_say_twice_what_its_headline_says_all_of(slack: SlackApi) -> None:
    first = a_bot(slack).send(a_message(), at=AT)
    bare = a_message(text="", likely_cause="", next_step="", log_tail="", kind=MessageKind.RESOLVED)
    a_bot(slack).send(replace(bare, reference=first.reference), at=AT)

    [reply] = slack.shown[0].thread
    assert (reply.text.partition(":")[0], reply.attachments) == ("RESOLVED", [])


def test_a_bot_that_cannot_hear_offers_no_buttons_but_the_link(slack: SlackApi) -> None:
    message = a_message(links=(Link(name="acknowledge", url="https://tocsin.example.com/take/x"),))
    a_bot(slack, secret="").send(message, at=AT)
    a_bot(slack).send(message, at=AT)

    deaf, hearing = slack.shown
    assert deaf.buttons == []
    assert ("take/x" in str(deaf.attachments), "take/x" in str(hearing.attachments)) == (True, False)


def test_a_channel_may_be_named_and_is_known_by_its_id_afterwards(slack: SlackApi) -> None:
    told(a_bot(slack, channel="#batch"), of(MessageKind.FIRING), of(MessageKind.RESOLVED))

    assert slack.shown[0].changes == 1


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_a_message_that_cannot_be_changed_any_more_is_posted_anew(slack: SlackApi, code: str) -> None:
    first = told(a_bot(slack), of(MessageKind.FIRING))
    slack.refuses["chat.update"] = code

    again = a_bot(slack).send(a_message(kind=MessageKind.LOUDER, reference=first.reference), at=AT)

    assert len(slack.shown) == 2
    assert again.reference not in {"", first.reference}


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("channel_not_found", Outcome.REFUSED),
        ("not_in_channel", Outcome.REFUSED),
        ("is_archived", Outcome.REFUSED),
        ("invalid_auth", Outcome.REFUSED),
        ("token_revoked", Outcome.REFUSED),
        ("missing_scope", Outcome.REFUSED),
        ("something_new", Outcome.REFUSED),
        ("ratelimited", Outcome.TRY_AGAIN),
        ("rate_limited", Outcome.TRY_AGAIN),
        ("message_limit_exceeded", Outcome.TRY_AGAIN),
        ("service_unavailable", Outcome.TRY_AGAIN),
        ("request_timeout", Outcome.TRY_AGAIN),
        ("team_added_to_org", Outcome.TRY_AGAIN),
        ("internal_error", Outcome.UNKNOWN),
        ("fatal_error", Outcome.UNKNOWN),
    ],
)
def test_what_slack_refuses_with_200_is_no_success(slack: SlackApi, code: str, outcome: Outcome) -> None:
    slack.refuses["chat.postMessage"] = code

    with pytest.raises(ChannelError, match=code) as caught:
        a_bot(slack).send(a_message(), at=AT)

    assert outcome_of(caught.value) is outcome


def test_a_change_whose_end_is_unknown_is_simply_made_again(slack: SlackApi) -> None:
    first = told(a_bot(slack), of(MessageKind.FIRING))
    slack.refuses["chat.update"] = "internal_error"

    with pytest.raises(ChannelError) as caught:
        a_bot(slack).send(a_message(kind=MessageKind.REPEAT, reference=first.reference), at=AT)

    assert outcome_of(caught.value) is Outcome.TRY_AGAIN


def test_what_the_thread_could_not_be_told_is_tried_again_as_a_whole(slack: SlackApi) -> None:
    first = told(a_bot(slack), of(MessageKind.FIRING))
    slack.refuses["chat.postMessage"] = "ratelimited"
    louder = a_message(kind=MessageKind.LOUDER, reference=first.reference)
    with pytest.raises(ChannelError):
        a_bot(slack).send(louder, at=AT)
    slack.refuses.clear()

    a_bot(slack).send(louder, at=AT)

    assert [len(seen.thread) for seen in slack.shown] == [1]


@pytest.mark.parametrize("situation", list(Situation))
def test_no_secret_is_ever_shown(situation: Situation, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with SlackApi(situation) as slack:
        slack.refuses["chat.postMessage"] = f"no_{BOT_TOKEN}_{SECRET}"
        bot = a_bot(slack, seconds=0.5)
        shown = [repr(bot), str(bot)]
        try:
            shown.append(repr(bot.send(a_message(), at=AT)))
        except ChannelError as error:
            shown += [repr(error), *traceback.format_exception(error)]
    everything = "\n".join([*shown, caplog.text])

    assert BOT_TOKEN not in everything
    assert SECRET not in everything


def test_whoever_pressed_is_answered_alone_and_without_markup(slack: SlackApi) -> None:
    a_bot(slack).reply(f"{slack.url}/actions/T/1/x", "done by <!channel> & co", at=AT)

    assert slack.answers == [
        {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": "done by &lt;!channel> &amp; co",
        }
    ]


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest",
        "http://hooks.slack.com/actions/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com.example.org/x",
        "https://ann@127.0.0.1/x",
        "file:///etc/passwd",
        "https://[bad",
    ],
)
def test_nobody_but_slack_is_answered(slack: SlackApi, address: str) -> None:
    with pytest.raises(ChannelError, match="not its own"):
        a_bot(slack).reply(address, "x", at=AT)


@pytest.mark.parametrize("token", ["xoxp-1", "", "xoxb-1 2", "xoxb-\n", "env:SLACK"])
def test_only_a_bot_token_is_taken_and_none_is_repeated(token: str) -> None:
    with pytest.raises(ValueError, match="must be a bot token") as caught:
        SlackBotChannel(token, CHANNEL)

    assert not token or token not in str(caught.value)
