"""The real engine without its threads, on the real store, under a clock that jumps from event to event."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from tocsin.engine.auditing import Auditor, Threads
from tocsin.engine.commands import Command, Result
from tocsin.engine.configuration import Configuration
from tocsin.engine.delivering import try_to_send
from tocsin.engine.troubles import Check
from tocsin.engine.work import Claim, Claimed, Finish, Order, Reconfigure, Report
from tocsin.engine.writer import Writer
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, CheckIn
from tocsin.notify.channel import Channel
from tocsin.store.rows import Notification
from tocsin.store.sqlite import SqliteStore
from tocsin.telemetry.metrics import Metrics

# A sign of life every five seconds would be most of the work of a simulated day.
ALIVE_EVERY = timedelta(minutes=15)
BLIND_AFTER = timedelta(minutes=16)
AUDIT_EVERY = timedelta(minutes=1)
MOST_TURNS = 10_000
CLAIMED_AT_ONCE = 100


class VirtualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Server:
    """One process after the other on the same file; `up` is false in between."""

    def __init__(self, path: Path, clock: VirtualClock, channels: Mapping[str, Channel]) -> None:
        self.clock = clock
        self.metrics = Metrics(clock)
        self._path = path
        self._channels = channels
        self._ids = (f"id-{number}" for number in count(1))
        self.up = False
        self.may_find: frozenset[Check] = frozenset()
        self.found: set[Check] = set()

    def boot(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.store = SqliteStore(str(self._path), hook=_without_waiting)
        self.writer = Writer(
            self.store.writing(),
            configuration,
            clock=self.clock,
            new_id=lambda: next(self._ids),
            metrics=self.metrics,
            on_outbox=lambda: None,
        )
        self._auditor = Auditor(self.store)
        self._audited_at = self.clock.at
        self.up = True
        self.work()

    def die(self) -> None:
        self.store.close()
        self.up = False

    def set_back(self, to: datetime) -> None:
        """Go on by a clock that has been set back."""
        self.clock.at = self._audited_at = to
        self.work()

    def live_until(self, end: datetime) -> None:
        """Do at its exact instant whatever is due until `end`, and stand there."""
        self.work()
        while (wake_at := self._wake_at()) <= end:
            assert wake_at > self.clock.at, f"time stands still at {wake_at}"
            self.clock.at = wake_at
            self.work()
            self._audit()
        self.clock.at = end
        self.work()
        self._audit()

    def _audit(self) -> None:
        """See each minute that the audit finds nothing but what the story is about."""
        if self.clock.at - self._audited_at < AUDIT_EVERY:
            return
        self._audited_at = self.clock.at
        threads = Threads(server=self.writer.rounds.living.server)
        troubles = self._auditor.audit(threads, self.configuration.policy, self.clock.at)
        self.found |= {trouble.check for trouble in troubles}
        assert [one for one in troubles if one.check not in self.may_find] == []

    def report(self, *check_ins: CheckIn) -> tuple[Answer, ...]:
        got: list[tuple[Answer, ...] | StoreUnavailable] = []
        self.writer.submit(Report(check_ins=check_ins, reply=got.append))
        self.work()
        assert isinstance(got[0], tuple), got
        return got[0]

    def order(self, command: Command) -> Result:
        got: list[Result | StoreUnavailable] = []
        self.writer.submit(Order(command=command, reply=got.append))
        self.work()
        assert not isinstance(got[0], StoreUnavailable)
        return got[0]

    def reconfigure(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.writer.submit(Reconfigure(configuration=configuration))
        self.work()

    def work(self) -> None:
        """Decide, commit and deliver all that can be done at this instant."""
        self._decide()
        while notifications := self._claim():
            for owed in notifications:
                channel = self._channels.get(owed.target)
                tried = try_to_send(channel, owed, self.clock, self.configuration.policy, lambda: 0.5)
                self.writer.submit(Finish(deliveries=(tried,)))
            self._decide()

    def _claim(self) -> Sequence[Notification]:
        got: list[Claimed | StoreUnavailable] = []
        self.writer.submit(Claim(limit=CLAIMED_AT_ONCE, busy=frozenset(), reply=got.append))
        self._decide()
        assert isinstance(got[0], Claimed)
        self._outbox_at = got[0].next_at
        return got[0].notifications

    def _decide(self) -> None:
        for _ in range(MOST_TURNS):
            if not self.writer.turn(0.0):
                return
        raise AssertionError(f"the engine finds no rest at {self.clock.at}")

    def _wake_at(self) -> datetime:
        instants = (self.writer.next_due_at, self._outbox_at, self.writer.rounds.next_at(self.clock.at))
        return min(at for at in instants if at is not None)


def _without_waiting(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = OFF")
