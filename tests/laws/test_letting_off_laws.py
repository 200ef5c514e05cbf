"""What is skipped is neither missed nor late, and nothing else is let off by it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.test_occurrence_laws import law
from tests.laws.test_several_schedules_laws import nominal_instants
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.letting_off import Outcome, skip, unskip
from tocsin.jobs.occurrence import LetOff, Occurrence, OccurrenceStatus, Timetable
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.settling import settle
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import JobState

START = datetime(2026, 3, 27, 12, tzinfo=UTC)  # clocks in Berlin are put forward on the 29th
FOREVER = timedelta(days=4000)
SCHEDULES = ("0 */3 * * *", "30 2 * * *", "15 6,18 * * *", "0 * * * *")


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    texts = draw(st.lists(st.sampled_from(SCHEDULES), min_size=1, max_size=3))
    sla = SLA(grace_period_minutes=draw(st.sampled_from([0, 5, 90])))
    first, *others = [Timetable(schedule=read_schedule(text, "Europe/Berlin"), sla=sla) for text in texts]
    definition = Definition(
        schedule=first.schedule, sla=sla, timezone="Europe/Berlin", timetables=tuple(others)
    )
    return Job(name="etl", environment="production", registered_at=START, definition=definition)


def lived(job: Job, state: JobState, now: datetime, until: datetime) -> tuple[JobState, list[Occurrence]]:
    """Let time pass as the tick does: each time at the instant that was asked for."""
    decided: list[Occurrence] = []
    while now <= until:
        settled = settle(job, state, now, abandon_after=FOREVER)
        state = settled.state
        decided += settled.decided
        if settled.ask_again_at is None:
            break
        assert settled.ask_again_at > now
        now = settled.ask_again_at
    return state, decided


@settings(law, max_examples=100)
@given(job=jobs(), ahead=st.lists(st.integers(0, 40), max_size=6, unique=True), taken_back=st.booleans())
def test_of_many_expected_runs_those_are_missed_that_nobody_has_skipped(
    job: Job, ahead: list[int], *, taken_back: bool
) -> None:
    until = START + timedelta(days=3)
    named = sorted(nominal_instants(job.definition.plan, START, until + timedelta(hours=4)))
    chosen = [named[number] for number in ahead if number < len(named)]
    state, _ = lived(job, JobState(), START, START)
    for at in chosen:
        answer = skip(job, state, at, LetOff(at=START, who="ann", skipped=True))
        assert answer.outcome is Outcome.TAKEN
        state = answer.state
    if taken_back and chosen:
        state = unskip(job, state, chosen[0], START).state
        chosen = chosen[1:]

    state, decided = lived(job, state, START, until)

    by_status = {
        status: {one.nominal_at for one in decided if one.status is status}
        for status in (OccurrenceStatus.MISSED, OccurrenceStatus.SKIPPED)
    }
    over = [at for at in named if at <= until - timedelta(hours=2)]
    assert {at for at in over if at in chosen} == {
        at for at in by_status[OccurrenceStatus.SKIPPED] if at in over
    }
    assert {at for at in over if at not in chosen} == {
        at for at in by_status[OccurrenceStatus.MISSED] if at in over
    }
    assert len(decided) == len({one.nominal_at for one in decided})
    assert {one.nominal_at for one in state.skips} == {at for at in chosen if at > until} or not state.skips


@settings(law, max_examples=100)
@given(job=jobs(), number=st.integers(0, 9))
def test_a_skip_twice_is_a_skip_once_and_one_taken_back_is_none(job: Job, number: int) -> None:
    state, _ = lived(job, JobState(), START, START)
    at = sorted(nominal_instants(job.definition.plan, START, START + timedelta(days=10)))[number]
    word = LetOff(at=START, who="ann", skipped=True)

    once = skip(job, state, at, word)
    twice = skip(job, once.state, at, word)
    back = unskip(job, once.state, at, START)

    assert (twice.outcome, twice.state) == (Outcome.ALREADY, once.state)
    assert replace(back.state, let_off=None) == state
