"""Email."""

import re
from datetime import time
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from tocsin.config.grammar.base import Name, OneOrMore, ReadableFile, SecretText
from tocsin.config.grammar.means.base import Means, Port, Timeout
from tocsin.config.problems import refuse, shown
from tocsin.notify.channel import Channel
from tocsin.notify.channels.email import RECIPIENTS_LIMIT, EmailChannel

_TIME: Final = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


def _time_of_day(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise refuse(f"must be a time of day such as 08:00, not {shown(text)}")
    return text


DigestTime = Annotated[str, AfterValidator(_time_of_day)]


class Email(Means):
    """Letters over SMTP, under TLS unless told otherwise."""

    host: Name
    """Name or address of the mail server."""

    port: Port | None = None
    """Its port; left out: 587 with starttls, 465 with implicit TLS, 25 without."""

    tls: Literal["starttls", "implicit", "none"] = "starttls"
    """How the connection is protected: starttls, implicit or none."""

    username: SecretText | None = None
    """Name to log in with; left out: no log-in."""

    password: SecretText | None = None
    """Password to log in with: `env:SMTP_PASSWORD` or `file:/run/secrets/smtp`."""

    sender: Name = Field(alias="from")
    """Address that the letters come from: `tocsin@example.com` or `Tocsin <tocsin@example.com>`."""

    recipients: Annotated[list[Name], OneOrMore(), Field(min_length=1, max_length=RECIPIENTS_LIMIT)] = Field(
        alias="to"
    )
    """Address or addresses that the letters go to."""

    digest: DigestTime | None = None
    """Local time, `08:00`, of one letter a day about everything; left out: a letter at once for each."""

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer; 15 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    @property
    def digest_at(self) -> time | None:
        """When its one letter a day is due."""
        return time.fromisoformat(self.digest) if self.digest else None

    def make(self) -> Channel:
        """Return the channel."""
        if self.username is None or self.password is None:
            if self.username is not self.password:
                raise ValueError("needs both 'username' and 'password' to log in, or neither")
            return self._make("", "")
        return self._make(self.username.value, self.password.value)

    def _make(self, username: str, password: str) -> Channel:
        return EmailChannel(
            self.host,
            self.port,
            self.tls,
            username,
            password,
            sender=self.sender,
            recipients=self.recipients,
            timeout_seconds=self.timeout_seconds,
            ca_file=self.ca_file,
            reach=self.reach,
        )
