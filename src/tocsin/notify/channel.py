"""What every way of reaching people has in common."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tocsin.errors import ChannelError
from tocsin.notify.message import Message


class Outcome(StrEnum):
    """How one delivery ended."""

    ACCEPTED = "accepted"
    """The receiver answered that it has the message."""
    TRY_AGAIN = "try_again"
    """It has not arrived, and a later try may succeed."""
    REFUSED = "refused"
    """The receiver will never take this message; only a change of the configuration helps."""
    UNKNOWN = "unknown"
    """It was handed over in full and the answer was lost: it may have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The receiver has the message; `detail` is what it answered, such as `HTTP 200`.

    `reference` is what the receiver calls the message, where it can be changed or followed by its name. It
    comes back as `reference` of the next message about the same alert; one that was accepted without
    a reference leaves the one before.
    """

    detail: str
    reference: str = ""


class Channel(Protocol):
    """A kind of receiver, ready to be sent to; threads share it.

    `send` hands one message over, once, and returns within its time-out (some 20 s at most, so that a lease
    of 30 s holds). `at` is the instant of this try. It raises ChannelError if the receiver did not accept;
    neither that error nor any representation of a channel shows a secret.
    """

    @property
    def kind(self) -> str:
        """The name of the kind, as the configuration writes it."""
        ...

    @property
    def recognises_repeats(self) -> bool:
        """Whether the receiver can tell by the key that it has a message already: repeats do no harm."""
        ...

    def send(self, message: Message, *, at: datetime) -> Accepted:
        """Return what the receiver answered on accepting the message."""
        ...


def outcome_of(error: ChannelError) -> Outcome:
    """Return the one word for what a failed delivery means."""
    if error.outcome_unknown:
        return Outcome.UNKNOWN
    return Outcome.REFUSED if error.permanent else Outcome.TRY_AGAIN
