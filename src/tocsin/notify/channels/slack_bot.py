"""Slack: a bot of its Web API (https://docs.slack.dev/reference/methods/chat.postMessage).

One message for each alert, which is changed in place as the alert goes on, with every piece of news in its
thread; what needs somebody is shown in the channel as well. Slack knows no idempotency key: a message whose
answer was lost may be seen twice.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tocsin.clock import monotonic
from tocsin.errors import ChannelError
from tocsin.notify import inert
from tocsin.notify.channel import Accepted
from tocsin.notify.egress import http
from tocsin.notify.egress.answer import wait_of
from tocsin.notify.egress.endpoint import Endpoint, endpoint
from tocsin.notify.egress.reach import OUTWARD, Reach
from tocsin.notify.message import Message, MessageKind
from tocsin.notify.slack.blocks import Post, post_of, reply_of

API: Final = "https://slack.com/api"
TOKEN_PREFIX: Final = "xoxb-"  # noqa: S105 -- every bot token begins so
ERROR_LIMIT: Final = 100
REPLY_LIMIT: Final = 1000
LEAST_SECONDS: Final = 1.0
REPLY_HOSTS: Final = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})

LATER: Final = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "message_limit_exceeded",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "update_failed",
    }
)
"""What may go well at a later try."""
PERHAPS: Final = frozenset({"fatal_error", "internal_error"})
"""Slack says of these that a part of it may have been done."""
GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""The message cannot be changed any more, so that a new one is needed."""
ALONE: Final = frozenset({MessageKind.TEST, MessageKind.SUMMARY})

_JSON: Final = {"Content-Type": "application/json; charset=utf-8"}


class SlackBotChannel:
    """Posts as a bot to one channel, by its id or name.

    `token` is the bot's; `signing_secret` that of its app, without which messages have no buttons, for
    nobody could believe that they were pressed.
    Raises ValueError for what cannot be used, without repeating a secret, and OSError for such a `ca_file`.
    """

    kind = "slack"
    recognises_repeats = False  # chat.postMessage knows no key

    def __init__(
        self,
        token: str,
        channel: str,
        *,
        signing_secret: str = "",
        api_url: str = API,
        timeout_seconds: float = http.TIMEOUT_SECONDS,
        ca_file: str | None = None,
        reach: Reach = OUTWARD,
    ) -> None:
        check_token(token)
        self._channel = channel
        self._has_buttons = bool(signing_secret)
        self._timeout_seconds = timeout_seconds
        self._ca_file = ca_file
        self._reach = reach
        root, secrets = api_url.rstrip("/"), (token, signing_secret)
        self._post_to = _as_bot(
            endpoint(f"{root}/chat.postMessage", ca_file=ca_file, secrets=secrets, reach=reach), token
        )
        self._change_at = _as_bot(
            endpoint(f"{root}/chat.update", ca_file=ca_file, secrets=secrets, reach=reach), token
        )

    def __repr__(self) -> str:
        return f"SlackBotChannel({self._post_to})"

    def send(self, message: Message, *, at: datetime) -> Accepted:
        """Post the message, or change and follow the one before it; raises ChannelError if Slack did not."""
        ends = monotonic() + self._timeout_seconds
        place = _place_of(message.reference)
        if place is None or message.kind in ALONE:
            return self._post(message, at, ends)
        try:
            self._change(message, place, at, ends)
        except _Gone:
            return self._post(message, at, ends)
        self._call(self._post_to, reply_of(message, place.channel, place.ts), at, ends)
        return Accepted(detail=f"changed, and told in the thread of {place.ts}")

    def _post(self, message: Message, at: datetime, ends: float) -> Accepted:
        post = post_of(message, self._channel, buttons=self._has_buttons)
        said = self._call(self._post_to, post, at, ends)
        if not said.channel or not said.ts:
            return Accepted(detail="posted")
        return Accepted(detail=f"posted as {said.ts}", reference=f"{said.channel}:{said.ts}")

    def _change(self, message: Message, place: "_Place", at: datetime, ends: float) -> None:
        """Change the message of the alert; doing so once more does no harm, so an unknown end is none."""
        post = post_of(message, place.channel, buttons=self._has_buttons, ts=place.ts)
        try:
            self._call(self._change_at, post, at, ends)
        except ChannelError as error:
            if not error.outcome_unknown:
                raise
            raise ChannelError(str(error), retry_after=error.retry_after) from None

    def _call(self, where: Endpoint, post: Post, at: datetime, ends: float) -> "_Said":
        seconds = min(max(ends - monotonic(), LEAST_SECONDS), self._timeout_seconds)
        answer = http.post(where, msgspec.json.encode(post), headers=_JSON, timeout_seconds=seconds)
        http.judged(where, answer, at)
        try:
            said = msgspec.json.decode(answer.body, type=_Said)
        except ValueError:
            raise ChannelError(
                f"{where} answered HTTP {answer.status}, and not in JSON", outcome_unknown=True
            ) from None
        if said.ok:
            return said
        code = inert.line(where.hide(said.error), ERROR_LIMIT) or "no error code"
        text = f"{where} refused: {code}"
        if code in GONE:
            raise _Gone(text, permanent=True)
        raise ChannelError(
            text,
            permanent=code not in LATER | PERHAPS,
            retry_after=wait_of(answer.retry_after, at),
            outcome_unknown=code in PERHAPS,
        )

    def reply(self, reply_to: str, text: str, *, at: datetime) -> None:
        """Tell the one who pressed a button, and nobody else; raises ChannelError if that cannot be said."""
        if not self._may_be_told(reply_to):
            raise ChannelError("Slack named an address to answer to that is not its own", permanent=True)
        where = endpoint(reply_to, ca_file=self._ca_file, reach=self._reach)
        body = {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": inert.line(text, REPLY_LIMIT).replace("&", "&amp;").replace("<", "&lt;"),
        }
        http.deliver(
            where,
            msgspec.json.encode(body),
            headers=_JSON,
            timeout_seconds=self._timeout_seconds,
            at=at,
        )

    def _may_be_told(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme, parts.hostname, parts.port
        except ValueError:
            return False
        if scheme == "https" and host in REPLY_HOSTS and port is None:
            return True
        where = self._post_to
        return (scheme, host, port) == (where.scheme, where.host, where.port)


class _Gone(ChannelError):
    """The message that was to be changed cannot be."""


class _Said(msgspec.Struct, frozen=True):
    ok: bool
    error: str = ""
    channel: str = ""
    ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    channel: str
    ts: str


def check_token(token: str) -> None:
    """Raise ValueError, which does not repeat it, unless this is a bot token."""
    if not token.startswith(TOKEN_PREFIX) or not token.isascii() or not token.isprintable() or " " in token:
        reason = f"the token must be a bot token, which begins with {TOKEN_PREFIX}"
        raise ValueError(reason)


def _as_bot(where: Endpoint, token: str) -> Endpoint:
    return replace(where, authorization=f"Bearer {token}")


def _place_of(reference: str) -> _Place | None:
    channel, _, ts = reference.partition(":")
    return _Place(channel=channel, ts=ts) if channel and ts else None
