from typing import Any

import pytest

from tests.dialects.written import RESULTS, lines, verdicts, written
from tocsin.dialects.dbt import Node, is_spoken, read_manifest, translate
from tocsin.errors import InvalidResults
from tocsin.quality.check import CheckVerdict, Judged
from tocsin.quality.told import Told


def ran() -> Told:
    return translate(written("run_results.json"), read_manifest((RESULTS / "manifest.json").read_bytes()))


def of(told: Told, name: str) -> Judged:
    return next(one for one in told.judged if one.check.id == name)


def results(*several: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {}, "results": list(several)}


def a_test(status: str, name: str = "test.shop.t", **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- any field
    return {"unique_id": name, "status": status, **more}


def test_every_test_of_a_run_has_the_verdict_of_dbt() -> None:
    assert verdicts(ran()) == {
        "accepted_values_orders_status__new__paid": "fail",
        "bad_sql": "error",
        "email_tolerant": "warn",
        "no_negative": "fail",
        "not_null_orders_email": "warn",
        "not_null_orders_order_id": "pass",
        "relationships_orders_status__status__ref_orders_": "pass",
        "unique_orders_order_id": "fail",
        "not_null_broken_x": "no data",
    }


def test_which_run_it_was_and_when() -> None:
    told = ran()

    assert (told.tool, told.run) == ("dbt 1.10.23", "84c78c23-d11c-4b51-b37b-0e6fefc6ce29")
    assert told.at is not None
    assert told.at.isoformat() == "2026-11-22T23:28:28.816075+00:00"


def test_column_tags_and_limits_of_a_test_are_those_of_the_manifest() -> None:
    mild, tolerant = of(ran(), "not_null_orders_email"), of(ran(), "email_tolerant")

    assert mild.said == "Got 1 result, configured to warn if != 0 (orders.email; tags nightly)"
    assert (mild.check.severity, mild.check.most, mild.value) == ("warning", 0.0, 1.0)
    assert (tolerant.check.severity, tolerant.check.most, tolerant.check.warn_most) == ("critical", 2.0, 0.0)


def test_without_a_manifest_the_verdicts_are_the_same() -> None:
    assert verdicts(translate(written("run_results.json"), {})) == verdicts(ran())


@pytest.mark.parametrize(
    ("error_if", "failures", "status", "limits"),
    [
        (">10", 10, "pass", (None, 10.0)),
        (">= 10", 10, "fail", (None, 9.0)),
        ("< 5", 4, "fail", (5.0, None)),
        ("<= 5", 6, "pass", (6.0, None)),
        ("!= 3", 4, "fail", (3.0, 3.0)),
        ("between 1 and 2", 1, "fail", (None, 0.0)),
    ],
)
def test_a_limit_is_read_where_it_can_be_said_in_ours(
    error_if: str, failures: int, status: str, limits: tuple[float | None, float | None]
) -> None:
    node = Node(config={"severity": "error", "error_if": error_if, "warn_if": error_if})

    (judged,) = translate(results(a_test(status, failures=failures)), {"test.shop.t": node}).judged

    assert judged.verdict.value == status
    assert (judged.check.least, judged.check.most) == limits


def test_sources_are_judged_by_how_old_they_are() -> None:
    told = translate(written("sources.json"), {})

    assert lines(told) == [
        ("freshness of raw.events", "warn", 28808.874231),
        ("freshness of raw.fresh", "pass", 8.906438),
    ]
    assert (told.judged[0].check.warn_most, told.judged[0].check.most) == (21_600.0, 43_200.0)


def test_a_stale_source_fails_and_one_that_cannot_be_asked_is_an_error() -> None:
    criteria = {"warn_after": None, "error_after": {"count": 1, "period": "day"}}
    stale = a_test("Error", "source.s.raw.a", max_loaded_at_time_ago_in_s=90_000.0, criteria=criteria)
    gone = a_test("runtime error", "source.s.raw.b", error="no such table")
    model = {
        "unique_id": "model.s.m",
        "state": "pass",
        "max_loaded_at_time_ago_in_s": 5,
        "criteria": criteria,
    }

    told = translate(results(stale, gone, model), {})

    assert lines(told) == [
        ("freshness of raw.a", "fail", 90_000.0),
        ("freshness of raw.b", "error", None),
        ("freshness of m", "pass", 5.0),
    ]
    assert told.judged[1].said == "no such table"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("Pass", CheckVerdict.PASS),
        ("FAIL", CheckVerdict.FAIL),
        ("runtime error", CheckVerdict.ERROR),
        ("something new", CheckVerdict.ERROR),
        ("skipped", CheckVerdict.NO_DATA),
    ],
)
def test_a_status_counts_in_any_letters_and_an_unknown_one_is_no_pass(
    status: str, verdict: CheckVerdict
) -> None:
    assert translate(results(a_test(status)), {}).judged[0].verdict is verdict


def test_what_dbt_has_not_run_on_purpose_is_left_out_and_counted() -> None:
    told = translate(results(a_test("reused"), a_test("no-op"), a_test("pass", "test.shop.u")), {})

    assert (verdicts(told), told.left_out) == ({"u": "pass"}, 2)


def test_models_that_could_not_be_built_are_trouble_and_no_checks() -> None:
    told = translate(
        results(
            a_test("success", "model.s.good"),
            a_test("error", "model.s.bad", message="no column x"),
            a_test("error", "seed.s.worse"),
            a_test("pass"),
        ),
        {},
    )

    assert verdicts(told) == {"t": "pass"}
    assert told.trouble == "model.s.bad could not be built: no column x, and 1 more could not be built"


def test_tests_of_one_name_are_told_apart_by_their_hash() -> None:
    told = translate(results(a_test("pass", "test.a.t.1f"), a_test("fail", "test.b.t.2e")), {})

    assert verdicts(told) == {"t 1f": "pass", "t 2e": "fail"}


def test_it_is_known_by_its_schema_or_its_ids() -> None:
    assert is_spoken(written("run_results.json"))
    assert is_spoken(written("sources.json"))
    assert is_spoken(results(a_test("pass")))
    assert not is_spoken(written("validation_1.json"))
    assert not is_spoken(written("soda_scan.json"))
    assert not is_spoken([1, "results"])


def test_wrong_types_are_told_with_their_place() -> None:
    with pytest.raises(InvalidResults, match=r"results\[1\]\.status: Expected `str \| null`, got `int`"):
        translate(results(a_test("pass"), {"unique_id": "test.a.b", "status": 5}), {})
    with pytest.raises(InvalidResults, match=r"results\[0\]: .*unique_id"):
        translate({"results": [{}]}, {})


@pytest.mark.parametrize("failures", [float("nan"), float("inf"), 10**400, "5", [], True, -1])
def test_a_number_of_failures_that_is_none_changes_no_verdict(failures: object) -> None:
    for status in ("pass", "warn", "fail"):
        (judged,) = translate(results(a_test(status, failures=failures)), {}).judged
        assert judged.verdict.value == status


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"nodes": 5}', b"\xff", b"[" * 100_000])
def test_a_manifest_that_cannot_be_read_is_told(content: bytes) -> None:
    with pytest.raises(InvalidResults):
        read_manifest(content)


def test_a_manifest_of_wrong_parts_says_nothing_of_a_test() -> None:
    node = Node(column_name=5, attached_node=[], tags={"a": 1}, config="x")

    (judged,) = translate(results(a_test("fail", message="bad")), {"test.shop.t": node}).judged

    assert (judged.verdict, judged.said) == (CheckVerdict.FAIL, "bad")
