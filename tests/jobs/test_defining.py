"""Who may define a job, and what a new definition keeps."""

from datetime import UTC, datetime, time, timedelta

import pytest
from msgspec.structs import replace

from tocsin.jobs.binding import bind
from tocsin.jobs.defining import MAX_LABELS, forgive, may_define, redefine, resume, with_labels
from tocsin.jobs.job import Definition, Job, Rank
from tocsin.jobs.occurrence import OccurrenceStatus
from tocsin.jobs.run import Run, RunStatus
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.settling import settle
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import EVERY_CONDITION, JobState

MIDNIGHT = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


def daily(deadline: int = 6, **more: object) -> Definition:
    plain = Definition(
        schedule=read_schedule("0 2 * * *", "UTC"), sla=SLA(deadline=time(deadline)), rank=Rank.FILE
    )
    return replace(plain, **more)


def job(definition: Definition) -> Job:
    return Job(name="etl", environment="production", registered_at=MIDNIGHT, definition=definition)


def known(definition: Definition, hour: int, state: JobState = JobState()) -> JobState:
    return settle(job(definition), state, MIDNIGHT + hour * HOUR, abandon_after=WEEK).state


@pytest.mark.parametrize(
    ("current", "proposed", "allowed"),
    [
        (Rank.NOBODY, Rank.CHECK_IN, True),
        (Rank.CHECK_IN, Rank.CHECK_IN, True),
        (Rank.API, Rank.CHECK_IN, False),
        (Rank.API, Rank.FILE, True),
        (Rank.FILE, Rank.API, False),
        (Rank.FILE, Rank.FILE, True),
    ],
)
def test_a_lower_rank_never_overwrites_a_higher_one(current: Rank, proposed: Rank, allowed: bool) -> None:  # noqa: FBT001 - a column of the table
    assert may_define(Definition(rank=current), Definition(rank=proposed)) is allowed


def test_what_does_not_change_the_promise_changes_nothing_of_what_is_known() -> None:
    state = known(daily(), 3)

    _, after = redefine(job(daily()), state, daily(runbook="https://wiki.example.com"), MIDNIGHT + 3 * HOUR)

    assert after is state


def test_of_a_new_schedule_nothing_before_now_is_expected() -> None:
    now = MIDNIGHT + 3 * HOUR
    hourly = daily(schedule=read_schedule("0 1,3 * * *", "UTC"))
    redefined, state = redefine(job(daily()), known(daily(), 3), hourly, now)

    assert state.occurrences == ()
    assert [o.nominal_at for o in settle(redefined, state, now, abandon_after=WEEK).state.occurrences] == [
        MIDNIGHT + 25 * HOUR
    ]


def test_what_a_new_schedule_still_names_stays_what_it_is() -> None:
    now = MIDNIGHT + 3 * HOUR
    state = known(daily(), 3)

    _, after = redefine(job(daily()), state, daily(schedule=read_schedule("0 2,14 * * *", "UTC")), now)

    assert after.occurrences == state.occurrences[:1]
    assert after.occurrences[0].status is OccurrenceStatus.MISSED


@pytest.mark.parametrize(("hour", "due"), [(4, 5), (5, 6)])
def test_a_run_on_its_way_gets_the_new_deadline_if_that_is_still_to_come(hour: int, due: int) -> None:
    began_at = MIDNIGHT + 2 * HOUR
    begun = Run(key="a", last_sign_at=began_at, started_at=began_at, status=RunStatus.RUNNING)
    running, state = bind(job(daily()), known(daily(), 2), begun)

    _, state = redefine(
        job(daily()), replace(state, open_runs=(running,)), daily(deadline=5), MIDNIGHT + hour * HOUR
    )

    taken = state.occurrences[0]
    assert (taken.status, taken.run) == (OccurrenceStatus.STARTED, "a")
    assert taken.deadline_at == state.open_runs[0].deadline_at == MIDNIGHT + due * HOUR


def test_more_time_to_start_takes_back_that_a_run_was_missed() -> None:
    state = known(daily(), 3)
    assert [outcome.status for outcome in state.recent] == [None]

    patient = daily(sla=SLA(deadline=time(6), grace_period_minutes=120))
    _, after = redefine(job(daily()), state, patient, MIDNIGHT + 3 * HOUR)

    assert after.occurrences[0].status is OccurrenceStatus.EXPECTED
    assert after.recent == ()


def test_what_was_before_a_resumption_is_forgiven_for_every_condition() -> None:
    paused = replace(job(daily()), paused_at=MIDNIGHT, paused_by="ann")

    again, state = resume(paused, known(daily(), 3), MIDNIGHT + 9 * HOUR)

    assert (again.paused_at, again.paused_by) == (None, "")
    assert [o.nominal_at for o in state.occurrences] == [MIDNIGHT + 26 * HOUR]
    assert state.forgiven == ((EVERY_CONDITION, MIDNIGHT + 9 * HOUR),)


def test_forgiving_again_moves_the_instant() -> None:
    state = forgive(forgive(JobState(), "stalled", MIDNIGHT), "stalled", MIDNIGHT + HOUR)

    assert state.forgiven == (("stalled", MIDNIGHT + HOUR),)


@pytest.mark.parametrize(("rank", "team"), [(Rank.NOBODY, "new"), (Rank.CHECK_IN, "old"), (Rank.API, "old")])
def test_a_declared_label_keeps_its_value(rank: Rank, team: str) -> None:
    definition = Definition(labels=(("team", "old"),), rank=rank)

    labels = with_labels(definition, (("team", "new"), ("tier", "gold"))).labels

    assert labels == (("team", team), ("tier", "gold"))


def test_labels_that_say_nothing_new_change_nothing() -> None:
    definition = Definition(labels=(("team", "data"),), rank=Rank.API)

    assert with_labels(definition, (("team", "data"),)) is definition


def test_labels_have_a_limit() -> None:
    many = tuple((f"label_{n:03}", "x") for n in range(MAX_LABELS + 10))

    assert len(with_labels(Definition(), many).labels) == MAX_LABELS
