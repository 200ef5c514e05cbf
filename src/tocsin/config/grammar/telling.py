"""Who is told: routes, and receivers with their channels."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator

from tocsin.config.grammar.base import Name, OneOrMore, Part, ReadableFile, SecretText, Text, usable_by
from tocsin.config.grammar.rules import Matchers
from tocsin.config.problems import refuse
from tocsin.notify.channel import Channel
from tocsin.notify.channels.console import ConsoleChannel
from tocsin.notify.channels.email import RECIPIENTS_LIMIT, EmailChannel
from tocsin.notify.channels.slack import SlackChannel
from tocsin.notify.channels.webhook import WebhookChannel, secret_bytes

MAX_RECEIVERS = 1_000
MAX_ROUTES = 1_000
MAX_SECRETS = 5
MAX_PORT = 65_535
MAX_TIMEOUT_SECONDS = 20


def _web_address(text: str) -> None:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must be a complete web address that starts with https:// or http://")


def _no_slash(name: str) -> str:
    if "/" in name:
        raise refuse("must not hold '/', which stands between a receiver and its channel")
    return name


def _plain_console(value: object) -> object:
    return {} if value is None else value


ReceiverName = Annotated[Name, AfterValidator(_no_slash)]
Url = Annotated[SecretText, usable_by(_web_address)]
SigningSecret = Annotated[SecretText, usable_by(secret_bytes)]
Timeout = Annotated[float, Field(gt=0, le=MAX_TIMEOUT_SECONDS, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=MAX_PORT)]


class Route(Part):
    """A branch: alerts that match go to its receiver, or deeper."""

    matchers: Matchers | None = None
    """Tests on `severity`, `condition`, `rule`, `job`, `environment` and labels that must all pass."""

    receiver: ReceiverName | None = None
    """Who is told; left out: the receiver of the route above."""

    routes: Annotated[list["Route"], Field(max_length=MAX_ROUTES)] | None = None
    """Branches that are asked first; the first one that matches decides."""


class RootRoute(Part):
    """The route of every alert: branches are asked first, then its own receiver is told."""

    receiver: ReceiverName
    """Who is told when no branch matches."""

    routes: Annotated[list[Route], Field(max_length=MAX_ROUTES)] | None = None
    """Branches that are asked first; the first one that matches decides."""


class Means(Part):
    """One kind of channel with what it needs."""

    _channel: Channel = PrivateAttr()

    @property
    def channel(self) -> Channel:
        """The channel, ready to be sent to."""
        return self._channel

    @abstractmethod
    def make(self) -> Channel:
        """Return the channel; raises ValueError or OSError, without a secret in it, if it cannot be used."""

    @model_validator(mode="after")
    def _make_once(self) -> "Means":
        try:
            self._channel = self.make()
        except OSError:
            raise refuse("'ca_file' holds no certificate in PEM form") from None
        except ValueError as error:
            raise refuse(str(error)) from None
        return self


class Slack(Means):
    """A Slack incoming webhook, or that of a chat which speaks the same language."""

    url: Url
    """Address of the incoming webhook, itself a secret: `env:SLACK_URL` or `file:/run/secrets/slack`."""

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer; 15 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    def make(self) -> Channel:
        """Return the channel."""
        return SlackChannel(self.url.value, self.timeout_seconds, ca_file=self.ca_file)


class Webhook(Means):
    """A signed JSON message to any address (Standard Webhooks)."""

    url: Url
    """Address to post to; `env:` and `file:` references are followed."""

    secret: Annotated[list[SigningSecret], OneOrMore(), Field(max_length=MAX_SECRETS)] | None = None
    """Signing secret, `whsec_` and base64; several while one replaces the other. Left out: not signed."""

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer; 15 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    def make(self) -> Channel:
        """Return the channel."""
        secrets = [secret.value for secret in self.secret or ()]
        return WebhookChannel(self.url.value, secrets, self.timeout_seconds, ca_file=self.ca_file)


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

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer; 15 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

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
        )


class Console(Means):
    """Blocks of text on the server's own output."""

    colour: bool | None = None
    """Whether to colour; left out: on a terminal that wants it."""

    def make(self) -> Channel:
        """Return the channel."""
        return ConsoleChannel(colour=self.colour)


class Receiver(Part):
    """Somebody who can be told, through one channel or several kinds at once."""

    empty_means_something: ClassVar[frozenset[str]] = frozenset({"console"})

    name: ReceiverName
    """What routes call it."""

    description: Text | None = None
    """Who stands behind it."""

    slack: Slack | None = None
    """Tell through Slack."""

    webhook: Webhook | None = None
    """Tell through a signed webhook."""

    email: Email | None = None
    """Tell by email over SMTP."""

    console: Annotated[Console | None, BeforeValidator(_plain_console)] = None
    """Tell on the server's own output: `console: {}`."""

    fallback: ReceiverName | None = None
    """Receiver that stands in when this one cannot be reached; left out: that of the root route."""

    @property
    def means(self) -> tuple[Means, ...]:
        """The channels it has."""
        return tuple(m for m in (self.slack, self.webhook, self.email, self.console) if m is not None)

    @model_validator(mode="after")
    def _some_channel(self) -> "Receiver":
        if not self.means:
            raise refuse("has no channel; add slack, webhook, email or console")
        return self


Receivers = Annotated[list[Receiver], Field(min_length=1, max_length=MAX_RECEIVERS)]
