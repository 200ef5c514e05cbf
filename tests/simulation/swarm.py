"""How bad one seed's world is: of all faults each seed draws a few, and how often they come."""

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from tests.simulation.behaviour import BEHAVIOURS, GOOD_ONES, Behaviour
from tests.simulation.mode import BAD_MODES, Mode

CRASH_POINTS = (
    "before a commit",
    "after a commit",
    "while answering",
    "before a send",
    "after a send",
    "before a send is recorded",
)
INHIBITS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Swarm:
    """The likelihoods of one seed; everything is absent in a healed world."""

    crashes: tuple[tuple[str, float], ...] = ()
    most_crashes: int = 0
    down_seconds: tuple[float, ...] = (5.0,)
    outages: tuple[Mode, ...] = ()
    well_seconds: float = 3_000.0
    ill_seconds: float = 600.0
    flaky: float = 0.0
    stalled_send: float = 0.0
    store_faults: float = 0.0
    commit_answer_lost: float = 0.0
    contention: float = 0.0
    clock_jumps: tuple[float, ...] = ()
    request_lost: float = 0.0
    answer_lost: float = 0.0
    shuffled: float = 0.0
    echoed: float = 0.0
    common_host: float = 0.0
    people_seconds: float = 0.0
    silences: float = 0.0
    behaviours: tuple[Behaviour, ...] = GOOD_ONES
    repeat_every: timedelta = timedelta(minutes=25)
    inhibits: bool = False

    def crash_at(self, point: str) -> float:
        """How likely the process dies at this point."""
        return next((likelihood for name, likelihood in self.crashes if name == point), 0.0)


def draw(chance: Random, inhibiting: Random) -> Swarm:
    """Return the world of a seed; whether alerts mute others in it has a chance of its own."""
    return Swarm(
        inhibits=inhibiting.random() < INHIBITS,
        crashes=tuple(
            (point, chance.choice((0.005, 0.02, 0.06))) for point in CRASH_POINTS if chance.random() < 0.75
        ),
        most_crashes=chance.choice((0, 4, 12, 12)),
        down_seconds=chance.choice(((2.0, 20.0), (5.0, 300.0), (20.0, 900.0, 7_000.0))),
        outages=tuple(mode for mode in BAD_MODES if chance.random() < 0.5),
        well_seconds=chance.choice((600.0, 3_000.0)),
        ill_seconds=chance.choice((60.0, 400.0, 2_500.0)),
        flaky=_sometimes(chance, 0.05, 0.3),
        stalled_send=_sometimes(chance, 0.02, 0.1),
        store_faults=_sometimes(chance, 0.0005, 0.004),
        commit_answer_lost=_sometimes(chance, 0.002, 0.01),
        contention=_sometimes(chance, 0.005, 0.05),
        clock_jumps=chance.choice(((), (), (), (30.0, -30.0), (3_000.0, -3_000.0, 100.0))),
        request_lost=_sometimes(chance, 0.05, 0.3),
        answer_lost=_sometimes(chance, 0.05, 0.3),
        shuffled=_sometimes(chance, 0.1, 0.5),
        echoed=_sometimes(chance, 0.02, 0.2),
        common_host=_sometimes(chance, 0.3, 0.8),
        people_seconds=chance.choice((0.0, 500.0, 2_000.0)),
        silences=chance.choice((0.0, 0.2, 0.6)),
        behaviours=_behaviours(chance),
        repeat_every=timedelta(minutes=chance.choice((10, 25, 60))),
    )


def healed(swarm: Swarm) -> Swarm:
    """Return the same world with nothing wrong in it; what is configured stays."""
    return replace(Swarm(), repeat_every=swarm.repeat_every, inhibits=swarm.inhibits)


def _sometimes(chance: Random, *likelihoods: float) -> float:
    return chance.choice((0.0, *likelihoods))


def _behaviours(chance: Random) -> tuple[Behaviour, ...]:
    drawn = tuple(one for one in BEHAVIOURS if chance.random() < 0.6)
    return (*GOOD_ONES * chance.randint(1, 4), *drawn)
