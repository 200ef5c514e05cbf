"""The one question, and who may be asked it."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.rules.facts import NOON, expected, facts, failed, good, learned_from_runs, running, verdict_of
from tests.rules.facts import rule as of_condition
from tocsin.jobs.checks import Check, Metric
from tocsin.jobs.occurrence import OccurrenceStatus
from tocsin.jobs.skew import HostClock
from tocsin.jobs.sla import SLA
from tocsin.jobs.state import JobState, Measured
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.rules.facts import Trouble
from tocsin.rules.finding import QUIET
from tocsin.rules.judge import CONDITIONS

_TROUBLES = facts(
    JobState(
        open_runs=(running(), running("e", "19:00")),
        failures=(failed("b"),),
        occurrences=(
            expected("12:00", OccurrenceStatus.MISSED),
            expected("19:00", OccurrenceStatus.STARTED, deadline="20:01", run="e"),
        ),
        recent=(
            good("c", "11:00", records=0),
            good("d", "11:00", records=8, records_failed=2, partition="eu", seconds=60.0),
        ),
        measured=(Measured(partition="", run="c", at=NOON, since_at=NOON, marks=(True,)),),
        clocks=(HostClock(host="db", lags=(900.0,), heard_at=NOON, behind_seconds=900.0, since_at=NOON),),
    ),
    SLA(max_duration_seconds=60, max_failure_rate=0.1, min_records_processed=9),
    stalled_after_seconds=60.0,
    checks=(Check(id="rows", metric=Metric.ROW_COUNT, least=1.0),),
)
TROUBLED = replace(
    learned_from_runs(_TROUBLES),
    troubles=(Trouble(job="load", since_at=NOON, opened_at=NOON, summary="failed"),),
)
ONLY_WHEN_ASKED = {"throughput", "upstream"}
NEEDED: dict[str, dict[str, Any]] = {"throughput": {"threshold": 5.0}}
MUCH_LATER = NOON.replace(hour=20)


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
def test_every_condition_finds_its_trouble_and_says_what_to_do(condition: str) -> None:
    finding = verdict_of(of_condition(condition, **NEEDED.get(condition, {})), TROUBLED, MUCH_LATER).finding

    assert finding is not None
    assert (finding.condition, finding.rule) == (condition, condition)
    assert finding.summary
    assert finding.next_step
    assert finding.evidence
    assert finding.since_at <= MUCH_LATER


@pytest.mark.parametrize("condition", sorted(CONDITIONS))
def test_no_condition_judges_a_paused_job(condition: str) -> None:
    paused = replace(TROUBLED, job=replace(TROUBLED.job, paused_at=NOON))

    assert verdict_of(of_condition(condition), paused, MUCH_LATER) is QUIET


def test_somebody_who_has_configured_nothing_is_warned_of_everything() -> None:
    assert {rule.condition for rule in DEFAULT_RULES} == set(CONDITIONS) - ONLY_WHEN_ASKED
