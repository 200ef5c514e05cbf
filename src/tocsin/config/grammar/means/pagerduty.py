"""PagerDuty."""

from typing import Annotated, ClassVar, Literal

from tocsin.config.grammar.base import ReadableFile, SecretText, usable_by
from tocsin.config.grammar.means.base import Means, Timeout, Url
from tocsin.notify.channel import Channel
from tocsin.notify.channels.pagerduty import PagerDutyChannel, check_routing_key

RoutingKey = Annotated[SecretText, usable_by(check_routing_key)]


class PagerDuty(Means):
    """Events to one PagerDuty integration (Events API v2)."""

    hears_acknowledgements: ClassVar[bool] = True

    routing_key: RoutingKey
    """Integration key of an Events API v2 integration: `env:PAGERDUTY_KEY`."""

    region: Literal["us", "eu"] = "us"
    """Where the account lives: us or eu; us if left out."""

    url: Url | None = None
    """Address to post to in place of PagerDuty's own, such as a relay."""

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer; 15 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    def make(self) -> Channel:
        """Return the channel."""
        return PagerDutyChannel(
            self.routing_key.value,
            self.region,
            self.timeout_seconds,
            url=self.url.value if self.url else "",
            ca_file=self.ca_file,
        )
