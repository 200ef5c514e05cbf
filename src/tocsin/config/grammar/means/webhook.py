"""Webhook."""

from typing import Annotated, Literal

from pydantic import Field

from tocsin.config.grammar.base import OneOrMore, ReadableFile, SecretText, usable_by
from tocsin.config.grammar.means.base import Means, Timeout, Url
from tocsin.notify.channel import Channel
from tocsin.notify.channels.webhook import Form, WebhookChannel, secret_bytes

MAX_SECRETS = 5

SigningSecret = Annotated[SecretText, usable_by(secret_bytes, "whsec_" + "A" * 32)]


class Webhook(Means):
    """A signed JSON message to any address (Standard Webhooks)."""

    url: Url
    """Address to post to; `env:` and `file:` references are followed."""

    secret: Annotated[list[SigningSecret], OneOrMore(), Field(max_length=MAX_SECRETS)] | None = None
    """Signing secret, `whsec_` and base64; several while one replaces the other. Left out: not signed."""

    format: Literal["tocsin", "alertmanager"] = "tocsin"
    """Form of the body: tocsin, or alertmanager for what takes Alertmanager's; tocsin if left out."""

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer; 15 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    def make(self) -> Channel:
        """Return the channel."""
        secrets = [secret.value for secret in self.secret or ()]
        return WebhookChannel(
            self.url.value,
            secrets,
            self.timeout_seconds,
            form=Form(self.format),
            ca_file=self.ca_file,
            reach=self.reach,
        )
