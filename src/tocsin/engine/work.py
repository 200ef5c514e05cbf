"""What waits for the writer, and how it is answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from tocsin.engine.commands import Command, Result
from tocsin.engine.configuration import Configuration
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, CheckIn
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
