"""What the sink has taken: every id and how often, each key in its order, and when."""

from collections.abc import Sequence

import msgspec

POISON = "poison"
"""The `event` of a record that the sink calls bad."""


class Event(msgspec.Struct, gc=False):
    """As much of a record as the sink looks at; its id ends in its number, as in `e-17`."""

    messageId: str  # noqa: N815 -- as the service spells it
    userId: str = ""  # noqa: N815 -- the same
    event: str = ""


class _Envelope(msgspec.Struct):
    batch: list[Event]


_DECODER = msgspec.json.Decoder(list[Event] | _Envelope)


def events_of(body: bytes) -> list[Event]:
    """Return the records of a body, an array or `{"batch": array}`; raises msgspec.MsgspecError."""
    read = _DECODER.decode(body)
    return read.batch if isinstance(read, _Envelope) else read


class Ledger:
    """Counts how often each id was kept, and which came first after a later one of their key."""

    def __init__(self) -> None:
        self.times: dict[str, int] = {}
        self.out_of_order = 0
        self.timeline: list[tuple[float, int]] = []
        self._newest: dict[str, int] = {}

    def keep(self, events: Sequence[Event], at: float) -> int:
        """Enter records that were kept at this second; return how many of them had come before."""
        repeated = 0
        for event in events:
            seen = self.times.get(event.messageId, 0)
            self.times[event.messageId] = seen + 1
            if seen:
                repeated += 1
            else:
                self._keep_in_order(event)
        self.timeline.append((at, len(events) - repeated))
        return repeated

    def _keep_in_order(self, event: Event) -> None:
        number = int(event.messageId.rpartition("-")[2])
        if number < self._newest.get(event.userId, -1):
            self.out_of_order += 1
        else:
            self._newest[event.userId] = number

    @property
    def repeated(self) -> int:
        """Return how many records were kept once more than needed."""
        return sum(self.times.values()) - len(self.times)
