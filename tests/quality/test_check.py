"""What becomes of each check of a run's data."""

from datetime import UTC, datetime

import pytest

from tocsin.jobs.checks import Check, Metric
from tocsin.jobs.state import Measured
from tocsin.quality.check import CheckVerdict, judge_check, judge_checks, limits_of

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ROWS = Check(id="rows", metric=Metric.ROW_COUNT, least=1000.0, severity="critical")
NULLS = Check(id="nulls", metric=Metric.NULL_RATE, column="email", most=0.05, severity="warning")
AMOUNT = Check(id="amount", metric=Metric.VALUE_RANGE, column="amount", least=0.0, most=100_000.0)
PASS, WARN, FAIL = CheckVerdict.PASS, CheckVerdict.WARN, CheckVerdict.FAIL


def measured(**values: float | str) -> Measured:
    """Return what a run has sent."""
    return Measured(partition="", run="a", at=NOON, since_at=NOON, values=tuple(values.items()))


@pytest.mark.parametrize(
    ("check", "value", "verdict", "said"),
    [
        (ROWS, 1000.0, PASS, "1,000; at least 1,000"),
        (ROWS, 999.0, FAIL, "999; at least 1,000"),
        (NULLS, 0.05, PASS, "0.05 (5 %); at most 0.05 (5 %)"),
        (NULLS, 0.12, WARN, "0.12 (12 %); at most 0.05 (5 %)"),
        (AMOUNT, -0.01, WARN, "-0.01; from 0 to 100,000"),
        (AMOUNT, 100_000.0, PASS, "100,000; from 0 to 100,000"),
        (ROWS, "nan", CheckVerdict.ERROR, "nan is not a finite number; at least 1,000"),
    ],
)
def test_a_value_is_within_its_limits_or_not(
    check: Check, value: float | str, verdict: CheckVerdict, said: str
) -> None:
    found = judge_check(check, measured(**{check.key: value}))

    assert (found.verdict, found.said) == (verdict, said)
    assert found.verdict.is_failed is (verdict is not PASS)


def test_what_was_not_sent_is_a_failed_check_and_no_evaluated_one() -> None:
    found = judge_check(NULLS, measured(row_count=5.0))

    assert (found.verdict, found.said) == (
        CheckVerdict.NO_DATA,
        "'email_null_rate' was not sent; at most 0.05 (5 %)",
    )
    assert found.verdict.is_failed
    assert found.value is None


def test_failed_checks_come_first() -> None:
    found = judge_checks((ROWS, AMOUNT, NULLS), measured(row_count=5000.0, amount_value_range=-1.0))

    assert [(one.check.id, one.verdict) for one in found] == [
        ("amount", WARN),
        ("nulls", CheckVerdict.NO_DATA),
        ("rows", PASS),
    ]


def test_a_check_without_a_limit_says_so() -> None:
    assert limits_of(Check(id="x", metric=Metric.FRESHNESS)) == "without a limit"
