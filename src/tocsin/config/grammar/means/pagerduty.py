"""PagerDuty."""

from typing import Annotated, Literal

from pydantic import Field

from tocsin.config.grammar.base import OneOrMore, ReadableFile, SecretText, usable_by
from tocsin.config.grammar.means.base import Means, Timeout, Url
from tocsin.notify.channel import Channel
from tocsin.notify.channels.pagerduty import PagerDutyChannel, check_routing_key

MAX_SECRETS = 5
MIN_SECRET = 16


def _hard_to_guess(secret: str) -> None:
    if len(secret) < MIN_SECRET:
        raise ValueError(f"is shorter than {MIN_SECRET} characters; take the one that PagerDuty has shown")


RoutingKey = Annotated[SecretText, usable_by(check_routing_key, "0" * 32)]
HookSecret = Annotated[SecretText, usable_by(_hard_to_guess)]


class PagerDuty(Means):
    """Events to one PagerDuty integration (Events API v2), and its signed webhook back."""

    routing_key: RoutingKey
    """Integration key of an Events API v2 integration: `env:PAGERDUTY_KEY`."""

    region: Literal["us", "eu"] = "us"
    """Where the account lives: us or eu; us if left out."""

    webhook_secret: Annotated[list[HookSecret], OneOrMore(), Field(max_length=MAX_SECRETS)] | None = None
    """Secret of the webhook by which it tells who acknowledges and resolves there; left out: not heard."""

    url: Url | None = None
    """Address to post to in place of PagerDuty's own, such as a relay."""

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer; 15 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    @property
    def hears_acknowledgements(self) -> bool:
        """Whether it is told when somebody takes an alert in hand: it tracks that itself."""
        return True

    def make(self) -> Channel:
        """Return the channel."""
        return PagerDutyChannel(
            self.routing_key.value,
            self.region,
            self.timeout_seconds,
            url=self.url.value if self.url else "",
            ca_file=self.ca_file,
            reach=self.reach,
        )

    @property
    def hook_secrets(self) -> tuple[str, ...]:
        """What signs the calls of PagerDuty's webhook."""
        return tuple(secret.value for secret in self.webhook_secret or ())
