"""What dbt, Great Expectations and Soda have found, told to a real server."""

import gzip
import io
import json
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.cli.conftest import PATIENCE_SECONDS, ROOT, Said, Tocsin, real_server_in
from tests.dialects.written import RESULTS
from tocsin.cli.exits import Exit
from tocsin.client.client import sender
from tocsin.client.http1 import Answer, parse_target
from tocsin.clock import monotonic

Import = Callable[..., Said]


@pytest.fixture
def bring(tocsin: Tocsin, real_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """Imports one of the files that tools have written, or a content, for a job."""
    monkeypatch.setenv("TOCSIN_URL", real_server)
    monkeypatch.setenv("TOCSIN_SPOOL", str(tmp_path / "spool"))

    def call(what: str | bytes | object, job: str, *words: str, **environment: str) -> Said:
        path = RESULTS / what if isinstance(what, str) else tmp_path / "results.json"
        if not isinstance(what, str):
            path.write_bytes(what if isinstance(what, bytes) else json.dumps(what).encode())
        return tocsin("quality", "import", str(path), "--job", job, *words, **environment)

    return call


def job_of(tocsin: Tocsin, name: str) -> Any:  # noqa: ANN401 -- an answer of the API
    return json.loads(tocsin("jobs", "show", name, "--json").out)


def verdicts_of(tocsin: Tocsin, name: str) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in job_of(tocsin, name)["checks"]}


def alerted(tocsin: Tocsin, job: str) -> str:
    """Return what is said of the open alert of a job, once there is one."""
    until = monotonic() + PATIENCE_SECONDS
    while monotonic() < until:
        for one in json.loads(tocsin("alerts", "--json").out)["items"]:
            if one["job"] == job:
                return f"{one['severity']}: {one['summary']}"
    pytest.fail(f"there is no alert of {job}")


def test_tests_of_dbt_come_to_the_same_on_the_server_and_raise_an_alert(
    tocsin: Tocsin, bring: Import
) -> None:
    said = bring("run_results.json", "dbt")

    assert said.code == Exit.FAILED
    assert "9 checks: 3 fail, 2 warn, 2 pass, 1 error, 1 no data" in said.err
    assert verdicts_of(tocsin, "dbt") == {
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
    assert alerted(tocsin, "dbt").startswith("critical: ended well, but check")
    (alert,) = (one for one in json.loads(tocsin("alerts", "--json").out)["items"] if one["job"] == "dbt")
    told = tocsin("alerts", alert["id"]).out
    assert "fail: 1; at most 0; Got 1 result, configured to fail if != 0 (orders.order_id)" in told
    assert 'Referenced column "nonsense" not found' in told


@pytest.mark.parametrize(
    ("name", "summed"),
    [
        ("sources.json", "2 checks: 1 warn, 1 pass"),
        ("validation_1.json", "13 checks: 8 fail, 3 pass, 1 error, 1 warn"),
        ("checkpoint_1.json", "13 checks: 10 fail, 3 pass"),
        ("checkpoint_0.json", "4 checks: 2 fail, 2 pass"),
        ("soda_scan.json", "10 checks: 6 fail, 3 pass, 1 warn"),
        ("soda_contract.json", "7 checks: 4 fail, 2 pass, 1 error"),
        ("soda_contract_as_sent.json", "7 checks: 4 fail, 2 pass, 1 error"),
    ],
)
def test_every_tool_is_known_by_its_file_and_judged_alike(
    tocsin: Tocsin, bring: Import, name: str, summed: str
) -> None:
    said = bring(name, name)

    assert said.code == Exit.FAILED
    assert summed in said.err
    there = sorted(verdicts_of(tocsin, name).values())
    assert {word: there.count(word) for word in there} == {
        word: int(count) for count, word in (part.split() for part in summed.partition(": ")[2].split(", "))
    }


GOOD = {"checks": [{"name": "rows", "outcome": "pass"}], "scanEndTimestamp": "2026-11-01T00:00:00+00:00"}
BAD = {"checks": [{"name": "rows", "outcome": "fail"}], "scanEndTimestamp": "2026-11-01T00:00:00+00:00"}


def test_a_good_import_ends_well_and_closes_the_alert_of_a_bad_one(tocsin: Tocsin, bring: Import) -> None:
    assert bring(BAD, "turns").code == Exit.FAILED
    alerted(tocsin, "turns")

    assert bring(GOOD, "turns").code == Exit.OK

    until = monotonic() + PATIENCE_SECONDS
    while '"turns"' in tocsin("alerts", "--json").out:
        assert monotonic() < until
    assert verdicts_of(tocsin, "turns") == {"rows": "pass"}


def test_the_same_file_counts_once_and_a_run_that_is_named_is_used(tocsin: Tocsin, bring: Import) -> None:
    for _ in range(2):
        bring("run_results.json", "once")
    bring("run_results.json", "named", "--run", "night 7", "--environment", "staging")

    (run,) = json.loads(tocsin("runs", "once", "--json").out)["items"]
    (named,) = json.loads(tocsin("runs", "named", "-e", "staging", "--json").out)["items"]
    assert run["run"] == "84c78c23-d11c-4b51-b37b-0e6fefc6ce29"
    assert named["run"] == "night 7"
    lines = [json.loads(line) for line in tocsin("export", "--jobs", "once").out.splitlines()]
    assert [line["type"] for line in lines].count("check_in") == 1


def test_results_without_a_check_are_an_error_and_an_alert(tocsin: Tocsin, bring: Import) -> None:
    said = bring("soda_no_checks.json", "empty")

    assert said.code == Exit.USAGE
    assert "Invalid data source name 'd'" in said.err
    assert "the run is reported as failed" in said.err
    assert "Invalid data source name" in alerted(tocsin, "empty")
    assert "nothing was checked" in bring({"checks": [], "scanStartTimestamp": "x"}, "emptier").err


def test_a_model_that_could_not_be_built_fails_the_run(tocsin: Tocsin, bring: Import) -> None:
    results = [
        {"unique_id": "model.s.orders", "status": "error", "message": "no column x"},
        {"unique_id": "test.s.t", "status": "pass", "failures": 0},
    ]

    said = bring({"results": results}, "broken")

    assert said.code == Exit.FAILED
    assert "model.s.orders could not be built: no column x" in said.err
    assert "model.s.orders could not be built" in alerted(tocsin, "broken")


def test_more_checks_than_a_job_can_have_are_told_together(tocsin: Tocsin, bring: Import) -> None:
    results = [{"unique_id": f"test.s.t{n}", "status": "pass", "failures": 0} for n in range(300)]

    said = bring({"results": [*results, {"unique_id": "test.s.bad", "status": "fail"}]}, "many")

    assert "301 checks: 300 pass, 1 fail" in said.err
    assert "the server is told 49, failed ones first" in said.err
    verdicts = verdicts_of(tocsin, "many")
    assert (len(verdicts), verdicts["bad"], verdicts["other checks that failed"]) == (50, "fail", "pass")


def test_what_the_documentation_writes_of_a_contract_is_read(
    tocsin: Tocsin, bring: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Soda 4 is none of ours to install: of its own Python interface there is what the program asks for."""
    check = SimpleNamespace(name="No missing values", column_name="email")
    one = SimpleNamespace(check=check, outcome=SimpleNamespace(name="FAILED"), threshold_value=25.0)
    contract = SimpleNamespace(contract=SimpleNamespace(dataset_name="orders"), check_results=[one])
    session = SimpleNamespace(contract_verification_results=[contract])
    soda = ModuleType("soda_core.contracts")
    monkeypatch.setattr(soda, "verify_contract_locally", lambda **_: session, raising=False)
    for name in ("soda_core", "soda_core.contracts"):
        monkeypatch.setitem(sys.modules, name, soda)

    runpy.run_path(str(ROOT / "docs/snippets/import-checks/contract.py"))

    assert bring((tmp_path / "scan.json").read_bytes(), "contract").code == Exit.FAILED
    assert verdicts_of(tocsin, "contract") == {"No missing values (email)": "fail"}


def test_standard_input_is_read_too(bring: Import, tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(GOOD).encode())))

    assert tocsin("quality", "import", "-", "--job", "piped").code == Exit.OK


def test_a_server_that_is_away_gets_it_later(bring: Import, tmp_path: Path) -> None:
    said = bring(GOOD, "later", TOCSIN_URL="http://127.0.0.1:9")

    assert said.code == Exit.OK
    assert "1 check-in is kept in" in said.err
    kept = [one.read_bytes() for one in (tmp_path / "spool").rglob("*") if one.is_file()]
    assert [one for one in kept if one.startswith(b'{"job":"later","kind":"success"')]


def test_a_job_that_has_told_its_own_schedule_keeps_it(
    tocsin: Tocsin, bring: Import, real_server: str
) -> None:
    assert_told(real_server, {"job": "own", "kind": "success", "definition": {"schedule": "0 2 * * *"}})

    assert bring(GOOD, "own").code == Exit.OK

    assert job_of(tocsin, "own")["definition"]["schedule"] == "0 2 * * *"
    assert verdicts_of(tocsin, "own") == {"rows": "pass"}


def assert_told(server: str, check_in: dict[str, Any]) -> None:
    target = parse_target(server, "/api/v1/check-ins")
    assert not isinstance(target, str)
    answer = sender(target, "")(json.dumps(check_in).encode())
    assert isinstance(answer, Answer)
    assert answer.status == 202


def test_of_a_job_in_the_servers_file_it_is_said_what_nobody_is_told(tocsin: Tocsin, tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    check = "{metric: custom, id: rows, key: rows, threshold_max: 0}"
    (folder / "tocsin.yaml").write_text(
        f"jobs:\n  plain: {{schedule: daily}}\n  ours: {{checks: [{check}]}}\n"
        f"  theirs: {{checks: [{check.replace('rows', 'other')}]}}\n"
    )
    (tmp_path / "results.json").write_text(json.dumps(BAD))
    with real_server_in(folder) as url:
        environment = {"TOCSIN_URL": url, "TOCSIN_SPOOL": str(tmp_path / "spool")}
        theirs = tocsin("quality", "import", "results.json", "--job", "theirs", **environment)
        ours = tocsin("quality", "import", "results.json", "--job", "ours", **environment)
        plain = tocsin("quality", "import", "results.json", "--job", "plain", **environment)
        in_time = tocsin("jobs", "show", "ours", "--json", **environment)

    assert "does not list 1 of these checks, such as 'rows'" in theirs.err
    assert "does not list" not in ours.err + plain.err
    assert json.loads(in_time.out)["checks"][0]["verdict"] == "warn"


DEEP = b'{"results":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not JSON, or not whole: Expecting value: line 1 column 1"),
        (b'{"results": [{"unique_id": "test.a', "is not JSON, or not whole"),
        (b"\xff\xfe\x00", "is not JSON, or not whole"),
        (gzip.compress(b"{}", mtime=0), "is not JSON, or not whole"),
        (DEEP, "is nested too deeply"),
        (b"1" * 5_000, "is not JSON, or not whole"),
        (b"[]", "it is none of run_results.json"),
        (b'{"results": 5}', "it is none of run_results.json"),
        (
            b'{"results": [{"unique_id": 5, "status": "pass"}]}',
            "results[0].unique_id: Expected `str`, got `int`",
        ),
        (b'{"checks": [{"outcome": {}}]}', "checks[0].outcome: Expected `str | null`, got `object`"),
        (b'{"run_results": {"a": {"validation_result": NaN}}}', "the whole: Expected `object`, got `float`"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(bring: Import, content: bytes, said: str) -> None:
    answer = bring(content, "hostile")

    assert answer.code == Exit.USAGE
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_a_file_that_is_not_there_and_one_that_is_too_large_are_said(
    tocsin: Tocsin, bring: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bring("nowhere.json", "x").code == Exit.USAGE
    monkeypatch.setattr("tocsin.cli.quality_import.MAX_RESULTS", 1024 * 1024)
    assert "is larger than 1 MiB" in bring(b" " * 1024 * 1024 + b"{}", "x").err


def test_values_that_are_no_numbers_arrive_as_errors_or_as_verdicts(tocsin: Tocsin, bring: Import) -> None:
    content = b'{"checks": [{"name": "a", "outcome": "fail", "diagnostics": {"value": NaN}}, {"name": "\\u0000", "outcome": "pass", "diagnostics": {"value": 1e999}}]}'  # noqa: E501 -- one JSON

    bring(content, "odd")

    assert verdicts_of(tocsin, "odd") == {"a": "fail", "a check": "pass"}


def test_a_damaged_manifest_costs_what_it_would_have_told_and_no_more(
    bring: Import, tocsin: Tocsin, tmp_path: Path
) -> None:
    shutil.copy(RESULTS / "run_results.json", tmp_path)
    (tmp_path / "manifest.json").write_text('{"nodes": ')

    said = tocsin("quality", "import", "run_results.json", "--job", "half")

    assert said.code == Exit.FAILED
    assert "manifest.json cannot be read, so columns, tags and limits of tests are not known" in said.err
