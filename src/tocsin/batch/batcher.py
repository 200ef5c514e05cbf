"""Puts records together to batches, exactly as large as the limits allow, in lanes that keep their order."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from tocsin.batch.entries import Entries
from tocsin.batch.limits import Framing
from tocsin.batch.preparing import lane_of
from tocsin.batch.state.base import BatchStatus


@dataclass(slots=True, eq=False)
class Parcel:
    """Records that travel together, with what has become of them so far.

    `size` is that of the records alone. `attempts` counts requests that have failed, `failed_at` is when the
    last of them did; `is_suspect`: one of these records is known to be bad. `rest` are records that wait for
    what becomes of these. `origin` is one and the same for all parts of a batch that was taken apart because
    it failed. `status` and `error`, why it was refused the last time, are for the history; `worker` is the
    one of the requests in flight that carries it, `sent_at` since when, None while none does.
    """

    lane: int
    entries: Entries
    size: int
    made_at: float
    attempts: int = 0
    throttled: int = 0
    failed_at: float | None = None
    ready_at: float = 0.0
    is_suspect: bool = False
    reason: str = ""
    rest: Entries = field(default_factory=Entries)
    origin: object = field(default_factory=object)
    is_part: bool = False
    status: BatchStatus = BatchStatus.PENDING
    error: str = ""
    worker: int = 0
    sent_at: float | None = None
    _named: Entries | None = None
    _name: str = ""

    def __len__(self) -> int:
        return len(self.entries)

    def id_in(self, run_id: str) -> str:
        """Return an id of exactly these records in a run.

        A sink that remembers requests by it takes the same records once, and never takes others for them:
        neither what is left of a batch, nor one that is made after the run was resumed.
        """
        if self._named is self.entries:
            return self._name
        self._named, self._name = self.entries, id_of(run_id, self.entries.ids)
        return self._name


def id_of(run_id: str, record_ids: Iterable[str]) -> str:
    """Return an id that only the same records of the same run have."""
    digest = blake2b(run_id.encode(), digest_size=16)
    digest.update("\n".join(record_ids).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@dataclass(slots=True)
class _Lane:
    number: int
    opened: Entries = field(default_factory=Entries)
    size: int = 0
    since: float = 0.0
    ready: deque[Parcel] = field(default_factory=deque)
    is_busy: bool = False


class Batcher:
    """Records on their way to become batches.

    With `lanes` > 1 records with the same key share a lane, and of a lane no more than one batch is out at a
    time, so that they arrive in order. `max_wait_seconds` None: a batch waits until it is full, or until
    nothing more comes. Limits may change at any time; what is closed already stays as it is.
    """

    def __init__(
        self,
        *,
        framing: Framing,
        max_records: int,
        max_bytes: int,
        lanes: int = 0,
        max_wait_seconds: float | None = None,
    ) -> None:
        self.max_records = max_records
        self.max_bytes = max_bytes
        self.waiting_records = 0
        self._framing = framing
        self._separator = len(framing.separator)
        self._max_wait_seconds = max_wait_seconds
        self._keeps_order = lanes > 0
        self._lanes = [_Lane(number) for number in range(max(1, lanes))]
        self._turn = 0
        self._later: list[Parcel] = []

    def add(self, entries: Entries, now: float) -> None:
        """Take records up, in their order."""
        lanes = self._lanes
        if len(lanes) == 1:
            self._fill(lanes[0], entries, now)
            return
        by_lane: dict[int, list[int]] = {}
        for place, key in enumerate(entries.keys):
            by_lane.setdefault(lane_of(key, len(lanes)), []).append(place)
        for number, places in by_lane.items():
            self._fill(lanes[number], entries.pick(places), now)

    def _fill(self, lane: _Lane, entries: Entries, now: float) -> None:
        """Add records to the open batch of a lane: as many as fit in one go, one by one only near its end."""
        most, most_bytes = self.max_records, self.max_bytes - self._framing.overhead
        between, at = self._separator, 0
        self.waiting_records += len(entries)
        if not lane.opened:
            lane.since = now
        while at < len(entries):
            opened = lane.opened
            fitting = entries[at : at + max(most - len(opened), 0)]
            added = fitting.size
            if lane.size + added + (len(opened) + len(fitting) - 1) * between > most_bytes:
                fitting, added = self._until_full(lane, fitting, most_bytes)
            opened.extend(fitting)
            lane.size += added
            at += len(fitting)
            if len(opened) >= most or at < len(entries):
                self._close(lane, now)

    def _until_full(self, lane: _Lane, entries: Entries, most_bytes: int) -> tuple[Entries, int]:
        """Return what an open batch has room for, one at least where it is empty, and how large that is."""
        size, count, between = lane.size, len(lane.opened), self._separator
        for number, body in enumerate(entries.bodies):
            if count + number and size + len(body) + (count + number) * between > most_bytes:
                return entries[:number], size - lane.size
            size += len(body)
        return entries, size - lane.size

    def _close(self, lane: _Lane, now: float) -> None:
        lane.ready.append(Parcel(lane.number, lane.opened, lane.size, now))
        lane.opened, lane.size, lane.since = Entries(), 0, now

    def next(self, now: float, *, is_fresh_first: bool = False) -> Parcel | None:
        """Return the batch that is to be sent next, if one can be.

        Those tried before come first, or last where one is to show whether the sink takes anything.
        """
        if is_fresh_first:
            return self._next_fresh() or self._next_again(now)
        return self._next_again(now) or self._next_fresh()

    def _next_again(self, now: float) -> Parcel | None:
        for number, parcel in enumerate(self._later):
            if parcel.ready_at <= now:
                del self._later[number]
                return parcel
        return None

    def _next_fresh(self) -> Parcel | None:
        count = len(self._lanes)
        for step in range(count):
            lane = self._lanes[(self._turn + step) % count]
            if lane.ready and not (lane.is_busy and self._keeps_order):
                self._turn = (self._turn + step + 1) % count
                lane.is_busy = True
                parcel = lane.ready.popleft()
                self.waiting_records -= len(parcel)
                return parcel
        return None

    def ripen(self, now: float, *, all_of_it: bool = False) -> None:
        """Close what has waited long enough to be sent as it is, or all there is."""
        for lane in self._lanes:
            if lane.opened and (all_of_it or self._is_ripe(lane, now)):
                self._close(lane, now)

    def _is_ripe(self, lane: _Lane, now: float) -> bool:
        return self._max_wait_seconds is not None and now - lane.since >= self._max_wait_seconds

    def close_largest(self, now: float) -> bool:
        """Close the fullest open batch, where nothing can be read any more before something is sent."""
        lane = max(self._lanes, key=lambda one: one.size)
        if lane.opened:
            self._close(lane, now)
            return True
        return False

    def ripe_at(self) -> float | None:
        """Return when the next open batch will have waited long enough, or a failed one is due."""
        asks = [parcel.ready_at for parcel in self._later]
        if self._max_wait_seconds is not None:
            asks += [lane.since + self._max_wait_seconds for lane in self._lanes if lane.opened]
        return min(asks, default=None)

    def again(self, parcel: Parcel, at: float) -> None:
        """Take back a batch that is to be sent once more; its lane waits for it."""
        parcel.ready_at = at
        self._later.append(parcel)

    def size_of(self, parcel: Parcel) -> int:
        """Return how many bytes the request of a batch has."""
        return self._framing.size(len(parcel), parcel.size)

    def settle(self, parcel: Parcel) -> None:
        """Free the lane of a batch, all of which is settled."""
        self._lanes[parcel.lane].is_busy = False

    def split(self, parcel: Parcel, now: float) -> None:
        """Take a batch apart; its halves go before anything else of their lane, and its tries count."""
        middle = len(parcel) // 2
        self.put_first(parcel.lane, parcel.rest, now)
        for half in (parcel.entries[middle:], parcel.entries[:middle]):
            self.put_first(parcel.lane, half, now, part_of=parcel)
        self.settle(parcel)

    def tested(self, parcel: Parcel, test: Entries, waiting: Entries, now: float) -> Parcel:
        """Return a batch of those of its records that are to be tested, which keeps its lane."""
        made = Parcel(parcel.lane, test, test.size, now)
        made.is_suspect, made.rest, made.reason = True, waiting, parcel.reason
        return made

    def put_first(
        self,
        lane_number: int,
        entries: Entries,
        now: float,
        *,
        part_of: Parcel | None = None,
    ) -> None:
        """Put records in front of their lane, which they have left before."""
        if not entries:
            return
        lane = self._lanes[lane_number]
        parcel = Parcel(lane_number, entries, entries.size, now)
        if part_of is not None:
            parcel.origin, parcel.is_part = part_of.origin, True
            parcel.attempts, parcel.failed_at = part_of.attempts, part_of.failed_at
        lane.ready.appendleft(parcel)
        self.waiting_records += len(entries)

    def put_back(self, lane_number: int, entries: Entries, now: float) -> None:
        """Give records back to the stream: in order where that is kept, else among those that wait."""
        if self._keeps_order:
            self.put_first(lane_number, entries, now)
        else:
            self._fill(self._lanes[lane_number], entries, now)

    def waiting(self) -> Iterator[Parcel]:
        """Return the batches that wait to be sent for the first time since they were put together."""
        for lane in self._lanes:
            yield from lane.ready

    def left(self) -> Iterator[Parcel]:
        """Return all batches that wait, also to be sent once more."""
        yield from self._later
        yield from self.waiting()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, neither to be filled up nor to be sent."""
        return not self._later and not any(lane.opened or lane.ready for lane in self._lanes)

    @property
    def has_ready(self) -> bool:
        """Whether a batch is closed and waits."""
        return bool(self._later) or any(lane.ready for lane in self._lanes)
