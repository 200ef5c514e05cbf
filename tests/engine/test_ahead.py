"""Many check-ins at once: who has nothing to say goes on alone, who may say something waits for its turn."""

from dataclasses import replace as replaced
from datetime import timedelta

from msgspec.structs import replace

from tests.engine.test_tuning import BEGINS, CONFIGURATION, JOB, past
from tocsin.engine.ahead import play
from tocsin.engine.replaying import Event, Replay
from tocsin.jobs.checkin import Answer, CheckIn
from tocsin.jobs.job import Job
from tocsin.store.rows import Watch

OTHER = replace(JOB, name="other")
NEEDS_IT = replace(JOB, name="other", definition=replace(JOB.definition, upstream=(JOB.name,)))


class Counted(Replay):
    """Knows whose check-ins had to wait for their turn."""

    def __init__(self, *jobs: Job) -> None:
        defined = replaced(CONFIGURATION, jobs={job.key: job.definition for job in jobs})
        super().__init__(defined, starts_at=BEGINS, jobs=jobs)
        self.waited: list[str] = []

    def feed(self, *check_ins: CheckIn) -> list[Answer]:
        self.waited += [one.job for one in check_ins]
        return super().feed(*check_ins)


def said_by_turns() -> list[CheckIn]:
    """Return what two jobs have said, each a moment after the other."""
    mine = list(past())
    moment = timedelta(seconds=1)
    theirs = [replace(one, job=OTHER.name, received_at=one.received_at + moment) for one in mine]
    return sorted([*mine, *theirs], key=lambda one: one.received_at)


def known(replay: Replay) -> list[Watch | None]:
    """Return all that is known of both jobs in the end."""
    return [replay._tables.peek(job.key) for job in (JOB, OTHER)]  # noqa: SLF001 -- it is told to nobody


def nameless(events: list[Event]) -> list[Event]:
    """Return what has happened, without the numbers of alerts and groups: these tell who was asked first."""
    return [replaced(one, alert_id="", note="") for one in events]


def test_who_has_nothing_to_say_goes_ahead_and_it_comes_to_the_same() -> None:
    ahead, in_step = Counted(JOB, OTHER), Counted(JOB, OTHER)
    play([ahead], said_by_turns())
    for check_in in said_by_turns():
        in_step.feed(check_in)

    assert nameless(ahead.events) == nameless(in_step.events) != []
    assert ahead.now == in_step.now
    assert known(ahead) == known(in_step)
    assert 0 < len(ahead.waited) < 0.2 * len(in_step.waited)


def test_jobs_of_which_one_needs_the_other_go_on_in_step() -> None:
    replay, in_step = Counted(JOB, NEEDS_IT), Counted(JOB, NEEDS_IT)
    play([replay], said_by_turns())
    for check_in in said_by_turns():
        in_step.feed(check_in)

    assert replay.waited == in_step.waited
    assert replay.events == in_step.events != []
    assert known(replay) == known(in_step)


def test_nobody_comes_too_late_to_a_replay_that_goes_on_alone() -> None:
    """One of the two hears of a failure, which the other lets pass: each waits for its own turns alone."""
    quiet = Replay(replaced(CONFIGURATION, rules=()), starts_at=BEGINS, jobs=[JOB, OTHER])
    loud = Counted(JOB, OTHER)
    play([quiet, loud], said_by_turns())
    alone = Counted(JOB, OTHER)
    play([alone], said_by_turns())

    assert quiet.events == []
    assert loud.events == alone.events != []
    assert loud.waited == alone.waited
