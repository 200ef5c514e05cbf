"""SMS and phone, through Twilio."""

from abc import abstractmethod
from dataclasses import replace
from typing import Annotated

from pydantic import Field, StringConstraints

from tocsin.config.grammar.base import Name, OneOrMore, ReadableFile, SecretText, WebAddress
from tocsin.config.grammar.means.base import Means, Timeout
from tocsin.notify.answering import Line
from tocsin.notify.channel import Channel
from tocsin.notify.channels.phone import PhoneChannel
from tocsin.notify.channels.sms import SmsChannel
from tocsin.notify.egress.twilio import API, Account

MAX_RECIPIENTS = 10
MIN_SECRET = 8

Numbers = Annotated[list[Name], OneOrMore(), Field(min_length=1, max_length=MAX_RECIPIENTS)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")]


class Twilio(Means):
    """What text messages and calls have in common."""

    account_sid: Name
    """SID of the account at Twilio, `AC…`."""

    auth_token: SecretText | None = None
    """Token of the account: `env:TWILIO_AUTH_TOKEN`; needed to hear answers, which Twilio signs with it."""

    api_key: Name | None = None
    """SID of an API key, `SK…`, to send with instead of the token."""

    api_secret: SecretText | None = None
    """Secret of the API key: `env:TWILIO_API_SECRET`."""

    sender: Name = Field(alias="from")
    """Number of the account, such as +14155550123; for sms also a short code, a name, or `MG…`."""

    recipients: Numbers = Field(alias="to")
    """Number or numbers that are told; of several, each is a target of its own: `on-call/sms:+4915…`."""

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer of Twilio; 15 if left out."""

    url: WebAddress | None = None
    """Address of Twilio's API in another region; `https://api.twilio.com` if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    @property
    def is_answered(self) -> bool:
        """Whether answers can reach us and can be known to be genuine."""
        return self.auth_token is not None and bool(self.around.base_url)

    def make(self) -> Channel:
        """Return the channel to the first of its numbers."""
        return self.make_all()[0][1]

    def make_all(self) -> tuple[tuple[str, Channel], ...]:
        """Return a channel for each number, so that each has its own deliveries, tries and limits."""
        if len(set(self.recipients)) < len(self.recipients):
            raise ValueError("'to' names a number twice")
        account = self._account()
        made = [self.make_for(account, number) for number in self.recipients]
        if len(made) == 1:
            return ((made[0].kind, made[0]),)
        named = zip(self.recipients, made, strict=True)
        return tuple((f"{channel.kind}:{number}", channel) for number, channel in named)

    @abstractmethod
    def make_for(self, account: Account, number: str) -> Channel:
        """Return the channel to one number."""

    def line(self, receiver: str, name: str, number: str) -> Line | None:
        """Return the telephone as one that may answer, None where answers cannot be known to be genuine."""
        if self.auth_token is None:
            return None
        return Line(
            number=number,
            target=f"{receiver}/{name}",
            account_sid=self.account_sid,
            auth_token=self.auth_token.value,
        )

    def lines(self, receiver: str) -> tuple[Line, ...]:
        """Return every telephone of a receiver that may answer."""
        named = zip(self.channels, self.recipients, strict=True)
        lines = (self.line(receiver, name, number) for (name, _), number in named)
        return tuple(line for line in lines if line is not None)

    def _account(self) -> Account:
        user, password = self.account_sid, self.auth_token
        if self.api_key is not None or self.api_secret is not None:
            if self.api_key is None or self.api_secret is None:
                raise ValueError("needs both 'api_key' and 'api_secret', or neither")
            user, password = self.api_key, self.api_secret
        if password is None:
            raise ValueError("needs 'auth_token', or 'api_key' and 'api_secret'")
        if len(password.value) < MIN_SECRET or not password.value.isascii():
            raise ValueError("a secret of Twilio is longer ASCII text, as its console shows it")
        return Account(
            sid=self.account_sid,
            user=user,
            password=password.value,
            url=self.url or API,
            ca_file=self.ca_file,
            reach=self.reach,
        )


class Sms(Twilio):
    """Short text messages through Twilio; answering `1` or `ACK` with the code acknowledges."""

    def make_for(self, account: Account, number: str) -> Channel:
        """Return the channel to one number."""
        return SmsChannel(
            account,
            sender=self.sender,
            to=number,
            answered=self.is_answered,
            reports_to=self.around.base_url if self.is_answered else "",
            timeout_seconds=self.timeout_seconds,
        )


class Phone(Twilio):
    """Calls through Twilio that read the message aloud; key 4 acknowledges, 6 resolves."""

    language: LanguageTag = "en-US"
    """Language of the voice, in which names are pronounced; en-US if left out. The words stay English."""

    voice: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,60}$")] | None = None
    """Voice by its name at Twilio, such as Polly.Joanna; left out: that of the account."""

    tell_ends: bool = False
    """Whether to call also when an alert is acknowledged or over; false if left out."""

    def make_for(self, account: Account, number: str) -> Channel:
        """Return the channel to one number."""
        return PhoneChannel(
            account,
            sender=self.sender,
            to=number,
            answers_to=self.around.base_url if self.is_answered else "",
            language=self.language,
            voice=self.voice or "",
            tell_ends=self.tell_ends,
            timeout_seconds=self.timeout_seconds,
        )

    def line(self, receiver: str, name: str, number: str) -> Line | None:
        """Return the telephone as one that may answer, in the language that it is called in."""
        plain = super().line(receiver, name, number)
        return None if plain is None else replace(plain, language=self.language, voice=self.voice or "")
