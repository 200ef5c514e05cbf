"""What every kind of channel has in common."""

from abc import abstractmethod
from datetime import time
from typing import Annotated

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from tocsin.config.grammar.base import Part, SecretText, around, usable_by
from tocsin.config.problems import refuse
from tocsin.config.references import Surroundings
from tocsin.notify.channel import Channel
from tocsin.notify.egress.reach import Reach

MAX_PORT = 65_535
MAX_TIMEOUT_SECONDS = 20


def _web_address(text: str) -> None:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must be a complete web address that starts with https:// or http://")


Url = Annotated[SecretText, usable_by(_web_address)]
Timeout = Annotated[float, Field(gt=0, le=MAX_TIMEOUT_SECONDS, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=MAX_PORT)]


class Means(Part):
    """One kind of channel with what it needs."""

    _channels: tuple[tuple[str, Channel], ...] = PrivateAttr()
    _around: Surroundings = PrivateAttr()

    @property
    def channels(self) -> tuple[tuple[str, Channel], ...]:
        """The channels by their names within the receiver, ready to be sent to."""
        return self._channels

    @property
    def hears_acknowledgements(self) -> bool:
        """Whether it is told when somebody takes an alert in hand, because it tracks that itself."""
        return False

    @property
    def channel(self) -> Channel:
        """The channel, or the first of several."""
        return self._channels[0][1]

    @property
    def around(self) -> Surroundings:
        """What the rest of the file says that channels need to know."""
        return self._around

    @property
    def reach(self) -> Reach:
        """How far the channel may go."""
        return self._around.reach

    @property
    def hook_secrets(self) -> tuple[str, ...]:
        """What signs the calls by which its vendor tells what people did there; none if it never calls."""
        return ()

    @property
    def digest_at(self) -> time | None:
        """The local time at which it is told of everything at once, where it is not told at once of each."""
        return None

    @abstractmethod
    def make(self) -> Channel:
        """Return the channel; raises ValueError or OSError, without a secret in it, if it cannot be used."""

    def make_all(self) -> tuple[tuple[str, Channel], ...]:
        """Return the one channel under the name of its kind; a kind that tells several has one for each."""
        channel = self.make()
        return ((channel.kind, channel),)

    @model_validator(mode="after")
    def _make_once(self, info: ValidationInfo) -> "Means":
        self._around = around(info)
        try:
            self._channels = self.make_all()
        except OSError:
            raise refuse("'ca_file' holds no certificate in PEM form") from None
        except ValueError as error:
            raise refuse(str(error)) from None
        return self
