"""A rule takes the limits that its condition can be judged by, within what is possible."""

import pytest

from tests.config.conftest import Faults
from tocsin.rules.judge import CONDITIONS
from tocsin.rules.limits import TAKEN, Choice, Limit

SHARE = Limit(unit="a share of records", lowest=0, highest=1, above=True)
RUNS = Limit(unit="runs", lowest=1, highest=100, whole=True)


@pytest.mark.parametrize(
    "key", ["threshold: 3", "page_threshold: 3", "window_minutes: 3", "least: 1", "fewest: 2"]
)
def test_a_limit_that_its_condition_has_no_use_for_is_refused(faults: Faults, key: str) -> None:
    name = key.partition(":")[0]

    (problem,) = faults(f"rules: [{{name: a, condition: no_data, {key}}}]")

    assert problem.path == f"rules[0].{name}"
    assert f"no_data has no use for {name!r}" in problem.message


def test_of_an_unknown_condition_the_condition_alone_is_told(faults: Faults) -> None:
    (problem,) = faults("rules: [{name: a, condition: no_dat, threshold: 3}]")

    assert problem.path == "rules[0].condition"


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        (SHARE, 0.0, "is in a share of records, above 0 up to 1; 0 is impossible"),
        (SHARE, 1.5, "is in a share of records, above 0 up to 1; 1.5 is impossible"),
        (RUNS, 0.0, "is in runs, from 1 up to 100; 0 is impossible"),
        (RUNS, 2.5, "must be a whole number of runs, not 2.5"),
    ],
)
def test_a_limit_that_can_never_be_reached_is_refused_with_its_range(
    limit: Limit, value: float, said: str
) -> None:
    assert limit.refusal(value) == said


def test_a_limit_within_its_range_is_taken() -> None:
    assert [SHARE.refusal(1.0), SHARE.refusal(0.01), RUNS.refusal(1.0), RUNS.refusal(100.0)] == [None] * 4


def test_a_word_is_one_of_those_that_there_are() -> None:
    choice = Choice(words=("runs", "records"), usual="runs")

    assert choice.refusal("rows") == "must be one of runs, records"
    assert choice.refusal("records") is None


def test_there_are_limits_of_conditions_alone() -> None:
    assert TAKEN.keys() <= CONDITIONS.keys()
