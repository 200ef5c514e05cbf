"""What holds for runs that are expected so long after the last start, whatever runs say they are for."""

from datetime import time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.histories import HOUR, MINUTE, START, Life
from tocsin.jobs.checkin import CheckIn, CheckInKind
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.occurrence import OccurrenceStatus
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import JobState

law = settings(derandomize=True, database=None, deadline=None, max_examples=300)

INTERVALS = {"every 7m": 7 * MINUTE, "every 20m": 20 * MINUTE, "every 1h": HOUR, "every 1d": 24 * HOUR}
KINDS = (
    CheckInKind.START,
    CheckInKind.START,
    CheckInKind.SUCCESS,
    CheckInKind.FAIL,
    CheckInKind.SKIP,
    CheckInKind.QUEUED,
)


def job_of(interval: str, sla: SLA, timezone: str = "UTC") -> Job:
    definition = Definition(schedule=read_schedule(interval, timezone), sla=sla, timezone=timezone)
    return Job(name="etl", environment="production", registered_at=START - MINUTE, definition=definition)


@st.composite
def jobs(draw: st.DrawFn, *, closed_days: bool = True) -> tuple[Job, timedelta]:
    """A job on the night on which the clocks of Berlin jump, a Saturday, with its interval."""
    interval = draw(st.sampled_from(sorted(INTERVALS)))
    sla = SLA(
        deadline=draw(st.sampled_from([None, None, time(2, 30)])),
        deadline_offset_minutes=draw(st.sampled_from([None, 5, 45])),
        grace_period_minutes=draw(st.sampled_from([0, 5, 30])),
        business_days_only=closed_days and draw(st.booleans()),
    )
    return job_of(interval, sla, draw(st.sampled_from(["UTC", "Europe/Berlin"]))), INTERVALS[interval]


def hear_something(data: st.DataObject, life: Life, every: timedelta) -> None:
    """Let time pass, and a run say, perhaps late, that it is for some expected run or for none."""
    life.now += data.draw(st.sampled_from([0, 1, 5, 19, 20, 21, 70, 300])) * MINUTE
    life.settle()
    if data.draw(st.sampled_from([True, False, False])):
        return
    named = [o.nominal_at for o in life.state.occurrences]
    life.hear(
        CheckIn(
            job="etl",
            kind=data.draw(st.sampled_from(KINDS)),
            at=life.now - data.draw(st.sampled_from([0, 0, 3, 20, 40, 45])) * MINUTE,
            received_at=life.now,
            run=data.draw(st.sampled_from([None, "a", "b", "c", "d"])),
            nominal_at=data.draw(st.sampled_from([None, None, START + 3 * every, *named])),
            backfill=data.draw(st.sampled_from([False, False, False, True])),
        )
    )


@law
@given(made=jobs(), data=st.data())
def test_each_run_is_expected_once_in_order_and_never_again_when_it_was_good(
    made: tuple[Job, timedelta], data: st.DataObject
) -> None:
    job, every = made
    life = Life(job=job, state=JobState(), now=START)
    good = set[object]()
    for _ in range(10):
        hear_something(data, life, every)
        nominal = [o.nominal_at for o in life.state.occurrences]
        assert nominal == sorted(set(nominal))
        settled = life.state.settled
        if settled is not None and settled.status in {OccurrenceStatus.MET, OccurrenceStatus.LATE}:
            good.add(settled.nominal_at)
        assert not good.intersection(nominal)


@law
@given(made=jobs(closed_days=False), data=st.data())
def test_a_run_is_always_waited_for_within_an_interval_of_what_has_come(
    made: tuple[Job, timedelta], data: st.DataObject
) -> None:
    job, every = made
    life = Life(job=job, state=JobState(), now=START)
    for _ in range(10):
        hear_something(data, life, every)
        life.settle()
        come = [o.nominal_at for o in life.state.occurrences if o.run is not None]
        if life.state.settled is not None:
            come.append(life.state.settled.nominal_at)
        latest_at = max([life.now, *come])
        waited_for = [o.nominal_at for o in life.state.occurrences if o.run is None]
        assert any(life.now < at <= latest_at + every for at in waited_for)


def test_a_run_that_is_for_the_next_one_leaves_it_to_be_expected_no_more() -> None:
    life = Life(job=job_of("every 20m", SLA()), state=JobState(), now=START)
    life.settle()
    (first,) = life.state.occurrences
    life.now = START + 10 * MINUTE
    life.hear(
        CheckIn(
            job="etl",
            kind=CheckInKind.START,
            at=START - 25 * MINUTE,
            received_at=life.now,
            run="a",
            nominal_at=first.nominal_at,
        )
    )

    assert [(o.nominal_at, o.run) for o in life.state.occurrences] == [
        (first.nominal_at, "a"),
        (first.nominal_at + 20 * MINUTE, None),
    ]
