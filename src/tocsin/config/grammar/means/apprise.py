"""Apprise."""

from typing import Annotated

from tocsin.config.grammar.base import SecretText, usable_by
from tocsin.config.grammar.means.base import Means, Timeout
from tocsin.notify.channel import Channel
from tocsin.notify.channels.apprise import AppriseChannel, check_address

Address = Annotated[SecretText, usable_by(check_address)]


class Apprise(Means):
    """Any service that the Apprise library knows; needs the extra `apprise`."""

    url: Address
    """Apprise address of the service, itself a secret: `env:TELEGRAM_URL` with `tgram://token/chat`."""

    timeout_seconds: Timeout = 15.0
    """Longest time that sending may take; 15 if left out."""

    def make(self) -> Channel:
        """Return the channel."""
        return AppriseChannel(self.url.value, self.timeout_seconds, reach=self.reach)
