"""What holds of flapping, whatever the turns."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.alerts.flapping import Course, Flapping, course

law = settings(derandomize=True, database=None, deadline=None, max_examples=300)
turns = st.lists(st.booleans(), max_size=60)
limits = st.builds(
    Flapping, runs=st.integers(4, 20), changes=st.integers(2, 3), settled_runs=st.integers(2, 6)
)
SEEN = 20


def courses(marks: list[bool], within: Flapping) -> list[Course]:
    """Walk through the runs as a job does, which remembers the last 20 alone."""
    found, is_flapping = [], False
    for end in range(1, len(marks) + 1):
        going = course(marks[max(0, end - SEEN) : end], within, is_flapping=is_flapping)
        is_flapping = going is Course.FLAPPING
        found.append(going)
    return found


@law
@given(marks=turns, within=limits)
def test_it_begins_with_a_bad_run_and_settles_only_after_so_many_alike(
    marks: list[bool], within: Flapping
) -> None:
    before = Course.STEADY
    for end, going in enumerate(courses(marks, within), start=1):
        if going is Course.FLAPPING is not before:
            assert marks[end - 1]
        if going is Course.SETTLED:
            assert before is Course.FLAPPING
            assert len(set(marks[end - within.settled_runs : end])) == 1
        before = going


@law
@given(marks=turns, within=limits)
def test_it_is_told_at_most_once_for_as_many_runs_as_it_takes_to_settle(
    marks: list[bool], within: Flapping
) -> None:
    found = courses(marks, within)
    begun = [
        at for at, going in enumerate(found) if going is Course.FLAPPING is not found[at - 1 if at else 0]
    ]

    assert all(later - earlier >= within.settled_runs for earlier, later in pairwise(begun))


@law
@given(marks=st.lists(st.booleans(), max_size=40), within=limits, how=st.booleans())
def test_a_job_that_is_steady_from_now_on_settles_in_the_number_of_runs_that_is_promised(
    marks: list[bool],
    within: Flapping,
    how: bool,  # noqa: FBT001 - the law draws it
) -> None:
    found = courses([*marks, *[how] * within.settled_runs], within)

    assert found[-1] is not Course.FLAPPING


@law
@given(share=st.integers(0, 40), within=st.just(Flapping()))
def test_one_failure_now_and_then_is_no_flapping(share: int, within: Flapping) -> None:
    marks = [number % 7 == share % 7 for number in range(60)]

    assert set(courses(marks, within)) == {Course.STEADY}
