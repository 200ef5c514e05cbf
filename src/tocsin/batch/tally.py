"""Where the time of a run went, and what it has cost: numbers only, of constant size."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.batch.outcome import Category


class Share(StrEnum):
    """What a run waits for, so that no more is under way.

    SOURCE: records to read. ENCODE: mapping, checking and encoding them. RATE: the rate that is allowed.
    GATE: the pause that the sink has asked for. CONCURRENCY: requests in flight, as many as the settings or
    the order of keys allow. SINK: its answers, where more requests at once would not help. OUTAGE: the sink
    to come back. STATE: what is delivered to be written down.
    """

    SOURCE = "source"
    ENCODE = "encode"
    RATE = "rate"
    GATE = "gate"
    CONCURRENCY = "concurrency"
    SINK = "sink"
    OUTAGE = "outage"
    STATE = "state"


@dataclass(slots=True)
class Tally:
    """What a run has cost so far; seconds are of the monotonic clock.

    `requests_with_twins` are those in which several records had the same id.
    """

    waited: dict[Share, float] = field(default_factory=lambda: dict.fromkeys(Share, 0.0))
    requests: int = 0
    batches: int = 0
    sent_records: int = 0
    resent_records: int = 0
    sent_bytes: int = 0
    retries: Counter[Category] = field(default_factory=Counter)
    tests: int = 0
    sink_seconds: float = 0.0
    slowest_seconds: float = 0.0
    slowest_since_asked_seconds: float = 0.0
    most_in_flight: int = 0
    requests_with_twins: int = 0

    def wait(self, share: Share, seconds: float) -> None:
        """Take up that the run has waited for this."""
        self.waited[share] += seconds

    def send(self, records: int, size: int, *, is_again: bool, in_flight: int) -> None:
        """Take up that a request goes out."""
        self.requests += 1
        self.sent_records += records
        self.sent_bytes += size
        self.most_in_flight = max(self.most_in_flight, in_flight)
        if is_again:
            self.resent_records += records

    def answered(self, seconds: float) -> None:
        """Take up how long a request has taken."""
        self.sink_seconds += seconds
        self.slowest_seconds = max(self.slowest_seconds, seconds)
        self.slowest_since_asked_seconds = max(self.slowest_since_asked_seconds, seconds)

    def take_slowest(self) -> float:
        """Return how long the slowest request has taken since this was asked the last time."""
        seconds, self.slowest_since_asked_seconds = self.slowest_since_asked_seconds, 0.0
        return seconds
