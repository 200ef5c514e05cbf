"""The server's process: the real store, writer and delivery, driven by one thread and killed at will."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from tests.simulation.receivers import Fate, FlakyChannel, Ledger
from tests.simulation.sending import Sender
from tests.simulation.world import Crash, World
from tocsin.engine.configuration import Configuration
from tocsin.engine.work import Order, Work
from tocsin.engine.writer import Writer
from tocsin.errors import StoreContended, StoreUnavailable
from tocsin.jobs.checkin import CheckIn
from tocsin.store.base import Reading, Writing
from tocsin.store.rows import Delivery, Notification
from tocsin.store.sqlite import SqliteStore
from tocsin.telemetry.metrics import Metrics

IDLE_SECONDS = 100.0
LEAST_SECONDS = 0.5
MAX_TURNS = 200

# How much likelier a process dies around a commit that carries a person's command, or nothing at all.
PERSON_WEIGHT = 20.0
IDLE_WEIGHT = 0.1


class FragileWriting:
    """The real writing session, in a process that may die around every commit and on a disk that may fail."""

    def __init__(self, writing: Writing, world: World, ledger: Ledger) -> None:
        self._writing = writing
        self._world = world
        self._ledger = ledger
        self._done: list[Callable[[], None]] = []
        self._weight = IDLE_WEIGHT
        self.carries_order = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- stands for every other method of the session
        return getattr(self._writing, name)

    def begin(self) -> None:
        """Open a transaction, if the disk lets us."""
        self._done = []
        self._weight = PERSON_WEIGHT if self.carries_order else IDLE_WEIGHT
        if self._world.strikes(self._world.swarm.store_faults):
            self._fail("begin")
        self._writing.begin()

    def commit(self) -> None:
        """Commit, with a chance to die before it, after it, or not to learn that it went well."""
        self._world.point("before a commit", self._weight)
        if self._world.strikes(self._world.swarm.store_faults):
            self._writing.rollback()
            self._fail("commit")
        if self._world.strikes(self._world.swarm.contention):
            self._writing.rollback()
            self._world.happened("another server was in the way")
            raise StoreContended("another server was in the way")
        self._writing.commit()
        for note in self._done:
            note()
        self._world.point("after a commit", self._weight)
        if self._world.strikes(self._world.swarm.commit_answer_lost):
            self._world.happened("the answer to a commit was lost")
            self._fail("after commit")

    def append(self, rows: Iterable[tuple[int, CheckIn]]) -> None:
        """Add check-ins to the log."""
        self._weight = max(self._weight, 1.0)
        self._writing.append(rows)

    def enqueue(self, notifications: Iterable[Notification]) -> None:
        """Owe, and remember since when by true time."""
        self._weight = max(self._weight, 1.0)
        owed = tuple(notifications)
        self._writing.enqueue(owed)
        # What the process dies before is not made: another may be made under its key later.
        self._done.append(partial(self._note_made, owed, self._world.seconds))

    def claim(self, *args: Any, **options: Any) -> list[Notification]:  # noqa: ANN401 -- as the session has it
        """Claim, and remember under which lease."""
        taken: list[Notification] = self._writing.claim(*args, **options)
        for one in taken:
            self._weight = max(self._weight, 1.0)
            self._done.append(partial(self._ledger.lease, one, self._world.server_now()))
        return taken

    def finish(self, deliveries: Iterable[Delivery]) -> set[str]:
        """Record tries, and remember which ones until the commit."""
        self._weight = max(self._weight, 1.0)
        ended = tuple(deliveries)
        held: set[str] = self._writing.finish(ended)
        self._done += [partial(self._note_end, delivery, delivery.key in held) for delivery in ended]
        return held

    def _fail(self, where: str) -> None:
        self._world.happened("the disk failed")
        self._world.tell("disk", where)
        raise StoreUnavailable("the disk is full")

    def _note_made(self, owed: Iterable[Notification], seconds: float) -> None:
        for one in owed:
            self._ledger.made_seconds.setdefault(one.key, seconds)
            self._ledger.made_at.setdefault(one.key, one.created_at)

    def _note_end(self, delivery: Delivery, held: bool) -> None:  # noqa: FBT001 -- the outcome is the fact
        """Note that the end of a try is durable, or was refused."""
        trial = self._ledger.find(delivery.key, delivery.lease)
        if trial is None or trial.fate is Fate.RECORDED:
            return
        trial.fate = Fate.RECORDED if held else Fate.REFUSED
        if held:
            self._ledger.let_go(delivery.key)
        elif not self._ledger.is_passed_on(trial):
            self._world.accuse("the lease holds", f"{delivery.key}: its end was refused to who holds it")


class Server:
    """One server over all its lives: `lives` are those that are over, from when to when in true time."""

    def __init__(
        self,
        world: World,
        path: Path,
        configuration: Configuration,
        channels: Mapping[str, FlakyChannel],
        ledger: Ledger,
    ) -> None:
        self.world = world
        self.ledger = ledger
        self.up = False
        self.up_since = 0.0
        self.lives: list[tuple[float, float]] = []
        self._path = path
        self._configuration = configuration
        self._channels = channels

    def boot(self) -> None:
        """Start a process on what is in the file."""
        if self.up:
            return
        world = self.world
        self.store = SqliteStore(str(self._path), hook=_without_waiting)
        self._fragile = FragileWriting(self.store.writing(), world, self.ledger)
        self.writer = Writer(
            cast("Writing", self._fragile),
            self._configuration,
            clock=_ServerClock(world),
            new_id=world.new_id,
            metrics=Metrics(_ServerClock(world)),
            on_outbox=self._look_at_outbox,
        )
        self.sender = Sender(world, self.ledger, self.writer, self._channels, self._configuration.policy)
        self.up, self.up_since = True, world.seconds
        world.tell("boot", self.ledger.life)

    def _look_at_outbox(self) -> None:
        self.sender.look()

    def die(self) -> None:
        """Lose everything but the file, and come back some time later."""
        self.up = False
        self.lives.append((self.up_since, self.world.seconds))
        self.ledger.die()
        self.store.close()
        down_for = self.world.chance.choice(self.world.swarm.down_seconds)
        self.world.after(down_for * self.world.chance.uniform(0.5, 1.5), self.boot)

    def shut(self) -> None:
        """Let go of the file for good, lest thousands of seeds keep thousands of threads."""
        if self.up:
            self.up = False
            self.store.close()

    def submit(self, work: Work) -> bool:
        """Hand work to the process; False when there is none."""
        if not self.up:
            return False
        self._fragile.carries_order = isinstance(work, Order)
        return self.writer.submit(work)

    def work(self) -> None:
        """Do what can be done at this instant, until nothing is left or the process is dead."""
        if not self.up:
            return
        for _ in range(MAX_TURNS):
            busy = self.writer.turn(0.0)
            self._fragile.carries_order = False
            if self.sender.claim_some() or busy:
                continue
            return
        self.world.accuse("quiet", f"the writer found no rest in {MAX_TURNS} turns")

    def attempt(self, call: Callable[[], None]) -> None:
        """Do something in the process, which may be its last."""
        try:
            call()
        except Crash:
            self.die()

    def read(self, call: Callable[[Reading], Any]) -> Any:  # noqa: ANN401 -- returns whatever the call does
        """Return what a call finds in the store."""
        with self.store.reading() as reading:
            return call(reading)

    @property
    def wake_seconds(self) -> float:
        """When the process wants to do something by itself, in true time."""
        world = self.world
        if not self.up:
            return float("inf")
        idle = world.seconds + IDLE_SECONDS
        if self.writer.fault:
            return world.seconds + 5.0
        wishes = [at for at in (self.writer.next_due_at, self.sender.look_at) if at is not None]
        now = world.server_now()
        wake = min([idle, *(world.seconds + (at - now).total_seconds() for at in wishes)])
        return max(wake, world.seconds + LEAST_SECONDS)


class _ServerClock:
    """What the process takes for the time."""

    def __init__(self, world: World) -> None:
        self.now = world.server_now


def _without_waiting(connection: sqlite3.Connection) -> None:
    """Not wait for the disk: the process dies here, the machine does not."""
    connection.execute("PRAGMA synchronous = OFF")
