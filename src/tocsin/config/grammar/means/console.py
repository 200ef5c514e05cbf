"""Console."""

from tocsin.config.grammar.means.base import Means
from tocsin.notify.channel import Channel
from tocsin.notify.channels.console import ConsoleChannel


class Console(Means):
    """Blocks of text on the server's own output."""

    colour: bool | None = None
    """Whether to colour; left out: on a terminal that wants it."""

    def make(self) -> Channel:
        """Return the channel."""
        return ConsoleChannel(colour=self.colour)
