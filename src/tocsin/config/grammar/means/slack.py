"""Slack."""

from tocsin.config.grammar.base import ReadableFile
from tocsin.config.grammar.means.base import Means, Timeout, Url
from tocsin.notify.channel import Channel
from tocsin.notify.channels.slack import SlackChannel


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
