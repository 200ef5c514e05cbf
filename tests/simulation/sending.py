"""Delivery without its threads: claims through the writer, sends when it is drawn, tells how it ended."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from tests.simulation.receivers import Fate, FlakyChannel, Ledger, Trial
from tests.simulation.world import World
from tocsin.engine import delivering
from tocsin.engine.configuration import Policy
from tocsin.engine.work import Claim, Claimed, Finish
from tocsin.engine.writer import Writer
from tocsin.errors import StoreUnavailable
from tocsin.store.rows import Delivery, Notification

MOST_AT_ONCE = 4
MOST_PER_TARGET = 2
LOOK_AGAIN = timedelta(seconds=2)
LOOK_AT_LEAST = timedelta(seconds=60)


class Sender:
    """What the deliverer does, for one life of the process."""

    def __init__(
        self,
        world: World,
        ledger: Ledger,
        writer: Writer,
        channels: Mapping[str, FlakyChannel],
        policy: Policy,
    ) -> None:
        self._world = world
        self._ledger = ledger
        self._writer = writer
        self._channels = channels
        self._policy = policy
        self._life = ledger.life
        self._sending: Counter[str] = Counter()
        self.look_at = world.server_now()

    def look(self) -> None:
        """Look at the outbox now."""
        self.look_at = self._world.server_now()

    def claim_some(self) -> bool:
        """Ask the writer for something to send, if there may be something; return whether we did."""
        free = MOST_AT_ONCE - self._sending.total()
        if self.look_at > self._world.server_now() or free <= 0:
            return False
        busy = frozenset(target for target, count in self._sending.items() if count >= MOST_PER_TARGET)
        self._writer.submit(Claim(limit=min(free, MOST_PER_TARGET), busy=busy, reply=self._got))
        return True

    def _got(self, claimed: Claimed | StoreUnavailable) -> None:
        now = self._world.server_now()
        self.look_at = now + LOOK_AGAIN
        if isinstance(claimed, StoreUnavailable):
            return
        for notification in claimed.notifications:
            self._sending[notification.target] += 1
            self._world.after(self._stall_seconds(), lambda owed=notification: self._send(owed))  # type: ignore[misc]  # a lambda's default has no type of its own
        if claimed.notifications:
            self.look()
        elif claimed.next_at is None or claimed.next_at > now:
            self.look_at = min(claimed.next_at or now + LOOK_AT_LEAST, now + LOOK_AT_LEAST)

    def _stall_seconds(self) -> float:
        if self._world.strikes(self._world.swarm.stalled_send):
            self._world.happened("a send stalled")
            return self._world.chance.uniform(5.0, 100.0)
        return 0.05

    def _send(self, owed: Notification) -> None:
        if self._ledger.life != self._life:
            return
        channel = self._channels[owed.target]
        trial = channel.trial = self._ledger.begin(owed)
        channel.took_seconds = 0.0
        clock = _WhileSending(self._world, channel)
        delivery = delivering.try_to_send(channel, owed, clock, self._policy, self._world.chance.random)
        self._world.tell("tried", owed.target, owed.key, delivery.attempt, delivery.outcome.value)
        self._world.after(channel.took_seconds + self._stall_seconds(), lambda: self._finish(delivery, trial))

    def _finish(self, delivery: Delivery, trial: Trial) -> None:
        if self._ledger.life != self._life:
            return
        target = trial.notification.target
        self._sending[target] -= 1
        self._world.point("before a send is recorded")
        trial.fate = Fate.TOLD
        self._writer.submit(Finish(deliveries=(delivery,)))
        self.look()


class _WhileSending:
    """The clock of a try, which goes on while the channel waits for its answer."""

    def __init__(self, world: World, channel: FlakyChannel) -> None:
        self._world = world
        self._channel = channel

    def now(self) -> datetime:
        """Return the server's time, as it will be when the try has come this far."""
        return self._world.server_now() + timedelta(seconds=self._channel.took_seconds)
