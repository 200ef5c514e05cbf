"""The engine as the edges see it: report, command, reconfigure, and how it is doing."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.clock import Clock
from tocsin.engine.auditing import Threads
from tocsin.engine.book import Book
from tocsin.engine.commands import Command, Result
from tocsin.engine.configuration import Configuration
from tocsin.engine.delivering import Deliverer
from tocsin.engine.looking import NewId
from tocsin.engine.watchdog import Standing, Watchdog
from tocsin.engine.work import Order, Reconfigure, Reply, Report
from tocsin.engine.writer import Writer
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import CheckIn
from tocsin.notify.channel import Channel
from tocsin.notify.invitation import Inviting
from tocsin.store.base import Store
from tocsin.telemetry.metrics import Metrics

COMMAND_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCondition:
    """How the engine is doing; `store_fault` is empty while the store can be written.

    `is_judging` and `is_delivering` say that the thread lives; `since_tick_seconds` tells whether the one
    that judges also gets anywhere: it looks at the clock every second, before its first look since the start.
    `since_handing_out_seconds` tells the same of the one that delivers, `since_audit_seconds` of the
    watchdog, which looks every minute; `audit` is what it knows. `clocks_apart_seconds` is by how much the
    clock of another server on the same store differs at least; `is_outdated` says that one of them has
    taken up another configuration after this server's.
    """

    started_at: datetime
    last_commit_at: datetime | None
    last_tick_at: datetime | None
    queue_depth: int
    store_fault: str
    overdue_seconds: float
    since_tick_seconds: float
    is_judging: bool
    is_delivering: bool
    clocks_apart_seconds: float = 0.0
    is_outdated: bool = False
    since_handing_out_seconds: float = 0.0
    is_watching: bool = True
    since_audit_seconds: float = 0.0
    audit: Standing = field(default_factory=Standing)


class Engine:
    """Takes check-ins and commands from any thread, judges, and delivers.

    `new_id` makes short unique names, `jitter` numbers in [0, 1). `start` it, and `stop` it in the end.
    """

    def __init__(
        self,
        *,
        store: Store,
        configuration: Configuration,
        channels: Mapping[str, Channel],
        clock: Clock,
        new_id: NewId,
        metrics: Metrics,
        jitter: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._configuration = configuration
        self._started_at = clock.now()
        self.writer = Writer(
            store.writing(),
            configuration,
            clock=clock,
            new_id=new_id,
            metrics=metrics,
            on_outbox=self._wake_deliverer,
        )
        self.deliverer = Deliverer(
            self.writer,
            channels,
            clock=clock,
            metrics=metrics,
            policy=lambda: self._configuration.policy,
            inviting=lambda: self.inviting,
            jitter=jitter,
        )
        self.watchdog = Watchdog(
            store,
            self.writer,
            clock=clock,
            threads=self._threads,
            configuration=lambda: self._configuration,
            channels=lambda: self.deliverer.channels,
        )
        self._thread = threading.Thread(target=self.writer.run, name="tocsin-writer", daemon=True)

    def _wake_deliverer(self) -> None:
        self.deliverer.wake()

    @property
    def inviting(self) -> Inviting:
        """What links to acknowledge are made and known by; nothing before the first commit."""
        return Inviting(key=self.writer.rounds.link_key, base_url=self._configuration.base_url)

    @property
    def configuration(self) -> Configuration:
        """The configuration that is in force, or about to be."""
        return self._configuration

    @property
    def book(self) -> Book:
        """What the server decides under by now: its configuration, and the facts that all jobs share."""
        return self.writer.rounds.book

    def start(self) -> None:
        """Begin to judge and to deliver."""
        self._thread.start()
        self.deliverer.start()
        self.watchdog.start()

    def stop(self) -> None:
        """Finish what is queued and what is being sent; everything else waits in the store."""
        self.watchdog.stop()
        self.deliverer.stop()
        self.writer.stop()
        self._thread.join()

    def report(self, check_ins: Sequence[CheckIn], reply: Reply) -> bool:
        """Queue the check-ins of one request; `reply` is called once, from the writer's thread.

        It gets the answers after the durable commit, or the fault that kept all of them out. False:
        too much is waiting, and nothing was taken.
        """
        return self.writer.submit(Report(check_ins=check_ins, reply=reply))

    def command(self, command: Command) -> Result:
        """Carry out a command and return its result once it is durable; raises StoreUnavailable."""
        done = threading.Event()
        results: list[Result | StoreUnavailable] = []

        def reply(result: Result | StoreUnavailable) -> None:
            results.append(result)
            done.set()

        self.writer.submit(Order(command=command, reply=reply))
        if not done.wait(COMMAND_SECONDS):
            raise StoreUnavailable(
                "the server is too busy to take this on now; look whether it was done later"
            )
        result = results[0]
        if isinstance(result, StoreUnavailable):
            raise result
        return result

    def reconfigure(self, configuration: Configuration, channels: Mapping[str, Channel]) -> None:
        """Judge and tell by another configuration from now on."""
        self._configuration = configuration
        self.deliverer.channels = channels
        self.writer.submit(Reconfigure(configuration=configuration))

    def _threads(self) -> Threads:
        condition = self.condition()
        return Threads(
            server=self.writer.rounds.living.server,
            store_fault=condition.store_fault,
            is_judging=condition.is_judging,
            since_tick_seconds=condition.since_tick_seconds,
            is_delivering=condition.is_delivering,
            since_handing_out_seconds=condition.since_handing_out_seconds,
            clocks_apart=self.writer.rounds.living.apart,
        )

    def condition(self) -> EngineCondition:
        """Return how the engine is doing."""
        now = self._clock.now()
        due_at = self.writer.next_due_at
        overdue = (now - due_at).total_seconds() if due_at is not None else 0.0
        tick_at = self.writer.last_tick_at or self._started_at
        return EngineCondition(
            started_at=self._started_at,
            last_commit_at=self.writer.last_commit_at,
            last_tick_at=self.writer.last_tick_at,
            queue_depth=self.writer.depth,
            store_fault=self.writer.fault,
            overdue_seconds=max(overdue, 0.0),
            since_tick_seconds=max((now - tick_at).total_seconds(), 0.0),
            is_judging=self._thread.is_alive(),
            is_delivering=self.deliverer.is_alive,
            clocks_apart_seconds=self.writer.rounds.living.apart.total_seconds(),
            is_outdated=self.writer.rounds.is_outdated,
            since_handing_out_seconds=self.deliverer.since_looking_seconds,
            is_watching=self.watchdog.is_alive,
            since_audit_seconds=self.watchdog.since_audit_seconds,
            audit=self.watchdog.standing,
        )
