"""Jobs that run by their schedules and do well, fail, hang, are late or stay away."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.behaviour import Behaviour, Line, script
from tests.simulation.reporting import Reporter, Said
from tests.simulation.server import Server
from tests.simulation.world import START, World
from tocsin.jobs.checkin import CheckInKind
from tocsin.jobs.job import Definition, JobKey, Rank
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA

GOOD_END = Line(after_seconds=0.0, kind=CheckInKind.SUCCESS, attempt=2, max_attempts=2, records=9)
MOST_RUNS_LOST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is promised of a job: in the file, or `from_code` with its check-ins."""

    name: str
    every_minutes: int
    scheduled: bool
    tier: str
    grace_minutes: float = 3.0
    from_code: bool = False
    upstream: tuple[str, ...] = ()

    @property
    def key(self) -> JobKey:
        """Its name."""
        return JobKey("production", self.name)

    @property
    def definition(self) -> Definition:
        """Its definition."""
        schedule = read_schedule(f"*/{self.every_minutes} * * * *", "UTC") if self.scheduled else None
        promised = SLA(
            grace_period_minutes=self.grace_minutes,
            max_duration_seconds=700.0,
            warning_minutes_before=5,
            critical_minutes_before=2,
        )
        return Definition(
            schedule=schedule,
            sla=promised,
            stalled_after_seconds=400.0,
            no_progress_after_seconds=900.0,
            labels=(("tier", self.tier),),
            upstream=self.upstream,
            rank=Rank.CHECK_IN if self.from_code else Rank.FILE,
        )


PLANS = (
    Plan(name="load", every_minutes=10, scheduled=True, tier="gold"),
    Plan(name="sync", every_minutes=15, scheduled=True, tier="silver"),
    Plan(name="bill", every_minutes=20, scheduled=True, tier="gold", from_code=True),
    Plan(name="back-up", every_minutes=60, scheduled=True, tier="gold", from_code=True),
    Plan(name="wander", every_minutes=13, scheduled=False, tier="silver"),
    Plan(name="mail", every_minutes=30, scheduled=False, tier="bronze"),
)
# They are only there, and what mutes them only configured, where a seed inhibits.
FOLLOWING = (
    Plan(name="publish", every_minutes=10, scheduled=True, tier="silver", upstream=("load",)),
    Plan(name="archive", every_minutes=20, scheduled=True, tier="bronze", upstream=("publish",)),
)


@dataclass(slots=True, kw_only=True)
class RunOfJob:
    """One run as it really went."""

    key: str
    behaviour: Behaviour
    expected_seconds: float
    said: list[Said]
    cut: bool = False


class JobActor:
    """One job: every so often it runs, in a way that the world draws, and tells the server."""

    def __init__(self, plan: Plan, server: Server, world: World) -> None:
        self.plan = plan
        skew = world.chance.choice((0.0, 0.0, 0.0, 45.0, -300.0))
        declared = plan.definition if plan.from_code else None
        self.reporter = Reporter(plan.key, server, world, skew_seconds=skew, declared=declared)
        self.runs: list[RunOfJob] = []
        self.mood: Behaviour | None = None
        self.on_run: Callable[[JobActor, RunOfJob], None] = lambda _actor, _run: None
        self._server = server
        self._lives_seen = 0
        self._runs_lost = 0
        self._world = world
        self._planned = 0
        self._expect()

    def _expect(self) -> None:
        every = self.plan.every_minutes * 60.0
        ahead = every - (self._world.now() - START).total_seconds() % every
        if not self.plan.scheduled:
            ahead *= self._world.chance.uniform(0.5, 1.5)
        self._planned += 1
        planned = self._planned
        self._world.after(ahead, lambda: self._run() if planned == self._planned else None)

    def _run(self) -> None:
        world = self._world
        behaviour = self.mood or world.chance.choice(world.swarm.behaviours)
        if self._went_down_with_the_server() and self.mood is None:
            behaviour = Behaviour.MISSED
        run = RunOfJob(
            key=f"{self.plan.name}-{len(self.runs) + 1}",
            behaviour=behaviour,
            expected_seconds=world.seconds,
            said=[],
        )
        self.runs.append(run)
        world.tell("run", run.key, behaviour.value)
        for line in script(behaviour, world.chance, grace_seconds=self.plan.grace_minutes * 60.0):
            world.after(line.after_seconds, lambda line=line: self._say(run, line))  # type: ignore[misc]  # a lambda's default has no type of its own
        self.on_run(self, run)
        self._expect()

    def _went_down_with_the_server(self) -> bool:
        """Whether the job's host fell with the server, so that nothing but the clock tells of it."""
        seen, self._lives_seen = self._lives_seen, len(self._server.lives)
        if self._lives_seen > seen and self._world.strikes(self._world.swarm.common_host):
            self._runs_lost = MOST_RUNS_LOST
        self._runs_lost -= 1
        return self._runs_lost >= 0

    def _say(self, run: RunOfJob, line: Line) -> None:
        if not run.cut:
            run.said.append(self.reporter.say(run.key, line))

    def settle_down(self) -> None:
        """Let every run that is going on end well, and every further one too."""
        self.mood = Behaviour.GOOD
        for run in self.runs:
            ended = run.said and run.said[-1].line.kind.ends_run and not _will_retry(run.said[-1].line)
            if run.said and not run.cut and not ended:
                run.said.append(self.reporter.say(run.key, GOOD_END))
            run.cut = True
        self._expect()

    def expected_end(self, run: RunOfJob) -> CheckInKind | None:
        """Return how a run ended, by what its job said last; None while it has not."""
        last = run.said[-1].line if run.said else None
        if last is None or not last.kind.ends_run or _will_retry(last):
            return None
        return last.kind


def _will_retry(line: Line) -> bool:
    return line.kind is CheckInKind.FAIL and line.attempt < line.max_attempts
