"""What waits for the writer, and how it is answered."""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from tocsin.engine.commands import Command, Refusal, Refused, Result
from tocsin.engine.configuration import Configuration
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, Answered, CheckIn
from tocsin.store.rows import Delivery, Notification

Reply = Callable[[tuple[Answer, ...] | StoreUnavailable], None]
ResultReply = Callable[[Result | StoreUnavailable], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Notifications to be sent now, and when to look at the outbox again."""

    notifications: tuple[Notification, ...]
    next_at: datetime | None


class Report(Struct, frozen=True, kw_only=True):
    """The check-ins of one request."""

    check_ins: Sequence[CheckIn]
    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A person's command."""

    command: Command
    reply: ResultReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A request for notifications to send, for targets that are not busy."""

    limit: int
    busy: frozenset[str]
    reply: Callable[[Claimed | StoreUnavailable], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Tries to send that have ended."""

    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfigure:
    """A new configuration."""

    configuration: Configuration


Work = Report | Order | Claim | Finish | Reconfigure
MAX_QUEUED = 100_000


class Waiting:
    """The work that waits: any thread adds to it, one takes it up. What was `put_aside` comes first."""

    def __init__(self) -> None:
        self.put_aside: list[Work] = []
        self.is_over = False
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._queued = 0
        self._counting = threading.Lock()

    @property
    def depth(self) -> int:
        """How many check-ins and other pieces of work wait."""
        return self._queued

    def add(self, work: Work) -> bool:
        """Queue work; False when too much is waiting already."""
        if self._queued >= MAX_QUEUED and isinstance(work, Report):
            return False
        with self._counting:
            self._queued += weight_of(work)
        self._queue.put(work)
        return True

    def end(self) -> None:
        """Let it be over once what is queued is taken."""
        self._queue.put(None)

    def is_empty(self) -> bool:
        """Whether nothing is queued."""
        return self._queue.empty()

    def take(self, most: int, wait_seconds: float, *, again: bool) -> list[Work]:
        """Wait at most so long, and take work that weighs up to `most`; `again`: what was put aside, too."""
        group: list[Work] = []
        weight = 0
        if self.put_aside and again:
            group, self.put_aside, wait_seconds = self.put_aside, [], 0.0
        try:
            work = self._queue.get(timeout=wait_seconds) if wait_seconds > 0 else self._queue.get_nowait()
            while work is not None:
                group.append(work)
                weight += weight_of(work)
                if weight >= most:
                    break
                work = self._queue.get_nowait()
            self.is_over = self.is_over or work is None
        except queue.Empty:
            pass
        with self._counting:
            self._queued -= weight
        return group


def weight_of(work: Work) -> int:
    """Return for how many check-ins or other pieces a piece of work counts."""
    return len(work.check_ins) if isinstance(work, Report) else 1


def answer_all(group: Sequence[Work], fault: StoreUnavailable) -> None:
    """Give all of these the same answer."""
    for work in group:
        reply_to(work, fault)


def reply_to(work: Work, answer: object) -> None:
    """Give whoever waits for a piece of work its answer; nobody waits for some."""
    if isinstance(work, Report | Order | Claim):
        work.reply(answer)  # type: ignore[arg-type]  # the answer was made for this kind of work


def refusal_of(work: Work) -> tuple[Answer, ...] | Result | StoreUnavailable:
    """Return the answer to what could not be done for a reason that only the log knows."""
    message = "Tocsin could not take this in; the server's log says why"
    if isinstance(work, Report):
        return (Answer(status=Answered.REJECTED, message=message),)
    if isinstance(work, Order):
        return Refused(reason=Refusal.INVALID, message=message)
    return StoreUnavailable(message)
