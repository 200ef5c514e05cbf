"""What another tool has found comes to the same here, whatever it says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from tocsin.errors import InvalidResults
from tocsin.jobs.checks import MAX_CHECKS, Check, Metric
from tocsin.jobs.declaring import lack_of, limit_refusal, order_refusal, soft_refusal
from tocsin.quality.check import CheckVerdict, Judged, judge_reading
from tocsin.quality.measurement import Reading
from tocsin.quality.told import (
    MAX_NAME,
    MAX_SAID,
    as_many_as_fit,
    instant,
    judged_alike,
    mapping,
    number,
    over,
    plain,
    read_as,
    text,
    told_apart,
    under,
)

ROWS = Check(id="rows", metric=Metric.ROW_COUNT, least=10, severity="critical")
HELD = (CheckVerdict.PASS, CheckVerdict.WARN, CheckVerdict.FAIL)


def test_a_value_within_limits_that_agree_is_kept() -> None:
    judged = judged_alike(ROWS, CheckVerdict.FAIL, "", 4)

    assert (judged.value, judged.check.metric, judged.check.least) == (4, Metric.ROW_COUNT, 10)
    assert judged.said == "4; at least 10"
    assert judged.check.key == "rows"


def test_the_words_of_the_tool_go_before_ours() -> None:
    assert judged_alike(ROWS, CheckVerdict.FAIL, "only\n4 rows", 4).said == "only 4 rows"


@pytest.mark.parametrize(
    ("verdict", "value", "counted", "severity"),
    [
        (CheckVerdict.PASS, 4.0, 0.0, "critical"),
        (CheckVerdict.FAIL, 12.0, 1.0, "critical"),
        (CheckVerdict.WARN, 4.0, 1.0, "warning"),
        (CheckVerdict.FAIL, None, 1.0, "critical"),
    ],
)
def test_where_the_value_says_otherwise_the_tool_is_believed(
    verdict: CheckVerdict, value: float | None, counted: float, severity: str
) -> None:
    judged = judged_alike(ROWS, verdict, "", value)

    assert judged.check == Check(id="rows", sent_as="rows", metric=Metric.CUSTOM, most=0.0, severity=severity)
    assert judged.value == counted


def test_what_was_found_is_said_where_it_is_not_what_is_sent() -> None:
    assert judged_alike(ROWS, CheckVerdict.PASS, "", 4).said == "found 4"
    assert judged_alike(ROWS, CheckVerdict.FAIL, "").said == "it failed"


def test_only_what_the_tool_has_said_is_noted() -> None:
    assert judged_alike(ROWS, CheckVerdict.FAIL, "only 4 rows", 4).note == "only 4 rows"
    assert judged_alike(ROWS, CheckVerdict.FAIL, "", 4).note == ""
    assert judged_alike(ROWS, CheckVerdict.PASS, "", 4).note == "found 4"


def test_an_error_and_no_data_have_no_value() -> None:
    for verdict in (CheckVerdict.ERROR, CheckVerdict.NO_DATA):
        judged = judged_alike(ROWS, verdict, "why", 4)
        assert (judged.verdict, judged.value, judged.check.least) == (verdict, None, 10)


LIMIT = st.none() | st.floats() | st.sampled_from([0.0, 1.0, 1e301, -1.0])
CHECKS = st.builds(
    Check,
    id=st.just("x"),
    metric=st.sampled_from(Metric),
    column=st.sampled_from(["", "a", "\x00", "."]),
    least=LIMIT,
    most=LIMIT,
    warn_least=LIMIT,
    warn_most=LIMIT,
    severity=st.sampled_from(["", "info", "warning", "critical"]),
    anomaly=st.none(),
    sent_as=st.just(""),
)


@given(
    check=CHECKS,
    verdict=st.sampled_from(CheckVerdict),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_server_takes_every_check_and_comes_to_the_verdict_of_the_tool(
    check: Check, verdict: CheckVerdict, value: float | None
) -> None:
    judged = judged_alike(check, verdict, "", value)

    if verdict in HELD:
        assert judged.value is not None
        assert judge_reading(judged.check, Reading(value=judged.value)).verdict is verdict
    made = judged.check
    stated = [one for one in (made.least, made.most, made.warn_least, made.warn_most) if one is not None]
    assert stated
    assert all(math.isfinite(one) and limit_refusal(made.metric, one) is None for one in stated)
    assert (order_refusal(made.least, made.most), soft_refusal(made)) == (None, None)
    assert lack_of(made.metric, made.column, is_limited=True) is None
    assert made.column.isprintable()
    assert made.column not in (".", "..")


def one(name: str, verdict: CheckVerdict = CheckVerdict.PASS) -> Judged:
    return judged_alike(Check(id=name, metric=Metric.CUSTOM), verdict, "")


def test_checks_of_one_name_are_told_apart_by_what_is_added_or_by_number() -> None:
    told = told_apart((one("a"), one("b"), one("a"), one("c"), one("c")), ("x", "x", "y", "z", "z"))

    assert [each.check.id for each in told] == ["a x", "b", "a y", "c z 4", "c z 5"]
    assert [each.check.key for each in told] == [each.check.id for each in told]


def test_long_names_that_are_the_same_at_first_are_still_told_apart() -> None:
    told = told_apart(tuple(one("n" * 300) for _ in range(40)), ("",) * 40)

    names = [each.check.id for each in told]
    assert len(set(names)) == 40
    assert max(map(len, names)) <= MAX_NAME


def test_of_more_checks_than_a_job_can_have_the_failed_ones_come_first_and_the_rest_is_counted() -> None:
    checks = (*(one(f"good {number}") for number in range(60)), one("bad", CheckVerdict.FAIL))

    fitting = as_many_as_fit(checks)

    assert len(fitting) == MAX_CHECKS
    assert fitting[0].check.id == "bad"
    assert (fitting[-1].verdict, fitting[-1].value) == (CheckVerdict.PASS, 0.0)
    assert fitting[-1].said == "0 of 12 other checks failed"
    assert as_many_as_fit(checks[:MAX_CHECKS]) == checks[:MAX_CHECKS]


def test_failed_checks_that_do_not_fit_fail_together() -> None:
    fitting = as_many_as_fit(tuple(one(f"bad {number}", CheckVerdict.FAIL) for number in range(60)))

    assert (fitting[-1].verdict, fitting[-1].value) == (CheckVerdict.FAIL, 11.0)


@pytest.mark.parametrize("name", ["", ".", "..", "\x00\n"])
def test_what_has_no_name_that_can_be_kept_is_called_a_check(name: str) -> None:
    assert one(name).check.id == "a check"


@pytest.mark.parametrize("found", [True, "1", None, [], {}, math.nan, math.inf, 10**400])
def test_what_is_no_finite_number_is_none(found: object) -> None:
    assert number(found) is None


def test_numbers_instants_texts_and_objects_are_read_and_all_else_is_nothing() -> None:
    read_at = instant("2026-03-01T06:00:00Z")

    assert number(3) == 3.0
    assert read_at is not None
    assert read_at.isoformat() == "2026-03-01T06:00:00+00:00"
    assert [instant(each) for each in ("2026-03-01T06:00:00", "soon", 5, None)] == [None] * 4
    assert (text("a"), text(5), mapping({"a": 1}), mapping([])) == ("a", "", {"a": 1}, {})


def test_limits_that_are_not_good_themselves_lie_a_step_further() -> None:
    assert (under(5.0, 3), over(5.0, 3)) == (4.0, 6.0)
    assert under(5.0, 3.5) == math.nextafter(5.0, 0)
    assert over(5.5, 3) == math.nextafter(5.5, 9)


def test_what_cannot_be_shown_is_left_out_and_long_texts_are_cut() -> None:
    assert plain("a\x00b\n\u202ec", 200) == "a b c"
    assert len(judged_alike(ROWS, CheckVerdict.ERROR, "x" * 9_999).said) == MAX_SAID


def test_a_wrong_shape_is_told_with_its_place() -> None:
    with pytest.raises(InvalidResults, match=r"^a: Expected `int`, got `str`$"):
        read_as({"a": "x"}, _Shape)
    with pytest.raises(InvalidResults, match=r"^the whole: Expected `object`, got `array`$"):
        read_as([], _Shape)


class _Shape(Struct):
    a: int
