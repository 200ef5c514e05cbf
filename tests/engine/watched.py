"""A real engine whose audits a test makes by hand, with a real receiver of its sign of life."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import SimpleQueue
from threading import Event

from tests.contracts.receivers import HttpReceiver
from tests.contracts.situations import Situation
from tests.engine.test_delivering import Ear
from tocsin.alerts.route import Route
from tocsin.clock import SystemClock, monotonic
from tocsin.engine.configuration import Configuration, Policy
from tocsin.engine.engine import Engine
from tocsin.engine.watchdog import Standing
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, CheckIn, CheckInKind
from tocsin.notify.heartbeat import Heartbeat
from tocsin.oncall import escalation
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.store.base import Store
from tocsin.telemetry.metrics import Metrics

PATIENCE_SECONDS = 20.0
GLANCE_SECONDS = 0.02
NEVER_SECONDS = 1e6
TARGET = "team/ear"


class Leaping:
    """The real clock, which a test can make leap."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


@dataclass
class Watched:
    """An engine, the ear of its only receiver, and the receiver of its sign of life."""

    engine: Engine
    store: Store
    url: str
    clock: Leaping
    ear: Ear
    outside: HttpReceiver
    _waiting: Event = field(default_factory=Event)

    @property
    def beats(self) -> int:
        """How many signs of life have arrived."""
        return len(self.outside.received)

    @property
    def heard(self) -> list[tuple[str, str]]:
        """What people have heard of Tocsin's own troubles: kind and title."""
        ours = [one for one in self.ear.heard if one.condition == "watchdog"]
        return [(one.kind.value, one.title) for one in ours]

    @property
    def has_lived(self) -> bool:
        """Whether its sign of life stands in the store; who starts strikes out those of all others."""
        with self.store.reading() as reading:
            return reading.lived_at(self.engine.writer.rounds.living.server) is not None

    def audit(self) -> Standing:
        """Make one audit with what follows from it."""
        return self.engine.watchdog.turn()

    def found(self) -> list[str]:
        """Make one audit, and return which promises it has found broken."""
        return [trouble.check.value for trouble in self.audit().troubles]

    def says(self, kind: CheckInKind, job: str = "etl") -> None:
        """Let a job report."""
        answers: SimpleQueue[tuple[Answer, ...] | StoreUnavailable] = SimpleQueue()
        now = self.clock.now()
        assert self.engine.report([CheckIn(job=job, kind=kind, at=now, received_at=now)], answers.put)
        assert isinstance(answers.get(timeout=PATIENCE_SECONDS), tuple)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Return once something holds; fail when it does not in time."""
        until = monotonic() + PATIENCE_SECONDS
        while not holds():
            assert monotonic() < until, "it did not come about in time"
            self._waiting.wait(GLANCE_SECONDS)

    def wait_for_heard(self, count: int) -> None:
        """Return once people have heard so much of Tocsin's own troubles."""
        self.wait_until(lambda: len(self.heard) >= count)

    def wait_for_clean(self) -> None:
        """Make audits until one is clean."""
        self.wait_until(lambda: self.audit().is_clean)


def configured(policy: Policy | None = None, *levels: escalation.Level) -> Configuration:
    """Return a configuration that tells one ear, and climbs these levels if there are any."""
    climbs = escalation.Policy(policy_id="p", name="p", levels=levels)
    return Configuration(
        digest="one",
        rules=DEFAULT_RULES,
        route=Route(receiver="team", escalation="p" if levels else None),
        targets={"team": (TARGET,)},
        escalations={"p": climbs} if levels else {},
        policy=policy or Policy(),
    )


@contextmanager
def watched(store: Store, url: str, configuration: Configuration | None = None) -> Iterator[Watched]:
    """Run an engine on a store; what it is given is stopped and closed in the end."""
    clock, ear = Leaping(), Ear()
    numbers = iter(range(1_000_000))
    name = f"{id(clock):x}"
    with ExitStack() as stack:
        outside = stack.enter_context(HttpReceiver(Situation.ACCEPTS))
        engine = Engine(
            store=store,
            configuration=configuration or configured(),
            channels={TARGET: ear},
            clock=clock,
            new_id=lambda: f"{name}-{next(numbers)}",
            metrics=Metrics(clock),
            jitter=lambda: 0.5,
        )
        engine.watchdog.heartbeat = Heartbeat(f"{outside.url}/ping/secret-of-ours", every=timedelta(0))
        engine.watchdog.first_seconds = NEVER_SECONDS
        stack.callback(store.close)
        engine.start()
        stack.callback(engine.stop)
        made = Watched(engine=engine, store=store, url=url, clock=clock, ear=ear, outside=outside)
        made.wait_until(lambda: engine.condition().last_tick_at is not None)
        yield made
