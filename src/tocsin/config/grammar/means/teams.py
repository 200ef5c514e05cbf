"""Microsoft Teams."""

from tocsin.config.grammar.base import ReadableFile
from tocsin.config.grammar.means.base import Means, Timeout, Url
from tocsin.notify.channel import Channel
from tocsin.notify.channels.teams import TeamsChannel


class Teams(Means):
    """A webhook of the Workflows app in Microsoft Teams."""

    url: Url
    """Address of the webhook that starts the workflow, itself a secret: `env:TEAMS_URL`."""

    timeout_seconds: Timeout = 15.0
    """Longest wait for an answer; 15 if left out."""

    ca_file: ReadableFile | None = None
    """File of further certificate authorities to trust (PEM)."""

    def make(self) -> Channel:
        """Return the channel."""
        return TeamsChannel(self.url.value, self.timeout_seconds, ca_file=self.ca_file, reach=self.reach)
