"""What is promised is judged, however many other runs are expected meanwhile."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.histories import HOUR, MINUTE, START, Life
from tests.rules.facts import verdict_of
from tocsin.jobs.defining import forgive
from tocsin.jobs.job import Definition, Job
from tocsin.jobs.occurrence import next_occurrence
from tocsin.jobs.schedule import read_schedule
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import MAX_OCCURRENCES, JobState
from tocsin.rules.rule import Rule

law = settings(derandomize=True, database=None, deadline=None, max_examples=40)
DAYS = timedelta(days=4)


@st.composite
def promises(draw: st.DrawFn) -> Definition:
    return Definition(
        schedule=read_schedule(draw(st.sampled_from(["0 * * * *", "*/15 * * * *", "30 */3 * * *"])), "UTC"),
        sla=SLA(
            grace_period_minutes=draw(st.sampled_from([0, 30, 400, 1800])),
            deadline=draw(st.sampled_from([None, time(6), time(22, 30)])),
            deadline_offset_minutes=draw(st.sampled_from([45, 400, 1800])),
            warning_minutes_before=0,
            critical_minutes_before=0,
        ),
    )


@pytest.mark.parametrize("condition", ["missing_run", "sla_breach"])
@law
@given(definition=promises(), forgiven=st.sets(st.integers(1, 90), max_size=3))
def test_a_promise_breaks_and_stays_broken_however_many_runs_are_expected(
    condition: str, definition: Definition, forgiven: set[int]
) -> None:
    def due_after(instant: datetime) -> datetime:
        coming = next_occurrence(definition.plan, instant)
        assert coming is not None
        due_at = coming.start_by if condition == "missing_run" else coming.deadline_at
        assert due_at is not None
        return due_at

    job = Job(name="etl", environment="production", registered_at=START, definition=definition)
    life, rule = Life(job=job, state=JobState(), now=START), Rule(name=condition, condition=condition)
    words = [START + hours * HOUR + 7 * MINUTE for hours in sorted(forgiven)]
    due_at, broken = due_after(START), False
    while life.now < START + DAYS:
        ask_at = life.settle().ask_again_at
        finding = verdict_of(rule, life.facts, life.now).finding
        assert finding is not None or not broken, "it was broken and is not mended"
        assert finding is not None or life.now < due_at, "it is broken and nobody has noticed"
        assert len(life.state.occurrences) <= MAX_OCCURRENCES
        broken = finding is not None
        life.now = min(at for at in (ask_at, *words[:1]) if at is not None)
        if life.now in words:
            life.state = forgive(life.state, condition, words.pop(0))
            due_at, broken = due_after(life.now), False
