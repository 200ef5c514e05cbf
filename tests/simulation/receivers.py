"""Receivers that behave badly, and the ledger of everything that reached them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b

from tests.simulation.mode import Mode
from tests.simulation.world import World
from tocsin.errors import ChannelError
from tocsin.notify.channel import Accepted
from tocsin.notify.message import Message, pack
from tocsin.store.rows import Notification

SLOW_SECONDS = 20.0
QUICK_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message as a receiver got it; `content` is a hash of all it says but that it may be a repeat."""

    target: str
    key: str
    kind: str
    alert_id: str
    severity: str
    content: str
    may_repeat: bool
    stale: bool


class Fate(Enum):
    """What became of the news how a try ended."""

    OPEN = "not told yet"
    TOLD = "on its way to the store"
    RECORDED = "recorded"
    REFUSED = "refused by the store"


@dataclass(slots=True, kw_only=True)
class Trial:
    """One try to send, as the world knows it."""

    notification: Notification
    life: int
    arrived: bool = False
    answered: bool = False
    fate: Fate = Fate.OPEN


class Ledger:
    """All tries and arrivals, and the judgement of every repeat."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.life = 0
        self.arrivals: list[Arrival] = []
        self.trials: dict[str, list[Trial]] = {}
        self.made_seconds: dict[str, float] = {}
        self.made_at: dict[str, datetime] = {}
        self._newest: dict[str, Notification] = {}
        self._held: dict[str, tuple[datetime, float, timedelta]] = {}

    def begin(self, notification: Notification) -> Trial:
        """Note that a try begins."""
        trial = Trial(notification=notification, life=self.life)
        self.trials.setdefault(notification.key, []).append(trial)
        return trial

    def find(self, key: str, lease: int) -> Trial | None:
        """Return the try under this lease in the present life of the process."""
        found = (t for t in self.trials.get(key, ()) if t.notification.lease == lease and t.life == self.life)
        return next(found, None)

    def lease(self, claimed: Notification, at: datetime) -> None:
        """Note a durable claim, which nobody may make while another still holds the lease.

        A lease that was taken before the clock was set back counts from then on: whoever died with it must
        not hold up what is owed by the length of the jump, and who lives has had it for longer.
        """
        now = self._world.server_now()
        held = self._held.get(claimed.key)
        if held is not None:
            before, since_seconds, lease_for = held
            if now < self._world.counted_from(before, since_seconds, self._world.seconds) + lease_for:
                self._world.accuse("the lease holds", f"{claimed.key} was claimed while somebody had it")
        self._newest[claimed.key] = claimed
        assert claimed.lease_until is not None
        self._held[claimed.key] = (at, self._world.seconds, claimed.lease_until - at)

    def die(self) -> None:
        """Note that the process is dead, and with it everybody who held a lease."""
        self.life += 1
        self._held.clear()

    def let_go(self, key: str) -> None:
        """Note that a try has ended durably, under the newest lease."""
        self._held.pop(key, None)

    def is_passed_on(self, trial: Trial) -> bool:
        """Whether somebody else holds a newer lease than this try."""
        return self._newest[trial.notification.key].lease != trial.notification.lease

    def arrive(self, target: str, message: Message, trial: Trial) -> None:
        """Note an arrival; a repeat needs an excuse, the same content and its mark."""
        stale = self.is_passed_on(trial)
        arrival = Arrival(
            target=target,
            key=message.key,
            kind=message.kind.value,
            alert_id=message.alert_id,
            severity=message.severity,
            content=blake2b(pack(replace(message, may_repeat=False)), digest_size=8).hexdigest(),
            may_repeat=message.may_repeat,
            stale=stale,
        )
        self._world.tell("arrived", target, message.key, message.kind.value, message.may_repeat)
        for earlier in self.trials.get(trial.notification.key, ()):
            if earlier is not trial and earlier.arrived:
                self._judge_repeat(arrival, earlier)
        trial.arrived = True
        self.arrivals.append(arrival)

    def _judge_repeat(self, arrival: Arrival, earlier: Trial) -> None:
        self._world.happened("repeat under the same key")
        if not (arrival.stale or self._is_excused(earlier)):
            self._world.accuse("told once", f"{arrival.key} was sent again though its first try went well")
        if not (arrival.may_repeat or arrival.stale):
            self._world.accuse("told once", f"{arrival.key} repeats and does not say that it may")

    def _is_excused(self, earlier: Trial) -> bool:
        """Whether nobody alive could know that the earlier try had gone well."""
        if not earlier.answered:
            return True
        if earlier.fate is Fate.RECORDED:
            return False
        return earlier.life != self.life or self.is_passed_on(earlier)


class FlakyChannel:
    """A receiver that takes, refuses, stays silent or loses its answers, as the world draws."""

    def __init__(self, target: str, ledger: Ledger, world: World, *, recognises_repeats: bool) -> None:
        self._target = target
        self._ledger = ledger
        self._world = world
        self.recognises_repeats = recognises_repeats
        self.mode = Mode.WELL
        self.trial: Trial | None = None
        self.took_seconds = 0.0

    @property
    def kind(self) -> str:
        """The kind, as in the name of the target."""
        return self._target.rpartition("/")[2]

    def send(self, message: Message, *, at: datetime) -> Accepted:  # noqa: ARG002 -- the protocol's signature
        """Take the message, or not, and say so, or not."""
        trial = self.trial
        assert trial is not None
        self._world.point("before a send")
        mode = self._drawn_mode()
        self.took_seconds = SLOW_SECONDS if mode in (Mode.SILENT, Mode.LOSES_ANSWER) else QUICK_SECONDS
        if mode is not Mode.WELL:
            self._world.happened(f"a receiver {mode.value}")
            self._world.tell("receiver", self._target, message.key, mode.value)
        if mode in (Mode.WELL, Mode.LOSES_ANSWER):
            self._ledger.arrive(self._target, message, trial)
        self._world.point("after a send")
        if mode is Mode.WELL:
            trial.answered = True
            return Accepted(detail="HTTP 200")
        raise self._fault(mode)

    def _drawn_mode(self) -> Mode:
        swarm = self._world.swarm
        if self.mode is Mode.WELL and swarm.outages and self._world.strikes(swarm.flaky):
            return self._world.chance.choice(swarm.outages)
        return self.mode

    def _fault(self, mode: Mode) -> Exception:
        match mode:
            case Mode.BUSY:
                wait = timedelta(seconds=self._world.chance.choice((1, 60, 900)))
                return ChannelError("HTTP 429", retry_after=wait)
            case Mode.REFUSES:
                return ChannelError("HTTP 404", permanent=True)
            case Mode.SILENT | Mode.LOSES_ANSWER:
                return ChannelError("no answer within 20 s", outcome_unknown=True)
            case Mode.RAISES:
                return RuntimeError("a bug in the channel")
            case _:
                return ChannelError("HTTP 500")
