"""Laws of what is asked once for two definitions: nobody goes by what differs."""

from collections.abc import Iterator

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.histories import FREE, MINUTE, OTHERS, Life, differently, lives, moved, rules, said
from tests.rules.facts import verdict_of
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import Definition
from tocsin.rules.judge import CONDITIONS, GOES_BY
from tocsin.rules.reading import OF_RUNS, differing, end_alike, tells_the_same_runs

law = settings(derandomize=True, database=None, deadline=None, max_examples=150)
of_each_condition = settings(law, max_examples=100)
History = list[tuple[float, CheckIn]]
words = st.lists(said(), min_size=1, max_size=6)


def under(life: Life, other: Definition, names: frozenset[str]) -> Life:
    """Return the same life of a job of which another definition says what these names stand for."""
    job = replace(life.job, definition=differently(life.job.definition, other, names))
    there = Life(job=job, state=life.state, now=life.now, blind=life.blind, learned=life.learned)
    there.kept, there.made = dict(life.kept), life.made
    return there


def going_on(life: Life, history: History) -> Iterator[CheckIn]:
    """Return each check-in at its instant, to be heard, and let it be heard then if nobody has."""
    for after, check_in in history:
        life.now += after * MINUTE
        coming = moved(check_in, life.now)
        made = life.made
        yield coming
        if life.made == made:
            life.hear(coming)


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
@of_each_condition
@given(life=lives(), history=words, data=st.data())
def test_a_condition_that_finds_nothing_goes_by_no_more_of_a_definition_than_it_says(
    condition: str, life: Life, history: History, data: st.DataObject
) -> None:
    rule, unread = data.draw(rules(condition)), FREE - GOES_BY.get(condition, frozenset())
    for _ in going_on(life, history):
        has_runs = life.state.open_runs or life.state.failures
        known = verdict_of(rule, life.facts, life.now)
        for other in OTHERS if known.is_quiet else ():
            there = under(life, other, unread if has_runs else unread | OF_RUNS)
            assert verdict_of(rule, there.facts, life.now) == known


@law
@given(life=lives(), history=words)
def test_definitions_that_tell_the_same_runs_take_them_up_alike_until_they_end(
    life: Life, history: History
) -> None:
    for check_in in going_on(life, history):
        there = [under(life, other, FREE) for other in OTHERS]
        folded = life.hear(check_in)
        for one in there:
            differ = differing(life.job.definition, one.job.definition)
            assert tells_the_same_runs(differ)
            if end_alike(folded, differ, one.job.definition.sla):
                event(f"ended: {folded.ended}")
                assert one.hear(check_in) == folded


@law
@given(life=lives(), minutes=st.sampled_from([0, 1, 30, 400, 20_000]))
def test_time_that_decides_nothing_goes_by_nothing_that_may_differ(life: Life, minutes: int) -> None:
    there = [under(life, other, FREE) for other in OTHERS]
    life.now += minutes * MINUTE
    settled = life.settle()
    for one in there:
        one.now = life.now
        assert one.settle() == settled or settled.decided or settled.runs or settled.unknown
