"""A rule that could never speak is refused, with what it lacks."""

import pytest

from tests.config.conftest import Faults, Load


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("condition: throughput", "throughput needs 'threshold'"),
        ("condition: failure_rate, of: runs, window_minutes: 60", "a share of runs needs 'threshold'"),
        ("condition: failure_rate, of: runs, threshold: 0.1", "a share of runs needs 'window_minutes'"),
        (
            "condition: failure_rate, of: runs, threshold: 0.1, window_minutes: 60, in_a_row: 2",
            "'in_a_row' and 'm_of_n' mean nothing",
        ),
    ],
)
def test_what_a_rule_lacks_is_said(faults: Faults, rule: str, said: str) -> None:
    (problem,) = faults(f"rules: [{{name: a, {rule}}}]")

    assert problem.path == "rules[0]"
    assert said in problem.message


@pytest.mark.parametrize(
    ("rule", "path", "said"),
    [
        (
            "condition: failure_rate, threshold: 1.5",
            "threshold",
            "from 0 up to 1; 1.5 is impossible; 1.5 % is 0.015",
        ),
        ("condition: failure_rate, window_minutes: 0", "window_minutes", "from 1 up to 44640"),
        ("condition: failure_rate, of: rows", "of", "must be one of records, runs"),
        ("condition: min_records, threshold: 0", "threshold", "is in records, from 1"),
        ("condition: throughput, threshold: 0", "threshold", "is in records per second, above 0"),
        ("condition: throughput, threshold: 5, least: 301", "least", "up to 300"),
        ("condition: min_records, window_minutes: 5", "window_minutes", "it takes threshold"),
    ],
)
def test_what_is_impossible_is_told_in_the_unit_of_the_condition(
    faults: Faults, rule: str, path: str, said: str
) -> None:
    (problem,) = faults(f"rules: [{{name: a, {rule}}}]")

    assert problem.path == f"rules[0].{path}"
    assert said in problem.message


def test_rules_that_can_speak_are_taken(load: Load) -> None:
    loaded = load(
        """\
        rules:
          - {name: a, condition: throughput, threshold: 5}
          - {name: b, condition: failure_rate, of: runs, threshold: 0.1, window_minutes: 60, fewest: 3}
          - {name: c, condition: failure_rate, window_minutes: 60}
          - {name: d, condition: min_records, threshold: 100, in_a_row: 2}
        """
    )

    assert loaded.warnings == ()
    window = loaded.configuration.rules[1].window_for
    assert window is not None
    assert window.total_seconds() == 3600
