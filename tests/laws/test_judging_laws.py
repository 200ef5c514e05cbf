"""The law of this house: without a new fact, no opinion changes before the instant at which to ask again.

And its tightness: asking at just these instants costs a bounded number of questions for each run and each
expected run.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.histories import MINUTE, TICK, Life, lives, rules
from tests.rules.facts import verdict_of
from tocsin.rules.finding import QUIET, Verdict
from tocsin.rules.judge import CONCERNS, CONDITIONS
from tocsin.rules.rule import Rule

law = settings(derandomize=True, database=None, deadline=None, max_examples=120)
of_each_condition = settings(law, max_examples=80)

DAY = timedelta(days=1)
HORIZON = timedelta(days=9)
# Warning, critical, missed, page; silence, idleness; the end of a wait after blindness: a dozen at most.
QUESTIONS_OF_ONE = 12
MOST_QUESTIONS = 2_000


def opinion(verdict: Verdict) -> tuple[object, ...]:
    """What a verdict says, without the evidence that grows with the clock."""
    finding, unknown = verdict.finding, verdict.unknown
    said = (
        None
        if finding is None
        else (finding.severity, finding.step, finding.why, finding.run, finding.summary)
    )
    return said, unknown, verdict.cannot_tell


def between(earlier: datetime, later: datetime | None) -> Iterator[datetime]:
    """Some instants from `earlier` up to, but not at, `later`."""
    end = earlier + HORIZON if later is None else later
    span = end - earlier
    yield from (
        earlier + span * share for share in (0.001, 0.05, 0.1, 0.2, 0.29, 0.37, 0.5, 0.63, 0.81, 0.92, 0.99)
    )
    yield end - TICK


def walk(rule: Rule, life: Life, since: datetime) -> Iterator[tuple[datetime, Verdict]]:
    """Ask at `since` and then whenever it is said to be worth it, with the same facts."""
    at: datetime | None = since
    for _ in range(MOST_QUESTIONS):
        if at is None or at >= since + HORIZON:
            return
        verdict = verdict_of(rule, life.facts, at)
        yield at, verdict
        assert verdict.ask_again_at is None or verdict.ask_again_at > at, "asked again at once, for ever"
        at = verdict.ask_again_at
    raise AssertionError(f"asked {MOST_QUESTIONS} times, and no end of it")


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
@of_each_condition
@given(life=lives(), data=st.data())
def test_no_opinion_changes_before_it_is_asked_again(condition: str, life: Life, data: st.DataObject) -> None:
    rule = data.draw(rules(condition))
    anywhere = [
        life.now + minutes * MINUTE for minutes in data.draw(st.lists(st.integers(1, 4000), max_size=20))
    ]
    for at, verdict in walk(rule, life, life.now):
        end = verdict.ask_again_at
        for instant in (*between(at, end), *anywhere):
            if instant > at and (end is None or instant < end):
                assert opinion(verdict_of(rule, life.facts, instant)) == opinion(verdict), instant


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
@of_each_condition
@given(life=lives(), data=st.data())
def test_no_condition_is_asked_without_end(condition: str, life: Life, data: st.DataObject) -> None:
    rule = data.draw(rules(condition))
    state = life.state
    asked = sum(1 for _ in walk(rule, life, life.now))

    assert asked <= 1 + QUESTIONS_OF_ONE * (
        len(state.open_runs) + len(state.failures) + len(state.occurrences) + len(state.recent)
    )


@law
@given(life=lives())
def test_time_decides_nothing_before_the_instant_that_settling_names(life: Life) -> None:
    life.settle()
    for _ in range(12):
        known, at, ask_at = life.state, life.now, life.settle().ask_again_at
        for instant in between(at, ask_at):
            if instant > at and (ask_at is not None or instant < at + DAY):
                settled = Life(job=life.job, state=known, now=instant, blind=life.blind).settle()
                assert (settled.decided, settled.runs, settled.unknown) == ((), (), ()), instant
                later = {o.nominal_at: o for o in settled.state.occurrences}
                assert all(later.get(o.nominal_at, o) == o for o in known.occurrences), instant
        if ask_at is None:
            return
        assert ask_at > at
        life.now = ask_at
        life.settle()


@law
@given(life=lives(most=6), days=st.sampled_from([1, 2]))
def test_settling_is_asked_a_bounded_number_of_times_for_each_expected_run(life: Life, days: int) -> None:
    end, asked, expected = life.now + days * DAY, 0, set[datetime]()
    while life.now < end:
        settled = life.settle()
        asked += 1
        expected |= {o.nominal_at for o in settled.state.occurrences}
        if settled.ask_again_at is None:
            break
        life.now = settled.ask_again_at

    assert asked <= 2 + 3 * len(expected) + len(life.blind) + len(life.state.open_runs)


@law
@given(life=lives(), minutes=st.lists(st.integers(1, 300), min_size=1, max_size=6))
def test_it_makes_no_difference_how_often_a_job_is_settled(life: Life, minutes: list[int]) -> None:
    often = Life(job=life.job, state=life.state, now=life.now, blind=life.blind)
    for step in minutes:
        often.now += step * MINUTE
        often.settle()
    once = Life(job=life.job, state=life.state, now=often.now, blind=life.blind)
    once.settle()

    seldom = {o.nominal_at: o.status for o in once.state.occurrences}
    assert all(seldom.get(o.nominal_at, o.status) is o.status for o in often.state.occurrences)
    assert often.state.occurrences[-1:] == once.state.occurrences[-1:]


@of_each_condition
@given(st.data(), lives())
def test_a_rule_that_is_not_asked_about_a_job_would_have_nothing_to_say(
    data: st.DataObject, life: Life
) -> None:
    for condition, concerns in CONCERNS.items():
        rule = data.draw(rules(condition))
        if not concerns(rule, life.job.definition):
            assert verdict_of(rule, life.facts, life.now) is QUIET
