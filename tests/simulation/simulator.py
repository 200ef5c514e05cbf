"""One simulation: hours of trouble, then a healed world, then the reckoning."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.simulation.audit import Auditor
from tests.simulation.behaviour import Behaviour
from tests.simulation.jobs import FOLLOWING, PLANS, JobActor
from tests.simulation.mode import Mode
from tests.simulation.people import People
from tests.simulation.receivers import FlakyChannel, Ledger
from tests.simulation.server import Server
from tests.simulation.setting import POLICY, TARGETS, configuration
from tests.simulation.watching import Watcher
from tests.simulation.world import World
from tocsin.engine import auditing, writer

TROUBLE_SECONDS = 3 * 3_600.0
CALM_SECONDS = 75 * 60.0
MOODS_SECONDS = 70 * 60.0
LAST_STEP_SECONDS = 2.0
MOST_LAST_STEPS = 30
AUDIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one seed came to; `faults` is empty if every promise was kept."""

    seed: int
    fingerprint: str
    faults: tuple[str, ...]
    sometimes: dict[str, int]
    trace: tuple[str, ...]


def simulate(seed: int, path: Path) -> Outcome:
    """Return the outcome of a seed; `path` is a file for its store that does not exist yet, or is empty."""
    simulation = Simulation(seed, path)
    world = simulation.world
    with pytest.MonkeyPatch.context() as patch:  # the one clock that the engine is not given
        patch.setattr(writer, "monotonic", lambda: world.seconds)
        simulation.run()
    simulation.server.shut()
    return Outcome(
        seed=seed,
        fingerprint=world.fingerprint(),
        faults=tuple(world.faults),
        sometimes=dict(world.sometimes),
        trace=tuple(world.trace),
    )


class Simulation:
    """Everything of one seed, put together."""

    def __init__(self, seed: int, path: Path) -> None:
        self.world = World(seed)
        self.ledger = Ledger(self.world)
        self.channels = {
            target: FlakyChannel(
                target, self.ledger, self.world, recognises_repeats=target.endswith("/webhook")
            )
            for target in TARGETS
        }
        plans = [plan for plan in PLANS if self.world.chance.random() < 0.7] or [PLANS[0]]
        inhibits = self.world.swarm.inhibits
        plans += FOLLOWING if inhibits else ()
        settings = configuration(plans, self.world.swarm.repeat_every, inhibits=inhibits)
        self.server = Server(self.world, path, settings, self.channels, self.ledger)
        self.jobs = [JobActor(plan, self.server, self.world) for plan in plans]
        self.people = People(self.server, self.world)
        self.watcher = Watcher(self.server, self.world)
        for job in self.jobs:
            job.on_run = self.watcher.expect
            job.reporter.on_answer = self.watcher.ended
        for target in TARGETS:
            self._stay_well(target)
        self._jump_clock()

    def run(self) -> None:
        """Live through trouble, calm and the last moods, and judge."""
        self.server.attempt(self.server.boot)
        self._until(TROUBLE_SECONDS)
        self._heal()
        self._until(self.world.seconds + CALM_SECONDS)
        for job in self.jobs:
            job.mood = self.world.chance.choice((Behaviour.GOOD, Behaviour.FAILS))
        self._until(self.world.seconds + MOODS_SECONDS)
        self._let_it_audit_itself()
        self._send_what_is_owed()
        Auditor(self.world, self.server, self.ledger, self.jobs, self.people).judge()

    def _send_what_is_owed(self) -> None:
        """Let what has just come up be sent, so that nothing is under way when it is reckoned up."""
        for _ in range(MOST_LAST_STEPS):
            if not self.server.read(lambda reading: reading.counts()).pending:
                break
            self._until(self.world.seconds + LAST_STEP_SECONDS)

    def _let_it_audit_itself(self) -> None:
        """See that two of its own audits in a row find nothing in a world that is well."""
        own = auditing.Auditor(self.server.store)
        for _ in range(2):
            self._until(self.world.seconds + AUDIT_SECONDS)
            if not self.server.up:
                return
            threads = auditing.Threads(server=self.server.writer.rounds.living.server)
            for trouble in own.audit(threads, POLICY, self.world.server_now()):
                self.world.accuse("its own audit", trouble.sentence)

    def _until(self, end_seconds: float) -> None:
        world, server = self.world, self.server
        while world.seconds < end_seconds:
            world.seconds = max(world.seconds, min(world.next_seconds, server.wake_seconds, end_seconds))
            while (coming := world.pop()) is not None:
                server.attempt(coming)
            server.attempt(server.work)

    def _heal(self) -> None:
        self.world.heal()
        self.server.boot()
        for channel in self.channels.values():
            channel.mode = Mode.WELL
        for job in self.jobs:
            job.settle_down()

    def _stay_well(self, target: str) -> None:
        world, channel = self.world, self.channels[target]
        channel.mode = Mode.WELL
        if world.swarm.outages:
            well_for = world.chance.expovariate(1 / world.swarm.well_seconds)
            world.after(well_for, lambda: self._fall_ill(target))

    def _fall_ill(self, target: str) -> None:
        world = self.world
        if not world.swarm.outages:
            return
        self.channels[target].mode = world.chance.choice(world.swarm.outages)
        world.tell("outage", target, self.channels[target].mode.value)
        world.after(world.chance.expovariate(1 / world.swarm.ill_seconds), lambda: self._stay_well(target))

    def _jump_clock(self) -> None:
        world = self.world
        if not world.swarm.clock_jumps:
            return
        wait = world.chance.expovariate(1 / 4_000.0)

        def jump() -> None:
            if world.swarm.clock_jumps:
                world.jump(world.chance.choice(world.swarm.clock_jumps))
                self._jump_clock()

        world.after(wait, jump)
