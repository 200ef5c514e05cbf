"""Many check-ins at once: who has nothing to say goes on alone, who may say something waits for its turn."""

from dataclasses import replace as replaced
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.engine.test_tuning import BEGINS, CONFIGURATION, JOB, MINUTE, ONE_DAY, past
from tocsin.engine.ahead import play
from tocsin.engine.replaying import Event, Replay
from tocsin.jobs.checkin import Answer, CheckIn, CheckInKind, Progress
from tocsin.jobs.job import Definition, Job, Rank
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.rules.rule import Rule
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


REPORT = Definition(
    schedule=read_schedule("0 3 * * *", "UTC"),
    sla=SLA(deadline_offset_minutes=60, grace_period_minutes=60),
    rank=Rank.FILE,
    upstream=(JOB.name,),
)


def of_a_job_and_one_that_needs_it_since_day_five(brings: Definition | None) -> list[CheckIn]:
    """Return what both have said for a month; on one day the first foresees ever later that it ends."""
    said = list[CheckIn]()

    def say(job: str, kind: CheckInKind, minute: float, *, done: int | None = None) -> None:
        at = BEGINS + day * ONE_DAY + minute * MINUTE
        progress = None if done is None else Progress(done=done, total=100)
        is_new = brings is not None and job == OTHER.name and kind is CheckInKind.START
        definition = brings if is_new else None
        said.append(
            CheckIn(
                job=job,
                kind=kind,
                at=at,
                received_at=at,
                run=f"{job}{day}",
                progress=progress,
                definition=definition,
            )
        )

    for day in range(30):
        is_slow = day == 25
        say(JOB.name, CheckInKind.START, 30)
        for minute, done in ((58, 95), (62, 30)) if is_slow else ():
            say(JOB.name, CheckInKind.HEARTBEAT, minute, done=done)
        say(JOB.name, CheckInKind.SUCCESS, 145 if is_slow else 44 + day % 3)
        if day >= 5:
            say(OTHER.name, CheckInKind.START, 146 if is_slow else 60)
            say(OTHER.name, CheckInKind.SUCCESS, (160 if is_slow else 74) + day % 3)
    return sorted(said, key=lambda one: one.received_at)


@pytest.mark.parametrize("known_by", ["its registration", "the file", "a check-in"])
def test_whom_a_job_will_need_that_is_not_known_yet_goes_on_in_step(known_by: str) -> None:
    etl, report = replace(JOB, definition=Definition(schedule=read_schedule("30 2 * * *", "UTC"))), REPORT
    later = Job(
        name=OTHER.name, environment="production", registered_at=BEGINS + 5 * ONE_DAY, definition=report
    )
    configuration = replaced(
        CONFIGURATION,
        rules=(Rule(name="at risk", condition="deadline_risk"),),
        jobs={later.key: report} if known_by == "the file" else {},
    )
    brings = replace(report, rank=Rank.CHECK_IN) if known_by == "a check-in" else None
    said = of_a_job_and_one_that_needs_it_since_day_five(brings)
    jobs = [etl, replace(later, definition=replace(report, rank=Rank.CHECK_IN))]
    ahead, in_step = (
        Replay(configuration, starts_at=BEGINS, jobs=jobs if known_by == "its registration" else [etl])
        for _ in range(2)
    )
    play([ahead], said)
    for check_in in said:
        in_step.feed(check_in)

    assert nameless(ahead.events) == nameless(in_step.events) != []
    assert known(ahead) == known(in_step)


def test_what_came_when_the_clock_had_been_set_back_comes_no_earlier_than_what_came_before() -> None:
    """The other job is missed by the clock by which the first was heard."""
    at = BEGINS + ONE_DAY
    last_at, soon_at = at + 300 * MINUTE, at + MINUTE
    said = [
        CheckIn(job=JOB.name, kind=CheckInKind.START, at=at, received_at=at, run="a"),
        CheckIn(job=JOB.name, kind=CheckInKind.SUCCESS, at=last_at, received_at=last_at, run="a"),
        CheckIn(job=OTHER.name, kind=CheckInKind.START, at=at, received_at=at, run="b"),
        CheckIn(job=OTHER.name, kind=CheckInKind.SUCCESS, at=at, received_at=soon_at, run="b"),
        CheckIn(job=JOB.name, kind=CheckInKind.START, at=at, received_at=soon_at, run="c"),
    ]
    for upto in range(3, len(said) + 1):
        ahead, in_step = Counted(JOB, OTHER), Counted(JOB, OTHER)
        play([ahead], said[:upto])
        for check_in in said[:upto]:
            in_step.feed(check_in)
        in_step.advance(last_at)

        assert nameless(ahead.events) == nameless(in_step.events) != []
        assert ahead.now == in_step.now == last_at
        assert known(ahead) == known(in_step)


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
