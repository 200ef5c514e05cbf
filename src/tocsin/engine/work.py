"""What waits for the writer, and how it is answered."""

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
