"""What the data of a job teaches, one run after the other."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from tocsin.jobs.checkin import Detail
from tocsin.jobs.checks import MAX_LEARNED, Anomaly, Check, Compared, Metric
from tocsin.jobs.run import Meaning, Phase, Remark, Run, RunStatus
from tocsin.quality.metrics import (
    MAX_BYTES,
    NEEDED_VALUES,
    LearnedMetric,
    TaughtMetrics,
    comparing,
    is_untaught,
    learn_metrics,
    ordinary_of,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = Check(id="rows", metric=Metric.ROW_COUNT, anomaly=Anomaly())
STEADY = (1000.0, 1040.0, 970.0, 1010.0, 990.0, 1030.0, 980.0, 1020.0)
NOTHING = TaughtMetrics(metrics=(), histories={})


def run(day: float, rows: float | None, *, status: RunStatus = RunStatus.SUCCESS, **more: object) -> Run:
    start = NOON + day * DAY
    known: dict[str, object] = {
        "key": f"day {day:g}",
        "status": status,
        "phase": Phase.COMPLETED,
        "started_at": start,
        "ended_at": start,
        "detail": None if rows is None else Detail(metrics=(("row_count", rows),)),
    }
    return replace(Run(key="", last_sign_at=start), **(known | more))


def days(count: int, first: int = 0) -> list[Run]:
    return [run(first + number, STEADY[number % len(STEADY)]) for number in range(count)]


def taught(runs: list[Run], before: TaughtMetrics = NOTHING, *checks: Check) -> TaughtMetrics:
    declared = checks or (ROWS,)
    new_from = min((one.order_at for one in runs), default=NOON)
    return learn_metrics(before.metrics, before.histories, runs, declared, "UTC", new_from=new_from)


def compared(known: TaughtMetrics, one: Run) -> Compared:
    compare = comparing(known.metrics, "UTC")
    assert compare is not None
    (found,) = compare(one)
    return found


def values_in(known: TaughtMetrics, key: str = "row_count") -> list[tuple[float, bool]]:
    return [(value, bool(flag)) for _, value, flag in struct.iter_unpack("<IfB", known.histories[key])]


def test_nothing_is_compared_before_there_are_ten_values() -> None:
    before, enough = taught(days(NEEDED_VALUES - 1)), taught(days(NEEDED_VALUES))

    assert compared(before, run(10, 1.0)) == Compared("row_count", None, 9)
    assert compared(enough, run(10, 1.0)).spreads is not None
    assert comparing((), "UTC") is None


def test_a_value_far_off_is_told_with_what_is_normal_and_an_ordinary_one_in_short() -> None:
    known = taught(days(20))

    far, near = compared(known, run(20, 200.0)), compared(known, run(20, 1005.0))

    assert far.spreads is not None
    assert far.spreads < -3.5
    assert 850 < far.low < far.ordinary < far.high < 1150
    assert far.runs == 20
    assert (near.low, near.high, near.runs) == (0, 0, 0)
    assert ROWS.is_unusual(200.0, far)
    assert not ROWS.is_unusual(1005.0, near)


@pytest.mark.parametrize(
    "left_out",
    [
        run(20.5, 1.0, status=RunStatus.FAILED),
        run(20.5, 1.0, backfill=True),
        run(20.5, 1.0, remark=Remark(meaning=Meaning.EXCLUDED, at=NOON, who="ann")),
        run(20.5, None),
        run(20.5, 1.0, detail=Detail(not_numbers=(("row_count", "nan"),))),
    ],
)
def test_what_failed_or_was_filled_in_or_was_not_sent_teaches_nothing(left_out: Run) -> None:
    before = taught(days(20))

    assert taught([left_out], before) == before


def test_what_is_unusual_or_outside_its_limits_is_kept_and_left_out() -> None:
    limited = replace(ROWS, least=900.0)
    known = taught([*days(20), run(20, 200.0), run(21, 880.0)], NOTHING, limited)

    assert [value for value, flag in values_in(known) if flag] == [200.0, 880.0]
    assert known.metrics[0].values == 20


def test_it_makes_no_difference_whether_runs_are_told_together_or_one_by_one() -> None:
    runs = [*days(30), run(30, 2.0), *days(9, 31), *[run(40 + n, 5000.0 + 9 * n) for n in range(9)]]
    step = NOTHING
    for one in runs:
        step = taught([one], step)

    assert step == taught(runs)
    assert step.metrics[0].normal is not None
    assert step.metrics[0].normal.shift is not None


def test_a_run_that_is_placed_among_earlier_ones_replaces_what_came_since() -> None:
    runs = days(20)
    known = taught(runs)

    again = taught([run(14.5, 1000.0), *runs[15:]], known)

    assert len(values_in(again)) == 21
    assert values_in(again)[15] == (1000.0, False)


def test_a_metric_of_which_nothing_is_known_is_learned_from_earlier_runs_and_the_others_are_not() -> None:
    both = [
        replace(one, detail=Detail(metrics=(("email_null_rate", 0.01), ("row_count", 1000.0))))
        for one in days(20)
    ]
    known = taught(both)
    nulls = Check(id="nulls", metric=Metric.NULL_RATE, column="email", anomaly=Anomaly())
    assert not is_untaught(known.metrics, (ROWS,), known.histories)
    assert is_untaught(known.metrics, (ROWS, nulls), known.histories)
    assert is_untaught(known.metrics, (ROWS,), {})

    more = learn_metrics(
        known.metrics,
        known.histories,
        [both[8], both[9], both[-1]],
        (ROWS, nulls),
        "UTC",
        new_from=both[-1].order_at,
    )

    assert [len(values_in(more, key)) for key in ("row_count", "email_null_rate")] == [20, 3]
    assert not is_untaught(more.metrics, (ROWS, nulls), more.histories)


def test_a_metric_that_is_never_sent_is_no_reason_to_read_all_runs_each_time() -> None:
    known = taught([run(1, None)])

    assert known == TaughtMetrics(metrics=(LearnedMetric(key="row_count"),), histories={"row_count": b""})
    assert not is_untaught(known.metrics, (ROWS,), known.histories)


def test_a_check_that_is_gone_is_forgotten() -> None:
    assert taught([run(30, 1.0)], taught(days(20)), replace(ROWS, anomaly=None)) == NOTHING


def test_what_was_normal_is_not_relied_on_for_ever_but_a_weekly_job_is_learned_from() -> None:
    daily = taught(days(20))
    assert compared(daily, run(39, 1.0)).spreads is not None
    assert compared(daily, run(41, 1.0)).spreads is None

    weekly = taught([run(7 * n, STEADY[n % 8]) for n in range(12)])
    assert compared(weekly, run(84, 1.0)).spreads is not None


def test_a_series_that_is_damaged_is_learned_from_up_to_the_damage() -> None:
    known = taught(days(20))
    damaged = replace(known, histories={"row_count": known.histories["row_count"][:-3]})

    after = taught([run(20, 1000.0)], damaged)

    assert len(values_in(after)) == 20


def test_what_is_kept_and_known_is_bounded_however_many_metrics_there_are() -> None:
    checks = tuple(
        Check(id=f"c{n}", metric=Metric.VALUE_RANGE, column=f"c{n}", anomaly=Anomaly()) for n in range(30)
    )
    sent = Detail(metrics=tuple((check.key, 5.0 + n) for n, check in enumerate(checks)))
    runs = [run(n / 24, None, detail=sent) for n in range(120)]

    known = taught(runs, NOTHING, *checks)

    assert len(known.metrics) == MAX_LEARNED
    assert sum(len(points) for points in known.histories.values()) <= MAX_BYTES
    assert len(msgspec.json.encode(known.metrics)) <= MAX_LEARNED * 1_200


def test_what_is_normal_follows_the_weekdays() -> None:
    runs = [run(n, (200.0 if (NOON + n * DAY).weekday() >= 5 else 1000.0) + n % 3) for n in range(70)]
    known = taught(runs).metrics[0]

    saturday = NOON + 75 * DAY
    weekend, monday = (ordinary_of(known, saturday + n * DAY, "UTC") for n in (0, 2))
    assert saturday.weekday() == 5
    assert weekend is not None
    assert monday is not None
    assert weekend.high < 400
    assert monday.low > 800
    assert weekend.method != "all runs"


def rows_of(rng: Random, day: int) -> float:
    return (3_000 if (NOON + day * DAY).weekday() >= 5 else 10_000) * rng.lognormvariate(0, 0.08)


def rate_of(rng: Random, day: int) -> float:
    return rng.betavariate(4, 196)


@pytest.mark.parametrize(
    ("check", "made", "worse", "least_found"),
    [
        (ROWS, rows_of, 0.5, 0.7),
        (Check(id="nulls", metric=Metric.NULL_RATE, column="email", anomaly=Anomaly()), rate_of, 10.0, 0.7),
    ],
)
def test_ordinary_data_seldom_fails_and_bad_data_mostly_does(
    check: Check, made: Callable[[Random, int], float], worse: float, least_found: float
) -> None:
    found, false, judged = 0, 0, 0
    for seed in range(6):
        rng, known = Random(seed), NOTHING
        for day in range(120):
            value = made(rng, day)
            sent = [
                run(day, None, detail=Detail(metrics=((check.key, one),))) for one in (value, worse * value)
            ]
            if day >= 21:
                good, bad = (compared(known, one) for one in sent)
                judged += 1
                false += check.is_unusual(value, good)
                found += check.is_unusual(worse * value, bad)
            known = taught(sent[:1], known, check)

    assert 1000 * false / judged <= 4
    assert found / judged >= least_found


@pytest.mark.parametrize(
    ("metric", "spreads", "direction", "is_unusual"),
    [
        (Metric.ROW_COUNT, 4.0, "", True),
        (Metric.ROW_COUNT, -4.0, "", True),
        (Metric.ROW_COUNT, 3.9, "", False),
        (Metric.ROW_COUNT, 4.0, "low", False),
        (Metric.NULL_RATE, 4.0, "", True),
        (Metric.NULL_RATE, -4.0, "", False),
        (Metric.UNIQUENESS, -4.0, "", True),
        (Metric.UNIQUENESS, 4.0, "", False),
        (Metric.FRESHNESS, -4.0, "both", True),
    ],
)
def test_the_side_that_counts_is_where_data_is_worse_unless_it_is_said(
    metric: Metric, spreads: float, direction: str, *, is_unusual: bool
) -> None:
    check = Check(id="c", metric=metric, anomaly=Anomaly(direction=direction))

    assert check.is_unusual(9.0, Compared("c", spreads, 20, 5.0, 4.0, 6.0)) is is_unusual


def test_a_share_that_moves_by_less_than_a_hundredth_is_nothing_to_speak_of() -> None:
    check = Check(id="c", metric=Metric.NULL_RATE, column="c", anomaly=Anomaly())
    known = Compared("c_null_rate", 9.0, 20, 0.0, 0.0, 0.001)

    assert not check.is_unusual(0.009, known)
    assert check.is_unusual(0.011, known)
    assert replace(check, anomaly=Anomaly(least=0.0)).is_unusual(0.002, known)
