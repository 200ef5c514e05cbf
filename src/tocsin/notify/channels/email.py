"""Email: a letter over SMTP, under TLS unless told otherwise.

The Message-ID is made from the message's key, so that every retry is the same letter, octet for octet; all
letters about one alert refer to the same first one, so that mail programmes show them as one conversation.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as LETTER_FORM
from email.utils import format_datetime, parseaddr
from typing import Final, Literal

from tocsin.notify.channel import Accepted
from tocsin.notify.egress import smtp
from tocsin.notify.egress.reach import OUTWARD, Reach
from tocsin.notify.egress.tls import trust
from tocsin.notify.letter import letter
from tocsin.notify.message import Message, MessageKind

PORTS: Final = {smtp.Tls.STARTTLS: 587, smtp.Tls.IMPLICIT: 465, smtp.Tls.NONE: 25}
RECIPIENTS_LIMIT: Final = 50
TIMEOUT_SECONDS: Final = 15.0

_URGENT: Final = {"critical", "page"}
_QUIET_KINDS: Final = {MessageKind.ACKNOWLEDGED, MessageKind.RESOLVED, MessageKind.SUMMARY}


class EmailChannel:
    """Sends to one mail server for a fixed list of recipients.

    Addresses are written `name@host` or `Name <name@host>`. `tls` is starttls (port 587), implicit (465) or
    none (25); certificates are verified (`ca_file` adds authorities). Raises ValueError for what cannot be
    used, without repeating a secret, and OSError for such a `ca_file`.
    """

    kind = "email"
    recognises_repeats = True  # the Message-ID stays the same

    def __init__(
        self,
        host: str,
        port: int | None = None,
        tls: Literal["starttls", "implicit", "none"] = "starttls",
        username: str = "",
        password: str = "",
        *,
        sender: str,
        recipients: Sequence[str],
        timeout_seconds: float = TIMEOUT_SECONDS,
        ca_file: str | None = None,
        reach: Reach = OUTWARD,
    ) -> None:
        if not 1 <= len(recipients) <= RECIPIENTS_LIMIT:
            reason = f"an email receiver has 1 to {RECIPIENTS_LIMIT} recipients, not {len(recipients)}"
            raise ValueError(reason)
        if not (username.isascii() and password.isascii()):
            reason = "SMTP can log in only with a user name and a password in ASCII"
            raise ValueError(reason)
        self._sender = _address(sender)
        self._recipients = tuple(_address(recipient) for recipient in recipients)
        self._server = smtp.Server(
            host=_host(host),
            port=port or PORTS[smtp.Tls(tls)],
            tls=smtp.Tls(tls),
            context=None if tls == "none" else trust(ca_file),
            username=username,
            password=password,
            timeout_seconds=timeout_seconds,
            reach=reach,
        )

    def __repr__(self) -> str:
        return f"EmailChannel({self._server})"

    def send(self, message: Message, *, at: datetime) -> Accepted:  # noqa: ARG002 - the letter is dated by its event
        """Hand the letter to the server; raises ChannelError if it took it for nobody."""
        content = email(message, self._sender, self._recipients)
        recipients = [recipient.addr_spec for recipient in self._recipients]
        return smtp.deliver(self._server, self._sender.addr_spec, recipients, content)


def email(message: Message, sender: Address, recipients: Sequence[Address]) -> bytes:
    """Return the letter as it goes over the wire, the same for every retry."""
    written = letter(message)
    mail = EmailMessage(policy=LETTER_FORM)
    mail["From"] = sender
    mail["To"] = recipients
    mail["Subject"] = written.subject
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = _id(message.key, sender)
    mail["In-Reply-To"] = mail["References"] = _id(f"alert {message.alert_id}", sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.severity in _URGENT and message.kind not in _QUIET_KINDS:
        mail["Importance"] = "high"
    mail.set_content(written.text, cte="quoted-printable")
    mail.add_alternative(written.html, subtype="html", cte="quoted-printable")
    mail.set_boundary(_digest(f"boundary {message.key}"))
    return mail.as_bytes()


def _host(name: str) -> str:
    """Return the name of a host as name servers know it."""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        reason = f"not the name of a host: {name!r}"
        raise ValueError(reason) from None


def _address(text: str) -> Address:
    name, spec = parseaddr(text)
    local, at_sign, domain = spec.rpartition("@")
    if local and at_sign and domain and text.isprintable() and spec.isascii() and " " not in spec:
        try:
            return Address(display_name=name, addr_spec=spec)
        except (HeaderParseError, ValueError):
            pass
    reason = f"not an email address: {text!r}"
    raise ValueError(reason)


def _id(text: str, sender: Address) -> str:
    return f"<{_digest(text)}@{sender.domain}>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
