"""What must be true at once, looked at while the simulation goes on."""

from datetime import datetime, timedelta

from tests.simulation.behaviour import Behaviour
from tests.simulation.jobs import JobActor, RunOfJob
from tests.simulation.reporting import Reporter, Said
from tests.simulation.server import IDLE_SECONDS, Server
from tests.simulation.world import START, World
from tocsin.alerts.alert import Alert, AlertState
from tocsin.jobs.checkin import Answered, CheckInKind
from tocsin.jobs.job import JobKey

HELD_SECONDS = 310.0
SLACK_SECONDS = IDLE_SECONDS + 30.0
BAD_ENDS = (CheckInKind.FAIL, CheckInKind.TIMEOUT)


class Watcher:
    """Looks for the alert that a failure, a missing run or a stalled one must have brought."""

    def __init__(self, server: Server, world: World) -> None:
        self._server = server
        self._world = world
        self._jumps = bool(world.swarm.clock_jumps)

    def expect(self, job: JobActor, run: RunOfJob) -> None:
        """Note that a run is expected; if it will not come or will hang, look for the alert in time."""
        if self._jumps:
            return
        plan, now = job.plan, self._world.seconds
        if run.behaviour is Behaviour.MISSED and plan.scheduled:
            start_by = now + plan.grace_minutes * 60.0
            self._world.after(start_by + SLACK_SECONDS - now, lambda: self._see_missed(job, now, start_by))

    def ended(self, reporter: Reporter, said: Said, answered: Answered) -> None:
        """See that a failure that was accepted has its alert, in the very transaction."""
        line, job = said.line, reporter.job
        final = line.kind in BAD_ENDS and line.attempt >= line.max_attempts
        if not final or answered is not Answered.ACCEPTED or self._jumps:
            return
        now = self._world.server_now()
        alerts = self._alerts(job, "job_failure")
        if not any(alert.is_open or _resolved_since(alert, now) for alert in alerts):
            by_hand = [a.resolved_at for a in alerts if a.resolved_by and a.resolved_at is not None]
            happened = START + timedelta(seconds=said.true_seconds)
            forgiven = any(at >= happened - timedelta(seconds=5) for at in by_hand)
            if not forgiven and not _is_made_up_for(reporter, said):
                self._world.accuse("told of failures", f"{said.run} failed and no alert is open")

    def _see_missed(self, job: JobActor, nominal: float, start_by: float) -> None:
        server = self._server
        if not server.up or server.up_since > start_by - HELD_SECONDS:
            return
        known = [s.acknowledged_seconds for s in job.reporter.said if s.line.kind is CheckInKind.START]
        if job.plan.from_code and not any(at is not None and at < nominal - HELD_SECONDS for at in known):
            return
        early = nominal - job.plan.grace_minutes * 60.0
        starts = [run.said[0].true_seconds for run in job.runs if run.said]
        if any(early - 5.0 <= at <= self._world.seconds for at in starts):
            return
        limit = START + timedelta(seconds=start_by)
        alerts = self._alerts(job.plan.key, "missing_run")
        self._world.happened("a missing run was looked for")
        if not any(alert.is_open or _resolved_since(alert, limit) for alert in alerts):
            self._world.accuse("told of missing runs", f"{job.plan.name} never started and no alert is open")

    def _alerts(self, job: JobKey, condition: str) -> list[Alert]:
        def find() -> list[Alert]:
            with self._server.store.reading() as reading:
                watch = reading.job(job)
                if watch is None:
                    return []
                return reading.alerts(states=AlertState, job_id=watch.job.id, limit=200)

        return [alert for alert in find() if alert.condition == condition]


def _is_made_up_for(reporter: Reporter, failed: Said) -> bool:
    """Whether a good run that ended later was heard of first."""
    return any(
        said.answers and said.line.kind is CheckInKind.SUCCESS and said.true_seconds > failed.true_seconds
        for said in reporter.said
    )


def _resolved_since(alert: Alert, instant: datetime) -> bool:
    return alert.resolved_at is not None and alert.resolved_at >= instant
