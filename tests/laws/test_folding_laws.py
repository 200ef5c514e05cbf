"""What holds however check-ins come: twice, in any order, in any number."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.histories import MINUTE, START, Life, definitions, lives, moved, said
from tocsin.jobs.applying import MAX_SEEN_BEYOND
from tocsin.jobs.checkin import Answered, CheckIn, CheckInKind
from tocsin.jobs.job import Job
from tocsin.jobs.numbers import holds
from tocsin.jobs.run import Phase, RunStatus
from tocsin.jobs.state import (
    MAX_EARLY,
    MAX_FAILURES,
    MAX_OCCURRENCES,
    MAX_OPEN_RUNS,
    MAX_PUSHED_OUT,
    MAX_RECENT,
    MAX_UNMADE,
    JobState,
)
from tocsin.store.shapes import STATE

law = settings(derandomize=True, database=None, deadline=None, max_examples=100)

BEGIN, BEAT, SUCCESS, FAIL = CheckInKind.START, CheckInKind.HEARTBEAT, CheckInKind.SUCCESS, CheckInKind.FAIL
LOG = CheckInKind.LOG
HOUR = timedelta(hours=1)
history = st.lists(said(), min_size=1, max_size=14)


def etl(**definition: object) -> Life:
    """A job that promises nothing, just registered."""
    job = Job(name="etl", environment="production", registered_at=START - HOUR)
    return Life(job=job, state=JobState(), now=START)


def says(kind: CheckInKind, run: str, minute: float, **more: object) -> CheckIn:
    check_in = CheckIn(
        job="etl", kind=kind, run=run, at=START + minute * MINUTE, received_at=START + 9 * HOUR
    )
    return replace(check_in, **more)


@law
@given(life=lives(most=0), history=history, again=st.data())
def test_the_same_check_in_twice_counts_once(
    life: Life, history: list[tuple[float, CheckIn]], again: st.DataObject
) -> None:
    counted: list[CheckIn] = []
    for after, made in history:
        life.now += after * MINUTE
        check_in = moved(made, life.now)
        folded = life.hear(check_in)
        if check_in.run is not None and check_in.seq is not None and folded.answered is Answered.ACCEPTED:
            counted.append(check_in)
        if counted:
            before = life.state
            repeated = life.hear(again.draw(st.sampled_from(counted)))
            assert repeated.answered is Answered.DUPLICATE
            assert repeated.runs == ()
            assert life.state == before


@law
@given(definition=definitions(), data=st.data())
def test_what_is_kept_of_a_job_is_bounded_whatever_it_says(definition: object, data: st.DataObject) -> None:
    job = replace(etl().job, definition=definition)
    life = Life(job=job, state=JobState(), now=START)
    kinds = data.draw(st.lists(st.sampled_from([BEGIN, BEAT, FAIL, SUCCESS]), min_size=1, max_size=4))
    for number in range(160):
        life.now += 3 * MINUTE
        kind = kinds[number % len(kinds)]
        life.hear(says(kind, f"run-{number % 131}", 0, at=life.now, received_at=life.now, seq=2 * number + 1))

    state = life.state
    assert len(state.open_runs) <= MAX_OPEN_RUNS
    assert len(state.failures) <= MAX_FAILURES
    assert len(state.recent) <= MAX_RECENT
    assert len(state.unmade) <= MAX_UNMADE
    assert len(state.pushed_out) <= MAX_PUSHED_OUT
    assert len(state.occurrences) <= MAX_OCCURRENCES
    assert len(state.forgiven) <= 1


@law
@given(
    logs=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=60),
    begins=st.sampled_from([BEGIN, FAIL, SUCCESS, BEAT]),
)
def test_what_was_said_before_its_run_began_counts_once_and_is_bounded(
    logs: list[tuple[str, int]], begins: CheckInKind
) -> None:
    life = etl()
    for run, seq in logs:
        life.hear(says(LOG, run, 0, seq=seq))
        assert life.hear(says(LOG, run, 0, seq=seq)).answered is Answered.DUPLICATE
        assert len(life.state.early) <= MAX_EARLY
        assert life.state.open_runs == ()
    known = {seq for run, seq in life.state.early if run == "a"}

    assert life.hear(says(begins, "a", 1, seq=10)).answered is Answered.ACCEPTED
    assert all(run != "a" for run, _ in life.state.early)
    for seq in range(1, 10):
        again = life.hear(says(LOG, "a", 0, seq=seq))
        assert again.answered is (Answered.DUPLICATE if seq in known else Answered.ACCEPTED)


def test_a_run_that_is_numbered_by_the_clock_is_kept_as_short_as_any() -> None:
    life = etl()
    for process in range(1, 6):
        for step in range(1, 100):
            life.hear(says(BEAT, "a", 0, seq=process * 1_000_000_000_000_000 + step))
    (run,) = life.state.open_runs

    assert len(run.seen_beyond) == 5
    state = STATE.encode(life.state)
    assert len(state) < 600
    assert STATE.decode(state) == life.state
    assert life.hear(says(BEAT, "a", 0, seq=1_000_000_000_000_050)).answered is Answered.DUPLICATE


def test_a_state_of_single_numbers_is_still_read() -> None:
    life = etl()
    life.hear(says(BEGIN, "a", 0, seq=5))
    kept = STATE.encode(life.state).replace('"seen_beyond":[5]', '"seen_beyond":[5,6,9]')
    life.state = STATE.decode(kept)

    for seq, answered in ((6, Answered.DUPLICATE), (7, Answered.ACCEPTED), (9, Answered.DUPLICATE)):
        assert life.hear(says(BEAT, "a", 0, seq=seq)).answered is answered


@settings(law, max_examples=20)
@given(numbers=st.lists(st.integers(1, 10_000), min_size=80, max_size=120, unique=True))
def test_a_run_remembers_a_bounded_number_of_what_came_out_of_order(numbers: list[int]) -> None:
    life = etl()
    for number in numbers:
        life.hear(says(BEAT, "a", 0, seq=number))
        (run,) = life.state.open_runs
        assert len(run.seen_beyond) <= MAX_SEEN_BEYOND
        assert number <= run.seen_through or holds(run.seen_beyond, number)


@law
@given(
    end=st.sampled_from([FAIL, CheckInKind.TIMEOUT, SUCCESS]),
    heard=st.lists(st.integers(1, 1_000), min_size=70, max_size=200, unique=True),
    data=st.data(),
)
def test_no_end_is_lost_however_many_numbers_are_missing(
    end: CheckInKind, heard: list[int], data: st.DataObject
) -> None:
    number = data.draw(st.integers(1, 1_000).filter(lambda n: n not in heard))
    after = data.draw(st.integers(0, len(heard)))
    life = etl()
    for seq in heard[:after]:
        life.hear(says(BEAT, "a", seq, seq=seq))
    ending = says(end, "a", number, seq=number)

    assert life.hear(ending).answered is Answered.ACCEPTED
    assert life.hear(ending).answered is Answered.DUPLICATE

    for seq in heard[after:]:
        life.hear(says(BEAT, "a", seq, seq=seq))
    assert life.state.open_runs == ()
    assert life.state.last is not None
    assert life.state.last.status.is_bad == (end is not SUCCESS)
    assert life.hear(ending).answered is Answered.DUPLICATE


@law
@given(missing=st.integers(MAX_SEEN_BEYOND + 1, 300), data=st.data())
def test_no_failure_is_lost_after_a_success_however_many_numbers_are_missing(
    missing: int, data: st.DataObject
) -> None:
    life = etl()
    for step in range(missing):
        life.hear(says(BEAT, "a", 0, seq=2 * step + 2))
    life.hear(says(SUCCESS, "a", 1, seq=2 * missing + 2))
    failure = says(FAIL, "a", 2, seq=2 * data.draw(st.integers(0, missing)) + 1)

    assert life.hear(failure).answered is Answered.ACCEPTED
    assert [run.key for run in life.state.failures] == ["a"]


ONE_RUN = [
    says(BEGIN, "a", 0, seq=1),
    says(BEAT, "a", 5, seq=2),
    says(BEAT, "a", 10, seq=3),
    says(SUCCESS, "a", 20, seq=4),
]
WITH_RETRY = [
    says(BEGIN, "a", 0, seq=1, attempt=1, max_attempts=2),
    says(FAIL, "a", 5, seq=2, attempt=1, max_attempts=2),
    says(BEGIN, "a", 6, seq=3, attempt=2, max_attempts=2),
    says(SUCCESS, "a", 20, seq=4, attempt=2, max_attempts=2),
]

# An orchestrator that numbers the attempts need not say how many there will be.
WITH_MORE = [replace(check_in, max_attempts=None) for check_in in WITH_RETRY]
ANNOUNCED = [replace(c, kind=CheckInKind.RETRYING) if c.kind is FAIL else c for c in WITH_RETRY]
STORIES = {
    "one attempt": ONE_RUN,
    "two attempts": WITH_RETRY,
    "more attempts": WITH_MORE,
    "an announced retry": ANNOUNCED,
}


@pytest.mark.parametrize("story", list(STORIES.values()), ids=list(STORIES))
def test_a_run_ends_the_same_in_whatever_order_it_is_told(story: list[CheckIn]) -> None:
    for order in permutations(story):
        life = etl()
        for check_in in order:
            life.hear(check_in)
        last = life.state.last
        assert last is not None
        told = (last.status, last.started_at, last.ended_at)
        assert told == (RunStatus.SUCCESS, START, START + 20 * MINUTE), [c.seq for c in order]
        assert life.state.open_runs == ()
        assert life.state.failures == ()


@pytest.mark.parametrize("story", [WITH_RETRY, WITH_MORE, ANNOUNCED], ids=list(STORIES)[1:])
def test_an_attempt_of_which_we_hear_late_does_not_stop_the_one_that_runs(story: list[CheckIn]) -> None:
    begin, failed, again, _ = story
    life = etl()
    for check_in in (begin, again, failed):
        life.hear(check_in)

    (run,) = life.state.open_runs
    assert (run.attempt, run.phase) == (2, Phase.RUNNING)
    assert [(attempt.number, attempt.good) for attempt in run.attempts] == [(1, False)]


@st.composite
def ended_runs(draw: st.DrawFn) -> list[tuple[CheckIn, CheckIn]]:
    """Some runs, each as its start and its end, in the order in which they began."""
    runs = []
    for number in range(draw(st.integers(2, 5))):
        name, begin = f"run-{number}", 10.0 * number + draw(st.sampled_from([0, 1, 2]))
        end = begin + draw(st.sampled_from([3, 8.5, 25.25, 47.75])) + number / 100
        kind = draw(st.sampled_from([SUCCESS, FAIL, FAIL]))
        words = {
            "partition": draw(st.sampled_from(["", "eu"])),
            "nominal_at": draw(st.sampled_from([None, START, START + HOUR])),
        }
        runs.append((says(BEGIN, name, begin, **words), says(kind, name, end, **words)))
    return runs


@law
@given(runs=ended_runs(), data=st.data())
def test_which_failures_stand_does_not_depend_on_what_was_heard_first(
    runs: list[tuple[CheckIn, CheckIn]], data: st.DataObject
) -> None:
    standing = []
    for order in (runs, data.draw(st.permutations(runs))):
        life = etl()
        for begin, end in order:
            life.hear(begin)
            life.hear(end)
        standing.append({run.key for run in life.state.failures})

    assert standing[0] == standing[1]


@law
@given(life=lives())
def test_what_is_known_is_in_order_and_of_one_piece(life: Life) -> None:
    state = life.state
    nominal = [o.nominal_at for o in state.occurrences]
    assert nominal == sorted(set(nominal))
    assert len({run.key for run in state.open_runs}) == len(state.open_runs)
    assert all(run.status.is_open for run in state.open_runs)
    assert all(run.status.is_bad for run in state.failures)
    assert len({run.key for run in state.failures}) == len(state.failures)
    ends: list[datetime] = [o.at for o in state.recent]
    assert ends == sorted(ends)
    assert all(end <= life.now for end in ends)
    failed: list[datetime] = [run.ended_at or life.now for run in state.failures]
    assert failed == sorted(failed)
