"""A job's own reporter: what it said stays in its spool and is sent again until the server has answered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.simulation.behaviour import Line
from tests.simulation.server import Server
from tests.simulation.world import World
from tocsin.engine.work import Report
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, Answered, CheckIn, CheckInKind, Progress, Records
from tocsin.jobs.job import Definition, JobKey
from tocsin.jobs.skew import corrected

MOST_AT_ONCE = 20
PATIENCE_SECONDS = 10.0
RETRY_SECONDS = (2.0, 20.0, 50.0)


@dataclass(slots=True, kw_only=True)
class Said:
    """One check-in as its job said it, and what the server has answered so far."""

    run: str
    seq: int
    line: Line
    at: datetime
    true_seconds: float
    answers: list[Answered] = field(default_factory=list)
    heard: bool = False
    acknowledged_seconds: float | None = None


class Reporter:
    """The client of one job; `spool` holds what is not known to be durable, oldest first."""

    def __init__(
        self, job: JobKey, server: Server, world: World, *, skew_seconds: float, declared: Definition | None
    ) -> None:
        self.job = job
        self.said: list[Said] = []
        self.spool: list[Said] = []
        self._server = server
        self._world = world
        self._skew_seconds = skew_seconds
        self._declared = declared
        self.on_answer: Callable[[Reporter, Said, Answered], None] = lambda _me, _said, _answered: None
        self._waiting = False
        self._sent = 0

    def now(self) -> datetime:
        """Return what the clock of the job's host shows."""
        return self._world.now() + timedelta(seconds=self._skew_seconds)

    def say(self, run: str, line: Line) -> Said:
        """Put a check-in into the spool and try to send what is there."""
        seq = 1 + sum(said.run == run for said in self.said)
        said = Said(run=run, seq=seq, line=line, at=self.now(), true_seconds=self._world.seconds)
        self.said.append(said)
        self.spool.append(said)
        self._world.tell("said", self.job.name, run, seq, line.kind.value)
        self.flush()
        return said

    def flush(self) -> None:
        """Send some of the spool, unless an answer is awaited."""
        if self._waiting or not self.spool:
            return
        batch = self._batch()
        self._waiting = True
        self._sent += 1
        sent = self._sent
        if self._world.strikes(self._world.swarm.request_lost):
            self._world.happened("a request was lost")
        else:
            self._send(batch, sent)
        self._world.after(PATIENCE_SECONDS, lambda: self._give_up(sent))

    def _batch(self) -> list[Said]:
        world = self._world
        batch = self.spool[:MOST_AT_ONCE]
        if len(batch) > 1 and world.strikes(world.swarm.shuffled):
            world.chance.shuffle(batch)
            world.happened("check-ins out of order")
        if self.said and world.strikes(world.swarm.echoed):
            batch.append(world.chance.choice(self.said[-8:]))
            world.happened("a check-in echoed")
        return batch

    def _send(self, batch: list[Said], sent: int) -> None:
        now = self.now()
        received_at = self._world.server_now()
        check_ins = [self._check_in(said, now, received_at) for said in batch]

        def reply(answer: tuple[Answer, ...] | StoreUnavailable) -> None:
            self._world.point("while answering")
            self._answered(batch, sent, answer)

        self._server.submit(Report(check_ins=check_ins, reply=reply))

    def _check_in(self, said: Said, sent_at: datetime, received_at: datetime) -> CheckIn:
        line = said.line
        return CheckIn(
            job=self.job.name,
            environment=self.job.environment,
            kind=line.kind,
            at=corrected(said.at, sent_at=sent_at, received_at=received_at),
            received_at=received_at,
            run=said.run,
            seq=said.seq,
            attempt=line.attempt if line.max_attempts > 1 else None,
            max_attempts=line.max_attempts if line.max_attempts > 1 else None,
            progress=None if line.done is None else Progress(done=line.done, total=90),
            records=None if line.records is None else Records(ok=line.records),
            definition=self._declared if line.kind is CheckInKind.START else None,
        )

    def _answered(self, batch: list[Said], sent: int, answer: tuple[Answer, ...] | StoreUnavailable) -> None:
        world = self._world
        if isinstance(answer, StoreUnavailable):
            world.tell("unavailable", self.job.name)
            return
        world.tell("answered", self.job.name, *(one.status.value for one in answer))
        for said, one in zip(batch, answer, strict=True):
            self._acknowledged(said, one)
        if world.strikes(world.swarm.answer_lost):
            world.happened("an answer to a job was lost")
            return
        for said in batch:
            said.heard = True
        self.spool = [said for said in self.spool if not said.heard]
        if sent == self._sent:
            self._waiting = False
            if self.spool:
                world.after(0.1, self.flush)

    def _acknowledged(self, said: Said, answer: Answer) -> None:
        if answer.status is Answered.REJECTED:
            what = f"{self.job.name} {said.run} {said.seq} was refused: {answer.message}"
            self._world.accuse("taken in", what)
        said.answers.append(answer.status)
        self._world.happened(f"a check-in was {answer.status.value}")
        if said.acknowledged_seconds is None:
            said.acknowledged_seconds = self._world.seconds
        self.on_answer(self, said, answer.status)

    def _give_up(self, sent: int) -> None:
        if sent == self._sent and self._waiting:
            self._waiting = False
            self._world.after(self._world.chance.choice(RETRY_SECONDS), self.flush)
