"""Phone: a call through Twilio that reads the message aloud and takes the answer from the keys.

Twilio knows no idempotency key, so a call whose answer was lost may come twice. That it was accepted means
that Twilio will call, not that somebody has picked up; where it can reach us, it says later if nobody has.
"""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from tocsin.notify import short, twiml
from tocsin.notify.channel import Accepted
from tocsin.notify.egress import twilio
from tocsin.notify.egress.http import TIMEOUT_SECONDS
from tocsin.notify.message import Message, MessageKind

VOICE_HOOK: Final = "/api/v1/hooks/twilio/voice"
RING_SECONDS: Final = 45

_ENDS: Final = frozenset({MessageKind.ACKNOWLEDGED, MessageKind.RESOLVED})


class PhoneChannel:
    """Calls one telephone.

    `answers_to` is the public address of this server, to which Twilio posts the key that was pressed, or that
    nobody picked up; "" for calls that only speak. Nobody is called because something is over, unless
    `tell_ends`. Raises ValueError for what cannot be used, without a secret, and OSError for a bad `ca_file`
    of the account.
    """

    kind = "phone"
    recognises_repeats = False  # the API has no idempotency key

    def __init__(
        self,
        account: twilio.Account,
        *,
        sender: str,
        to: str,
        answers_to: str = "",
        language: str = "en-US",
        voice: str = "",
        tell_ends: bool = False,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._account = account
        self._sender = twilio.checked_number(sender)
        self._to = twilio.checked_number(to)
        self._answers_to = answers_to.rstrip("/")
        self._language = language
        self._voice = voice
        self._tell_ends = tell_ends
        self._timeout_seconds = timeout_seconds
        account.resource("Calls")

    def __repr__(self) -> str:
        return f"PhoneChannel({self._account.url})"

    def send(self, message: Message, *, at: datetime) -> Accepted:
        """Ask Twilio to call; raises ChannelError if it will not."""
        if message.kind in _ENDS and not self._tell_ends:
            return Accepted(detail="not called: nobody is called because something is over")
        fields = {
            "To": self._to,
            "From": self._sender,
            "Twiml": self._document(message),
            "Timeout": str(RING_SECONDS),
        } | twilio.followed(self._answers_to, message)
        if "StatusCallback" in fields:
            fields["StatusCallbackEvent"] = "completed"
        return twilio.create(self._account, "Calls", fields, timeout_seconds=self._timeout_seconds, at=at)

    def _document(self, message: Message) -> str:
        text = f"This is Tocsin. {short.spoken(message)}"
        if not self._answers_to or not short.is_trouble(message):
            return twiml.say(text, language=self._language, voice=self._voice)
        action = f"{self._answers_to}{VOICE_HOOK}?{urlencode({'alert': message.alert_id})}"
        return twiml.ask(text, action=action, language=self._language, voice=self._voice)
