"""How a run stands at this moment, for the bar on a terminal and for the run that is reported."""

from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from tocsin.batch.ledger import Ledger
from tocsin.batch.tally import Share, Tally

WINDOW_SECONDS: Final = 30.0
SHORT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How a run stands: counts of source records, rates a second, and what it waits for most just now.

    `share_done` is from 0 to 1, None where nobody knows how much there is; `seconds_left` too. The rate is
    that of the last WINDOW_SECONDS; `slowest_lately_seconds` is of requests answered since the last moment;
    `trouble` is what the sink said when it last refused a request.
    """

    seconds: float
    read: int
    delivered: int
    dead: int
    skipped: int
    total: int | None
    share_done: float | None
    records_per_second: float
    seconds_left: float | None
    limited_by: Share | None
    in_flight: int
    allowed_requests_per_second: float | None
    declared_requests_per_second: float | None
    requests: int
    slowest_lately_seconds: float
    retries: int
    trouble: str

    @property
    def settled(self) -> int:
        """Return how many records have an end."""
        return self.delivered + self.dead + self.skipped


class Watcher(Protocol):
    """Shows or reports a run; called in its event loop about four times a second, so it has to be quick."""

    def look(self, moment: Moment) -> None:
        """Take notice of how the run stands."""

    def end(self, moment: Moment, told: str, *, failed: bool) -> None:
        """Take notice that the run has ended, and how in words."""


class Meter:
    """Measures how a run gets on, from samples of its counts."""

    def __init__(self, ledger: Ledger, tally: Tally, began_at: float) -> None:
        self._ledger = ledger
        self._tally = tally
        self._began_at = began_at
        self._samples: deque[tuple[float, int, dict[Share, float]]] = deque()

    def moment(
        self,
        now: float,
        *,
        total: int | None,
        share_read: float | None,
        in_flight: int,
        allowed: float | None,
        declared: float | None = None,
        trouble: str = "",
    ) -> Moment:
        """Return how the run stands.

        `share_read` is how much of the source's bytes has been read, `allowed` how many requests a second may
        go, `declared` how many the sink says that it takes, `trouble` its last words.
        """
        ledger = self._ledger
        self._samples.append((now, ledger.settled, dict(self._tally.waited)))
        while len(self._samples) > 1 and now - self._samples[0][0] > WINDOW_SECONDS:
            self._samples.popleft()
        since, settled_then, _ = self._samples[0]
        since = self._began_at if len(self._samples) == 1 else since
        rate = (ledger.settled - settled_then) / (now - since) if now > since else 0.0
        done = self._share_done(total, share_read)
        return Moment(
            seconds=now - self._began_at,
            read=ledger.read,
            delivered=ledger.delivered,
            dead=ledger.dead,
            skipped=ledger.skipped,
            total=total,
            share_done=done,
            records_per_second=rate,
            seconds_left=self._seconds_left(done, rate),
            limited_by=self._limited_by(now),
            in_flight=in_flight,
            allowed_requests_per_second=allowed,
            declared_requests_per_second=declared,
            requests=self._tally.requests,
            slowest_lately_seconds=self._tally.take_slowest(),
            retries=self._tally.retries.total(),
            trouble=trouble,
        )

    def _share_done(self, total: int | None, share_read: float | None) -> float | None:
        """Return how much is done: of the records, or of the bytes as far as these are settled."""
        ledger = self._ledger
        if total is not None:
            return min(1.0, ledger.settled / total) if total else 1.0
        if share_read is None or not ledger.read:
            return None
        return min(1.0, share_read * min(1.0, ledger.settled / ledger.read))

    def _seconds_left(self, done: float | None, rate: float) -> float | None:
        if not done or rate <= 0:
            return None
        return self._ledger.settled * (1.0 - done) / done / rate

    def _limited_by(self, now: float) -> Share | None:
        """Return what the run has waited for most in the last seconds."""
        older = [one for one in self._samples if now - one[0] >= SHORT_SECONDS]
        recent = older[-1] if older else self._samples[0]
        waited = {share: self._tally.waited[share] - recent[2].get(share, 0.0) for share in Share}
        most = max(waited, key=lambda share: waited[share])
        return most if waited[most] > 0 else None
