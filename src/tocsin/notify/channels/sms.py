"""SMS: a short text message through Twilio, to one number.

Twilio knows no idempotency key, so a message whose answer was lost may be seen twice. That it was accepted
means that Twilio has it, not that the telephone has; where it can reach us, it says later if that failed.
"""

import re
from datetime import datetime
from typing import Final

from tocsin.notify import short
from tocsin.notify.answering import code_of
from tocsin.notify.channel import Accepted
from tocsin.notify.egress import twilio
from tocsin.notify.egress.http import TIMEOUT_SECONDS
from tocsin.notify.message import Message

_SENDER: Final = re.compile(
    r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|MG[0-9a-fA-F]{32}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}"
)
_NAMED: Final = re.compile(r"(?!MG[0-9a-fA-F]{32}).*[A-Za-z].*")


class SmsChannel:
    """Sends to one telephone.

    `sender` is a number of the account, a short code, a name of up to 11 letters and digits, or the SID of a
    messaging service (`MG…`). `answered`: somebody listens to replies, so the text says how to reply; a name
    cannot be replied to. `reports_to` is the public address of this server, where Twilio says whether the
    text arrived; "" for not to be told. Raises ValueError for what cannot be used, without a secret, and
    OSError for a bad `ca_file` of the account.
    """

    kind = "sms"
    recognises_repeats = False  # the API has no idempotency key

    def __init__(
        self,
        account: twilio.Account,
        *,
        sender: str,
        to: str,
        answered: bool = False,
        reports_to: str = "",
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        if not _SENDER.fullmatch(sender):
            reason = (
                "'from' must be a number such as +14155550123, a short code, a name of up to 11 letters and "
                "digits, or the SID of a messaging service (MG…)"
            )
            raise ValueError(reason)
        self._account = account
        self._sender = sender
        self._to = twilio.checked_number(to)
        self._answered = answered and not _NAMED.fullmatch(sender)
        self._reports_to = reports_to.rstrip("/")
        self._timeout_seconds = timeout_seconds
        account.resource("Messages")

    def __repr__(self) -> str:
        return f"SmsChannel({self._account.url})"

    def send(self, message: Message, *, at: datetime) -> Accepted:
        """Hand the text to Twilio; raises ChannelError if it did not take it."""
        key = "MessagingServiceSid" if self._sender.startswith("MG") else "From"
        fields = {"To": self._to, key: self._sender, "Body": sms_text(message, answered=self._answered)}
        fields |= twilio.followed(self._reports_to, message)
        return twilio.create(self._account, "Messages", fields, timeout_seconds=self._timeout_seconds, at=at)


def sms_text(message: Message, *, answered: bool) -> str:
    """Return the text; it says how to take the alert in hand where a reply is heard."""
    asks = answered and short.is_trouble(message)
    return short.text_message(message, f"Reply 1 {code_of(message.alert_id)} to ack" if asks else "")
