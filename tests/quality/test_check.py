"""What becomes of each check of a run's data."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from tocsin.jobs.checks import Anomaly, Change, Check, Compared, Metric
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


FALL = Change(least=-0.2, is_relative=True)
BAND = Change(least=-0.2, most=0.5, is_relative=True)


@pytest.mark.parametrize(
    ("change", "before", "value", "verdict", "said"),
    [
        (FALL, 1000.0, 800.0, PASS, "800, -20 % from 1,000; may fall by at most 20 %"),
        (FALL, 1000.0, 799.0, WARN, "799, -20.1 % from 1,000; may fall by at most 20 %"),
        (
            BAND,
            1000.0,
            1501.0,
            WARN,
            "1,501, +50.1 % from 1,000; may fall by at most 20 %, may grow by at most 50 %",
        ),
        (Change(least=-50.0), 1000.0, 949.0, WARN, "949, -51 from 1,000; may fall by at most 50"),
        (Change(least=0.0), 10.0, 9.0, WARN, "9, -1 from 10; may not fall"),
        (Change(most=0.0, is_relative=True), 10.0, 11.0, WARN, "11, +10 % from 10; may not grow"),
        (Change(least=5.0), 10.0, 14.0, WARN, "14, +4 from 10; must grow by at least 5"),
        (
            Change(most=-0.1, is_relative=True),
            10.0,
            10.0,
            WARN,
            "10, +0 % from 10; must fall by at least 10 %",
        ),
        (BAND, 0.0, 0.0, PASS, "0, +0 % from 0; may fall by at most 20 %, may grow by at most 50 %"),
        (BAND, 0.0, 3.0, WARN, "3, more from 0; may fall by at most 20 %, may grow by at most 50 %"),
        (FALL, 0.0, 3.0, PASS, "3, more from 0; may fall by at most 20 %"),
        (FALL, -100.0, -130.0, WARN, "-130, -30 % from -100; may fall by at most 20 %"),
    ],
)
def test_a_value_is_compared_with_the_one_before(
    change: Change, before: float, value: float, verdict: CheckVerdict, said: str
) -> None:
    check = Check(id="c", metric=Metric.CUSTOM, sent_as="c", change=change)

    found = judge_check(check, replace(measured(c=value), before=(("c", before),)))

    assert (found.verdict, found.said) == (verdict, said)


def test_a_check_that_has_nothing_to_compare_with_is_learning_unless_it_has_another_limit() -> None:
    alone = Check(id="rows", metric=Metric.ROW_COUNT, change=FALL)
    limited = replace(ROWS, change=FALL)

    found = [judge_check(check, measured(row_count=1000.0)) for check in (alone, limited)]

    assert [(one.verdict, one.said) for one in found] == [
        (CheckVerdict.LEARNING, "1,000; may fall by at most 20 %; no earlier run to compare it with"),
        (PASS, "1,000; at least 1,000, may fall by at most 20 %; no earlier run to compare it with"),
    ]
    assert judge_check(limited, measured(row_count=999.0)).verdict is FAIL


def test_what_is_usual_may_still_have_changed_too_much_and_the_other_way_round() -> None:
    check = Check(id="rows", metric=Metric.ROW_COUNT, change=FALL, anomaly=Anomaly())
    sent = replace(measured(row_count=500.0), before=(("rows", 1000.0),))

    assert judge_check(check, replace(sent, compared=(Compared("row_count", 1.0),))).verdict is WARN
    steady = replace(sent, before=(("rows", 510.0),))
    assert judge_check(check, steady).verdict is PASS
    far = Compared("row_count", -9.0, 20, 1000.0, 900.0, 1100.0, "all runs")
    assert judge_check(check, replace(steady, compared=(far,))).is_unusual


@pytest.mark.parametrize(
    ("value", "verdict", "said"),
    [
        ({"rows": "null"}, CheckVerdict.ERROR, "there is no column 'a'; at least 1,000"),
        ({}, CheckVerdict.NO_DATA, "there is no column 'a'; at least 1,000"),
        ({"rows": 5.0}, FAIL, "5; at least 1,000"),
    ],
)
def test_why_there_is_no_number_is_told_in_the_words_of_whoever_measured(
    value: dict[str, float | str], verdict: CheckVerdict, said: str
) -> None:
    check = replace(ROWS, sent_as="rows")
    sent = replace(measured(**value), notes=(("rows", "there is no column 'a'"),))

    found = judge_check(check, sent)

    assert (found.verdict, found.said) == (verdict, said)
    assert found.note == ("there is no column 'a'" if verdict is FAIL else "")
