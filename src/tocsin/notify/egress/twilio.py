"""One request to Twilio's API of 2010-04-01, which makes a message or a call, and what its answers mean.

https://www.twilio.com/docs/messaging/api/message-resource, …/voice/api/call-resource and …/api/errors. The
API knows no idempotency key, so a request whose answer was lost may have been carried out.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec
from urllib3.util import make_headers

from tocsin.errors import ChannelError
from tocsin.notify import inert
from tocsin.notify.channel import Accepted, Outcome
from tocsin.notify.egress import http
from tocsin.notify.egress.answer import Answer, outcome_of_status, wait_of
from tocsin.notify.egress.endpoint import Endpoint, endpoint
from tocsin.notify.egress.reach import OUTWARD, Reach
from tocsin.notify.message import Message

API: Final = "https://api.twilio.com"
STATUS_HOOK: Final = "/api/v1/hooks/twilio/status"
SECOND_SECONDS: Final = 5.0
"""The longest wait for the answer to a second request of one try, so that both end within the lease."""
DETAIL_LIMIT: Final = 200

_ACCOUNT: Final = re.compile(r"AC[0-9a-fA-F]{32}")
_KEY: Final = re.compile(r"SK[0-9a-fA-F]{32}")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
# Too much at once: of requests (20429, 14107), calls (10004), queued messages (21611), or in a day (63038);
# and a fault on their side (20500, 20503). Some come with a status that alone would mean a refusal.
_LATER: Final = frozenset({10004, 14107, 20429, 20500, 20503, 21611, 63038})
_BAD_CALLBACK: Final = 21609
_FAILED: Final = frozenset({"failed", "undelivered", "canceled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at Twilio and what its API is asked with; its text shows no secret.

    `user` and `password` are the account's SID and token, or the SID and secret of an API key.
    """

    sid: str
    user: str
    password: str = field(repr=False)
    url: str = API
    ca_file: str | None = None
    reach: Reach = OUTWARD

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.sid):
            reason = "'account_sid' is AC and 32 hexadecimal digits, as Twilio's console shows it"
            raise ValueError(reason)
        if self.user != self.sid and not _KEY.fullmatch(self.user):
            reason = "'api_key' is SK and 32 hexadecimal digits, as Twilio's console shows it"
            raise ValueError(reason)

    def resource(self, name: str) -> Endpoint:
        """Return where a `Messages` or `Calls` is made; raises ValueError for an address that is none."""
        where = endpoint(
            f"{self.url.rstrip('/')}/2010-04-01/Accounts/{self.sid}/{name}.json",
            ca_file=self.ca_file,
            secrets=(self.password,),
            reach=self.reach,
        )
        login = make_headers(basic_auth=f"{self.user}:{self.password}")["authorization"]
        return replace(where, authorization=login)


class _Made(msgspec.Struct):
    """What is read of an answer, whichever it is."""

    sid: str | None = None
    status: str | int | None = None
    code: int | None = None
    error_code: int | None = None
    message: str | None = None
    error_message: str | None = None


def checked_number(text: str) -> str:
    """Return a telephone number in the international form (E.164); raises ValueError for any other text."""
    if not _NUMBER.fullmatch(text):
        reason = f"must be a telephone number with its country, such as +14155550123, not {text[:40]!r}"
        raise ValueError(reason)
    return text


def followed(base_url: str, message: Message) -> dict[str, str]:
    """Return the fields by which Twilio tells us whether the message arrived; none without an address.

    What follows the `#` stays with Twilio and is not signed: it asks again, up to five times, where we
    do not answer or cannot say yet what this is about.
    """
    if not base_url:
        return {}
    query = urlencode({"alert": message.alert_id, "notification": message.key})
    return {"StatusCallback": f"{base_url}{STATUS_HOOK}?{query}#rc=5&rp=5xx,ct,rt"}


def create(
    account: Account, name: str, fields: dict[str, str], *, timeout_seconds: float, at: datetime
) -> Accepted:
    """Make a resource and return what Twilio answered; raises ChannelError if it did not take it.

    A message matters more than to hear what became of it: where Twilio refuses the address for that, as it
    does with those that are not public, the message goes without.
    """
    where = account.resource(name)
    answer = _ask(where, fields, timeout_seconds)
    made = _read(answer)
    if made.code == _BAD_CALLBACK and "StatusCallback" in fields:
        plain = {key: value for key, value in fields.items() if not key.startswith("StatusCallback")}
        answer = _ask(where, plain, min(timeout_seconds, SECOND_SECONDS))
        made = _read(answer)
    outcome = _outcome(answer, made)
    if outcome is Outcome.ACCEPTED:
        named = " ".join(inert.line(str(part), 40) for part in (made.sid, made.status) if part)
        return Accepted(detail=f"HTTP {answer.status} {named}".rstrip(), reference=made.sid or "")
    raise ChannelError(
        f"{where} answered HTTP {answer.status}{_said(answer, made, where)}",
        permanent=outcome is Outcome.REFUSED,
        retry_after=wait_of(answer.retry_after, at),
    )


def _ask(where: Endpoint, fields: dict[str, str], timeout_seconds: float) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return http.post(where, urlencode(fields).encode(), headers=headers, timeout_seconds=timeout_seconds)


def _outcome(answer: Answer, made: _Made) -> Outcome:
    outcome = outcome_of_status(answer.status)
    if outcome is Outcome.ACCEPTED:
        return Outcome.REFUSED if made.status in _FAILED else outcome
    return Outcome.TRY_AGAIN if made.code in _LATER else outcome


def _read(answer: Answer) -> _Made:
    try:
        return msgspec.json.decode(answer.body, type=_Made)
    except msgspec.DecodeError:
        return _Made()


def _said(answer: Answer, made: _Made, where: Endpoint) -> str:
    code = made.code or made.error_code
    text = made.message or made.error_message
    if text is None and code is None:
        text = answer.body.decode("utf-8", "replace")
    said = inert.line(where.hide(text or ""), DETAIL_LIMIT)
    return (f", error {code}" if code else "") + (f": {said}" if said else "")
