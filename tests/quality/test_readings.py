"""What becomes of a check once its metric was measured."""

from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.jobs.checks import Anomaly, Change, Check, Metric
from tocsin.quality.check import CheckVerdict, judge_reading
from tocsin.quality.measurement import Reading, Segment

RATE = Check(id="r", metric=Metric.NULL_RATE, column="a", most=0.2, warn_most=0.1, severity="critical")
ROWS = Check(id="n", metric=Metric.ROW_COUNT, least=10, severity="critical")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (0.05, CheckVerdict.PASS),
        (0.1, CheckVerdict.PASS),
        (0.15, CheckVerdict.WARN),
        (0.3, CheckVerdict.FAIL),
    ],
)
def test_between_its_two_limits_a_value_is_a_warning(value: float, verdict: CheckVerdict) -> None:
    assert judge_reading(RATE, Reading(value=value)).verdict is verdict


def test_a_warning_tells_the_limit_of_the_warning() -> None:
    assert judge_reading(RATE, Reading(value=0.15)).bounds == "at most 0.1 (10 %)"
    assert judge_reading(RATE, Reading(value=0.3)).bounds == "at most 0.2 (20 %)"


def test_a_rate_of_nothing_is_no_pass() -> None:
    judged = judge_reading(RATE, Reading(said="there are no rows"))

    assert judged.verdict is CheckVerdict.NO_DATA
    assert judged.verdict.is_failed
    assert "there are no rows" in judged.said


def test_what_cannot_be_measured_is_an_error_with_its_reason() -> None:
    judged = judge_reading(ROWS, Reading(said="there is no column 'a'", is_error=True))

    assert (judged.verdict, judged.said) == (CheckVerdict.ERROR, "there is no column 'a'; at least 10")


def test_of_segments_the_worst_speaks_for_all() -> None:
    segments = (Segment("c=DE", 12), Segment("c=ES", 4), Segment("c=FR", 3), Segment("c=IT", 4))

    judged = judge_reading(ROWS, Reading(segments=segments))

    assert (judged.verdict, judged.segment, judged.value) == (CheckVerdict.FAIL, "c=FR", 3)
    assert judged.said == "c=FR: 3; at least 10 (3 of 4 segments failed)"


def test_segments_that_all_pass_are_a_pass() -> None:
    judged = judge_reading(ROWS, Reading(segments=(Segment("c=DE", 30), Segment("c=FR", 12))))

    assert judged.verdict is CheckVerdict.PASS
    assert judged.said == "c=FR: 12; at least 10 (2 segments)"


def test_of_two_segments_that_warn_the_one_beyond_the_limit_itself_is_worse() -> None:
    segments = (Segment("a=1", 0.15), Segment("a=2", 0.25), Segment("a=3", 0.3), Segment("a=4", 0.19))

    judged = judge_reading(replace(RATE, severity="warning"), Reading(segments=segments))

    assert (judged.verdict, judged.segment) == (CheckVerdict.WARN, "a=3")


@pytest.mark.parametrize(
    "past",
    [{"change": Change(least=-0.2, is_relative=True)}, {"anomaly": Anomaly()}],
    ids=["change", "anomaly"],
)
def test_whoever_measures_does_not_judge_by_a_past_that_a_server_keeps(past: dict[str, Any]) -> None:
    alone = Check(id="n", metric=Metric.ROW_COUNT, **past)

    judged = judge_reading(alone, Reading(value=5))
    assert judged.verdict is CheckVerdict.LEARNING
    assert judged.said.endswith("a server compares it with its past")
    assert judge_reading(replace(ROWS, **past), Reading(value=50)).verdict is CheckVerdict.PASS
    assert judge_reading(replace(ROWS, **past), Reading(value=5)).verdict is CheckVerdict.FAIL
