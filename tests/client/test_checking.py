"""Data checked from Python, as the code of a job does it."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

import tocsin
from tests.client.listener import Listener
from tocsin.checking import check
from tocsin.config.data_checks import checks_in
from tocsin.errors import ConfigError, NotMeasured

FRAME = pa.table({"id": [1, 2, 3, 3], "email": ["a@x", None, "b@x", "c@x"]})
ROWS = {"metric": "row_count", "threshold_min": 10, "severity": "critical"}
NULLS = {"metric": "null_rate", "column": "email", "threshold_max": 0.5}
UNIQUE = {"metric": "uniqueness", "column": "id", "threshold_min": 1}


def ended(server: Listener) -> dict[str, object]:
    server.wait_until(lambda listener: len(listener.taken) >= 2)
    return dict(server.taken[1])


def test_a_frame_is_checked_by_checks_as_values() -> None:
    found = check(FRAME, [ROWS, NULLS, UNIQUE], as_of=datetime(2026, 3, 1, tzinfo=UTC))

    assert [one.judged.verdict.value for one in found.results] == ["fail", "pass", "warn"]
    assert found.failed == 2
    assert found.results[2].examples == ("id=3",)


@pytest.mark.parametrize("hard", [{}, {"threshold_min": 0, "threshold_max": 100}])
def test_a_value_that_is_worth_a_warning_is_told_with_its_rows_though_others_lie_further_up(
    hard: dict[str, object],
) -> None:
    frame = pa.table({"id": [1, 2, 3], "amount": [5, 20, None], "sku": ["a", "abcde", None]})
    amount = {"metric": "value_range", "column": "amount", "warn_min": 10, **hard}
    sku = {"metric": "string_length", "column": "sku", "warn_min": 2, "warn_max": 9, **hard}

    found = check(frame, checks_in(json.dumps({"key": "id", "checks": [amount, sku]}), "checks"))

    assert [(one.judged.verdict.value, one.judged.value, one.examples) for one in found.results] == [
        ("warn", 5.0, ("id=1",)),
        ("warn", 1.0, ("id=1",)),
    ]


def test_checks_that_cannot_be_used_are_an_error_and_not_a_pass() -> None:
    with pytest.raises(ConfigError, match="did you mean row_count"):
        check(FRAME, [{"metric": "row_cont", "threshold_min": 1}])
    with pytest.raises(ConfigError):
        check(FRAME, [])
    with pytest.raises(NotMeasured, match="there is no file"):
        check("nothing.parquet", [ROWS])


def test_a_run_tells_what_was_measured_with_its_end(default: Listener) -> None:
    with tocsin.job("orders", definition={"schedule": "0 2 * * *"}) as run:
        found = run.check(FRAME, [{**ROWS, "change_min": "-20%"}, {**NULLS, "on_fail": "record"}, UNIQUE])

    end = ended(default)
    assert found is not None
    assert found.failed == 2
    assert end["kind"] == "success"
    assert end["metrics"] == {"row_count": 4.0, "email_null_rate": 0.25, "id_uniqueness": 0.75}
    assert end["metric_notes"] == {"id_uniqueness": "id=3"}
    assert end["checks"] == [
        {
            "id": "row_count",
            "metric": "row_count",
            "threshold_min": 10.0,
            "change_min": "-20%",
            "severity": "critical",
        },
        {"id": "id_uniqueness", "metric": "uniqueness", "column": "id", "threshold_min": 1.0},
    ]


def test_a_run_tells_which_segment_has_nothing_to_measure(default: Listener) -> None:
    frame = pa.table({"country": ["DE", "FR"], "amount": [1.0, None]})
    with tocsin.job("orders") as run:
        run.check(
            frame,
            [
                {
                    "metric": "mean",
                    "id": "spent",
                    "column": "amount",
                    "group_by": "country",
                    "threshold_min": 0,
                }
            ],
        )

    assert ended(default)["metric_notes"] == {"spent": "country=FR: there is nothing to measure"}


def test_a_run_tells_which_columns_have_drifted(default: Listener) -> None:
    with tocsin.job("orders") as run:
        run.check(FRAME, [{"metric": "schema_drift", "expect": ["id", "amount"], "may_grow": True}])

    assert ended(default)["metric_notes"] == {"schema_drift": "amount has vanished"}


def test_a_check_may_fail_the_run(default: Listener) -> None:
    with tocsin.job("orders") as run:
        run.check(FRAME, [{**ROWS, "on_fail": "fail_run"}])

    end = ended(default)
    assert end["kind"] == "fail"
    assert "check row_count: 4; at least 10" in str(end["error"])


def test_what_cannot_be_checked_fails_the_run_and_not_the_job(
    default: Listener, capfd: pytest.CaptureFixture[str]
) -> None:
    with tocsin.job("orders") as run:
        assert run.check("nothing.parquet", [ROWS]) is None

    end = ended(default)
    assert end["kind"] == "fail"
    assert "data was not checked: there is no file nothing.parquet" in str(end["error"])
    assert "there is no file nothing.parquet" in capfd.readouterr().err


def test_two_tables_in_one_run_each_keep_their_checks_under_names_of_their_own(default: Listener) -> None:
    with tocsin.job("orders") as run:
        run.check(FRAME, [ROWS])
        run.check(FRAME.slice(0, 2), [ROWS, {**UNIQUE, "id": "one of each"}], name="customers")

    end = ended(default)
    assert end["metrics"] == {"row_count": 4.0, "customers.row_count": 2.0, "customers.id_uniqueness": 1.0}
    assert [(check["id"], check.get("key")) for check in end["checks"]] == [  # type: ignore[attr-defined]  # of a list
        ("row_count", None),
        ("customers.row_count", "customers.row_count"),
        ("customers.one of each", "customers.id_uniqueness"),
    ]


def test_the_same_metric_of_two_tables_is_never_taken_for_one(default: Listener) -> None:
    with tocsin.job("orders") as run:
        run.check(FRAME, [{**ROWS, "threshold_min": 1}])
        assert run.check(FRAME.slice(0, 2), [ROWS]) is None

    end = ended(default)
    assert end["kind"] == "fail"
    assert "'row_count' was measured in this run already" in str(end["error"])
    assert "name=" in str(end["error"])
    assert end["metrics"] == {"row_count": 4.0}


def test_more_checks_than_a_job_can_have_are_refused_and_not_left_out(default: Listener) -> None:
    many = [{**ROWS, "id": f"n{number}", "key": f"n{number}"} for number in range(30)]
    with tocsin.job("orders") as run:
        run.check(FRAME, many)
        assert run.check(FRAME, many, name="again") is None

    assert "at most 50 checks" in str(ended(default)["error"])
