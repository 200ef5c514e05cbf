"""What holds for a job that is defined anew somewhere in its life."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.histories import MINUTE, START, Life, definitions, lives, moved, said
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.defining import redefine
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.occurrence import OccurrenceStatus
from tocsin.jobs.state import JobState

law = settings(derandomize=True, database=None, deadline=None, max_examples=150)


def warned_earlier(definition: Definition, minutes: int) -> Definition:
    sla = definition.sla
    changed = type(sla)(
        **{name: getattr(sla, name) for name in sla.__dataclass_fields__ if name != "warning_minutes_before"},
        warning_minutes_before=sla.warning_minutes_before + minutes,
    )
    return replace(definition, sla=changed)


def known(state: JobState) -> tuple[object, ...]:
    """All that is missed, due or broken."""
    return state.occurrences, state.occurrences_dropped, state.settled, state.recent, state.failures


@law
@given(life=lives())
def test_an_edit_of_the_warnings_changes_nothing_of_what_is_due_missed_or_broken(life: Life) -> None:
    edited = warned_earlier(life.job.definition, 7)

    _, state = redefine(life.job, life.state, edited, life.now)

    assert known(state) == known(life.state)


@law
@given(definition=definitions(), history=st.lists(said(), max_size=12))
def test_two_versions_that_take_turns_in_their_warnings_are_as_one(
    definition: Definition, history: list[tuple[float, CheckIn]]
) -> None:
    job = Job(name="etl", environment="production", registered_at=START - MINUTE, definition=definition)
    steady, wavering = (Life(job=job, state=JobState(), now=START) for _ in range(2))

    for number, (after, check_in) in enumerate(history):
        for life in (steady, wavering):
            life.now += after * MINUTE
            life.settle()
            if life is wavering:
                edited = warned_earlier(definition, number % 2)
                life.job, life.state = redefine(life.job, life.state, edited, life.now)
            life.hear(moved(check_in, life.now))

    assert known(wavering.state) == known(steady.state)


@law
@given(life=lives(), definition=definitions())
def test_no_definition_forgets_what_a_run_has_taken_or_breaks_a_promise_as_it_is_made(
    life: Life, definition: Definition
) -> None:
    before = {o.nominal_at: o for o in life.state.occurrences}

    job, state = redefine(life.job, life.state, definition, life.now)
    after = {o.nominal_at: o for o in state.occurrences}

    sla = definition.sla
    if definition.schedule or sla.deadline is not None or sla.deadline_offset_minutes is not None:
        taken = {at for at, o in before.items() if o.run is not None}
        assert taken <= after.keys()
    for at, occurrence in after.items():
        old = before.get(at)
        for name in ("start_by", "deadline_at"):
            limit = getattr(occurrence, name)
            assert limit is None or limit > life.now or (old is not None and limit == getattr(old, name))
    missed = {at for at, o in after.items() if o.status is OccurrenceStatus.MISSED}
    assert all(before[at].status is OccurrenceStatus.MISSED for at in missed)
    assert job.definition == definition
