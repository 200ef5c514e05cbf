"""One letter over SMTP (RFC 5321), bounded in time, and what the server's answers mean."""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tocsin.errors import ChannelError
from tocsin.notify import inert
from tocsin.notify.channel import Accepted
from tocsin.notify.egress.deadline import Deadline
from tocsin.notify.egress.fault import fault_of
from tocsin.notify.egress.reach import OUTWARD, Reach

CONNECT_SECONDS: Final = 5.0
REPLY_LIMIT: Final = 200

_DONE: Final = range(200, 300)
_SEND_IT: Final = 354
_REFUSED: Final = range(500, 600)
_ANSWERS: Final = range(200, 600)
_LEADING_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


class Tls(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The mail server that takes our letters; its text shows no secret."""

    host: str
    port: int
    tls: Tls
    context: ssl.SSLContext | None = field(repr=False)
    username: str
    password: str = field(repr=False)
    timeout_seconds: float
    reach: Reach = OUTWARD

    def __str__(self) -> str:
        return f"smtp://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of a mail server."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"SMTP {self.code} {self.text}".rstrip()


def deliver(server: Server, sender: str, recipients: Sequence[str], content: bytes) -> Accepted:
    """Hand over one letter, in CRLF lines, and return the server's receipt.

    Raises ChannelError if it gave none. The receipt names those recipients that the server refused while it
    took the letter for others.
    """
    with (
        Deadline(server.timeout_seconds) as deadline,
        _explained(server, deadline),
        closing(_Session(server, deadline)) as session,
    ):
        session.begin()
        refused = session.address(sender, recipients)
        receipt = session.hand_over(content)
        with suppress(smtplib.SMTPException, OSError):
            session.quit()
    named = "".join(f"; refused for {recipient}: {reply}" for recipient, reply in refused.items())
    return Accepted(detail=f"{receipt}{named}")


class _Session(smtplib.SMTP):
    """A connection that is bound to the deadline from its start, and under TLS at once if so configured."""

    def __init__(self, server: Server, deadline: Deadline) -> None:
        self._server = server
        self._deadline = deadline
        # An empty name of our own keeps the library from asking the name server for one, which may take long.
        super().__init__(server.host, server.port, "", min(CONNECT_SECONDS, server.timeout_seconds))
        self.local_hostname = _literal(self.sock)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((host, port), timeout)
        self._server.reach.check(connected, host)
        self._deadline.watch(connected)
        connected.settimeout(self._server.timeout_seconds)
        if self._server.tls is Tls.IMPLICIT and self._server.context is not None:
            return self._server.context.wrap_socket(connected, server_hostname=host)
        return connected

    def begin(self) -> None:
        """Protect the connection and log in, as configured."""
        self.ehlo_or_helo_if_needed()
        if self._server.tls is Tls.STARTTLS:
            self.starttls(context=self._server.context)
        if self._server.username:
            self.login(self._server.username, self._server.password)

    def address(self, sender: str, recipients: Sequence[str]) -> dict[str, Reply]:
        """Name sender and recipients; return those recipients that are refused, raise if all are."""
        self._expect(_reply(self.mail(sender)), "the sender")
        replies = {recipient: _reply(self.rcpt(recipient)) for recipient in recipients}
        refused = {recipient: reply for recipient, reply in replies.items() if reply.code not in _DONE}
        if len(refused) < len(replies):
            return refused
        named = "; ".join(f"{recipient}: {reply}" for recipient, reply in refused.items())
        raise ChannelError(
            f"{self._server} refused every recipient: {named}",
            permanent=all(reply.code in _REFUSED for reply in refused.values()),
        )

    def hand_over(self, content: bytes) -> Reply:
        """Send the letter and return the receipt; if that is lost, nobody knows whether it arrived."""
        ready = _reply(self.docmd("data"))
        if ready.code != _SEND_IT:
            self._expect(ready, "the letter")
        self.send(_LEADING_DOT.sub(b"..", content) + b".\r\n")
        receipt = self._receipt()
        self._expect(receipt, "the letter")
        return receipt

    def _receipt(self) -> Reply:
        lost = f"{self._server}: sent, but its receipt was lost"
        try:
            receipt = _reply(self.getreply())
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelError(f"{lost}: {fault_of(error, self._deadline)}", outcome_unknown=True) from None
        if self._deadline.over:  # and what looks like an answer is the beginning of one
            raise ChannelError(f"{lost}: it took too long", outcome_unknown=True)
        if receipt.code not in _ANSWERS:
            raise ChannelError(f"{lost}: the answer was not SMTP", outcome_unknown=True)
        return receipt

    def _expect(self, reply: Reply, what: str) -> None:
        if reply.code not in _DONE:
            raise _not_taken(self._server, what, reply)


@contextmanager
def _explained(server: Server, deadline: Deadline) -> Iterator[None]:
    """Turn what goes wrong before the letter is handed over into ChannelError."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        # What the server says here is left out: some repeat what they were sent.
        raise ChannelError(
            f"{server} did not accept user and password (SMTP {error.smtp_code})",
            permanent=error.smtp_code in _REFUSED,
        ) from None
    except smtplib.SMTPResponseException as error:
        raise _not_taken(server, "the connection", _reply((error.smtp_code, error.smtp_error))) from None
    except smtplib.SMTPServerDisconnected as error:
        raise ChannelError(f"{server}: not sent in full: {fault_of(error, deadline)}") from None
    except smtplib.SMTPException:
        raise ChannelError(
            f"{server} does not offer what is configured: check tls, username and password", permanent=True
        ) from None
    except OSError as error:
        raise ChannelError(f"{server}: no connection: {fault_of(error, deadline)}") from None


def _not_taken(server: Server, what: str, reply: Reply) -> ChannelError:
    return ChannelError(f"{server} did not take {what}: {reply}", permanent=reply.code in _REFUSED)


def _reply(answer: tuple[int, bytes | str]) -> Reply:
    code, text = answer
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return Reply(code=code, text=inert.line(said, REPLY_LIMIT))


def _literal(connected: socket.socket | None) -> str:
    """Return our address as the name that we introduce ourselves by (RFC 5321 §4.1.3)."""
    address = connected.getsockname()[0] if connected is not None else "127.0.0.1"
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
