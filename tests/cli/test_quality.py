"""`tocsin quality`, as somebody who keeps an eye on a table uses it."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import duckdb
import psycopg
import pytest

from tests.cli.conftest import Said, Tocsin
from tocsin.cli.exits import Exit

CHECKS = """\
key: id
sensitive: email
checks:
  - {metric: row_count, threshold_min: 3, severity: critical}
  - {metric: null_rate, column: email, threshold_max: 0.5, warn_max: 0.1, severity: critical}
  - {metric: uniqueness, column: email, threshold_min: 1}
  - {metric: value_range, column: amount, threshold_min: 0, threshold_max: 100, severity: critical}
"""
ROWS = (
    "SELECT * FROM (VALUES (1, 'a@x', 5.0), (2, NULL, 7.5), (3, 'b@x', 250.0), (4, 'b@x', 1.0)) "
    "t(id, email, amount)"
)


@pytest.fixture
def run(tocsin: Tocsin, tmp_path: Path) -> "Run":
    return Run(tocsin, tmp_path)


class Run:
    """Writes data and a file of checks, and checks."""

    def __init__(self, tocsin: Tocsin, folder: Path) -> None:
        self._tocsin, self.folder = tocsin, folder
        self.data = str(folder / "orders.parquet")
        duckdb.execute(f"COPY ({ROWS}) TO '{self.data}'")

    def __call__(self, checks: str, *words: str) -> Said:
        (self.folder / "orders.yaml").write_text(checks, encoding="utf-8")
        return self._tocsin("quality", "run", *words, "--checks", str(self.folder / "orders.yaml"))


def test_each_check_is_told_with_its_value_its_limits_and_rows_that_failed(run: Run) -> None:
    said = run(CHECKS, run.data)

    assert said.code == Exit.FAILED
    assert "pass  row_count           4; at least 3" in said.out
    assert "warn  email_null_rate     0.25 (25 %); at most 0.1 (10 %)" in said.out
    assert "such as id=2" in said.out
    assert "fail  amount_value_range  250; from 0 to 100 (from 1 to 250)" in said.out
    assert "such as id=3" in said.out
    assert "4 checks: 2 warn, 1 pass, 1 fail" in said.out


def test_values_of_sensitive_columns_are_never_shown(run: Run) -> None:
    said = run(CHECKS, run.data)

    assert "email=•••" in said.out
    assert "b@x" not in said.out


def test_good_data_ends_with_0(run: Run) -> None:
    said = run("checks: [{metric: row_count, threshold_min: 1}]\n", run.data)

    assert said.code == Exit.OK


def test_a_program_is_told_the_same(run: Run) -> None:
    told = json.loads(run(CHECKS, run.data, "--json").out)

    assert told["failed"] == 3
    assert [one["verdict"] for one in told["checks"]] == ["pass", "warn", "warn", "fail"]
    assert told["checks"][3]["value"] == 250
    assert told["checks"][3]["examples"] == ["id=3"]


def test_a_server_of_continuous_integration_sees_a_case_for_each_check(run: Run) -> None:
    run(CHECKS, run.data, "--junit", str(run.folder / "out.xml"))

    (suite,) = ET.parse(run.folder / "out.xml").getroot()  # noqa: S314 -- our own file
    assert (suite.get("tests"), suite.get("failures")) == ("4", "3")
    failure = suite.find("testcase[@name='amount_value_range']/failure")
    assert failure is not None
    assert failure.get("message", "").startswith("fail: 250; from 0 to 100")


@pytest.mark.parametrize(
    ("data", "checks", "why"),
    [
        ("nothing.parquet", "checks: [{metric: row_count, threshold_min: 1}]\n", "there is no file"),
        (
            "orders.xls",
            "checks: [{metric: row_count, threshold_min: 1}]\n",
            "no kind of file that can be read",
        ),
        ("cut.parquet", "checks: [{metric: row_count, threshold_min: 1}]\n", "cannot be read"),
        ("orders.parquet", "checks: [{metric: row_cont, threshold_min: 1}]\n", "did you mean row_count?"),
        ("orders.parquet", "checks: []\n", "checks"),
    ],
)
def test_what_cannot_be_run_ends_with_2_and_says_why(run: Run, data: str, checks: str, why: str) -> None:
    (run.folder / "orders.xls").write_bytes(b"x")
    (run.folder / "cut.parquet").write_bytes(Path(run.data).read_bytes()[:200])

    said = run(checks, str(run.folder / data))

    assert said.code == Exit.USAGE
    assert why in said.err
    assert "Traceback" not in said.err


def test_a_column_that_is_not_there_costs_its_own_check_and_no_other(run: Run) -> None:
    said = run(CHECKS.replace("column: amount", "column: amout"), run.data)

    assert said.code == Exit.FAILED
    assert "error  amout_value_range" in said.out
    assert "there is no column 'amout'; did you mean 'amount'?" in said.out
    assert "pass   row_count" in said.out


def test_lines_that_cannot_be_read_are_counted_and_shown(run: Run) -> None:
    lines = "".join(f"{number},{number}.5\n" for number in range(1, 3_000))
    (run.folder / "orders.csv").write_text(f"id,amount\n{lines}9,1.5,x\n10,2.5,7\n", encoding="utf-8")

    said = run(
        "checks: [{metric: row_count, threshold_min: 2999}, {metric: sum, column: amount, threshold_min: 1}]",
        str(run.folder / "orders.csv"),
    )

    assert said.code == Exit.OK
    assert "2 lines could not be read and are left out" in said.out
    assert "orders.csv:3001:" in said.out
    assert "2,999; at least 2,999" in said.out


def test_sql_of_a_check_reads_its_own_data_alone(run: Run) -> None:
    (run.folder / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    secret = run.folder / "secret.csv"
    asked = {
        "peek": f"select count(*) from '{secret}'",  # noqa: S608 -- an attack, and no query of ours
        "write": f"select 1); copy (select 1) to '{secret}'",
        "mean": "avg(amount)",
    }
    checks = [{"metric": "custom", "id": name, "sql": sql, "threshold_min": 0} for name, sql in asked.items()]

    said = run(json.dumps({"checks": checks}), run.data)

    assert said.out.count("error") >= 2
    assert "pass   mean" in said.out
    assert secret.read_text(encoding="utf-8") == "a\n1\n"


def test_what_is_suggested_passes_on_the_data_it_came_from(run: Run, tocsin: Tocsin) -> None:
    path = run.folder / "suggested.yaml"
    query = (
        "SELECT i AS id, if(i % 3 = 0, NULL, 'u' || i) AS email, i % 50 * 2.5 AS amount, "
        "(['new', 'paid', 'sent'])[i % 3 + 1] AS status, now() - to_hours(i) AS at FROM range(200) r(i)"
    )
    duckdb.execute(f"COPY ({query}) TO '{run.data}'")

    said = tocsin("quality", "suggest", run.data, "-o", str(path))
    checked = tocsin("quality", "run", "--checks", str(path))

    written = path.read_text(encoding="utf-8")
    assert said.code == checked.code == Exit.OK, checked.out
    assert "{metric: row_count, threshold_min: 100, severity: critical}" in written
    assert "{metric: uniqueness, column: id, threshold_min: 1, severity: critical}" in written
    assert "{metric: accepted_values, column: status, values: [new, paid, sent], mostly: 1.0}" in written
    assert "{metric: value_range, column: amount, threshold_min: 0, threshold_max: 190}" in written
    assert "{metric: freshness, column: at, unit: hours, threshold_max: 26}" in written
    assert tocsin("quality", "suggest", run.data, "-o", str(path)).code == Exit.FAILED


@pytest.mark.parametrize(("mark", "words"), [("NA", ()), ("gone", ("--null-value", "gone"))])
def test_what_keeps_a_column_of_csv_from_being_one_of_numbers_is_taken_for_null(
    run: Run, tocsin: Tocsin, mark: str, words: tuple[str, ...]
) -> None:
    data, path = run.folder / "flights.csv", run.folder / "suggested.yaml"
    rows = [f"{n % 45},x{n}" for n in range(90)] + [f"{mark},NA"] * 10
    data.write_text("delay,plane\n" + "\n".join(rows), encoding="utf-8")

    tocsin("quality", "suggest", str(data), "-o", str(path), *words)
    checked = tocsin("quality", "run", "--checks", str(path))

    assert f"null_values: [{mark}]\n" in path.read_text(encoding="utf-8")
    assert "delay_null_rate    0.1 (10 %)" in checked.out
    assert "delay_value_range  44" in checked.out


def test_a_text_that_could_stand_for_null_is_left_alone_where_no_numbers_are_beside_it(
    run: Run, tocsin: Tocsin
) -> None:
    data = run.folder / "countries.csv"
    data.write_text("code,size\nNA,-\nDE,-\nFR,-\n", encoding="utf-8")

    assert "null_values" not in tocsin("quality", "suggest", str(data)).out


def test_of_a_column_with_one_value_no_range_is_suggested(run: Run, tocsin: Tocsin) -> None:
    duckdb.execute(f"COPY (FROM range(50) r(i) SELECT 2013 AS year, i % 5 AS day) TO '{run.data}'")

    said = tocsin("quality", "suggest", run.data).out

    assert "value_range, column: year" not in said
    assert "value_range, column: day, threshold_min: 0, threshold_max: 6}" in said


def test_what_is_suggested_says_how_rows_that_failed_are_shown(run: Run, tocsin: Tocsin) -> None:
    said = tocsin("quality", "suggest", run.data).out

    assert "# key: [id]" in said


def test_of_a_wide_table_as_many_checks_are_suggested_as_a_file_may_hold(run: Run, tocsin: Tocsin) -> None:
    path = run.folder / "suggested.yaml"
    columns = ", ".join(f"i + {number} AS c{number}" for number in range(120))
    duckdb.execute(f"COPY (FROM range(50) r(i) SELECT {columns}) TO '{run.data}'")

    tocsin("quality", "suggest", run.data, "-o", str(path))

    assert tocsin("quality", "run", "--checks", str(path)).code == Exit.OK
    assert "#  - {metric: uniqueness, column: c119" in path.read_text(encoding="utf-8")


def test_a_check_that_is_only_recorded_is_shown_and_fails_nothing(run: Run) -> None:
    checks = (
        "checks: {metric: null_rate, column: email, threshold_max: 0, on_fail: record, severity: critical}\n"
    )

    said = run(checks, run.data, "--junit", str(run.folder / "out.xml"))

    assert said.code == 0
    assert "fail  email_null_rate  0.25 (25 %); at most 0 (0 %); recorded alone" in said.out
    assert 'failures="0"' in (run.folder / "out.xml").read_text()
    found = json.loads(run(checks, run.data, "--json").out)
    assert (found["failed"], found["checks"][0]["verdict"]) == (0, "fail")
    assert found["checks"][0]["on_fail"] == "record"


TOCSIN_YAML = """\
jobs:
  orders:
    timezone: Europe/Berlin
    checks:
      - {metric: row_count, threshold_min: 3}
      - {metric: null_rate, column: email, threshold_max: 0.1}
      - {metric: pattern_match, column: email, threshold_min: 1}
"""


def test_the_checks_of_a_job_are_carried_out_as_they_stand_in_the_configuration(
    run: Run, tocsin: Tocsin
) -> None:
    config = run.folder / "tocsin.yaml"
    config.write_text(TOCSIN_YAML, encoding="utf-8")

    said = tocsin("quality", "run", run.data, "--job", "orders", "--config", str(config))

    assert said.code == Exit.FAILED
    assert "pass  row_count" in said.out
    assert "warn  email_null_rate  0.25 (25 %)" in said.out
    assert "not measured, for only the job can send it: email_pattern_match" in said.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--job", "ordres"), "did you mean orders?"),
        (("--job", "orders", "-e", "staging"), "there is no job 'orders' in staging"),
        ((), "say what is checked"),
    ],
)
def test_a_job_without_checks_of_its_own_is_named(
    run: Run, tocsin: Tocsin, words: tuple[str, ...], why: str
) -> None:
    config = run.folder / "tocsin.yaml"
    config.write_text(TOCSIN_YAML, encoding="utf-8")

    said = tocsin("quality", "run", run.data, *words, "--config", str(config))

    assert said.code == Exit.USAGE
    assert why in said.err


def test_a_table_of_a_database_is_checked_there(run: Run, tocsin: Tocsin, fresh_postgres: str) -> None:
    with psycopg.connect(fresh_postgres, autocommit=True) as connection:
        connection.execute("CREATE TABLE orders (id bigint, email text, amount double precision)")
        connection.execute("INSERT INTO orders VALUES (1, 'a@x', 5), (2, NULL, 7.5), (3, 'b@x', 250)")
    path = run.folder / "suggested.yaml"

    said = run(CHECKS, fresh_postgres, "--table", "orders")
    suggested = tocsin("quality", "suggest", fresh_postgres, "--table", "orders", "-o", str(path))
    checked = tocsin("quality", "run", fresh_postgres, "--checks", str(path))

    assert "fail  amount_value_range  250; from 0 to 100" in said.out
    assert "such as id=3" in said.out
    assert (suggested.code, checked.code) == (Exit.OK, Exit.OK)
    assert "table: orders" in path.read_text(encoding="utf-8")
    assert fresh_postgres not in said.out + checked.out + path.read_text(encoding="utf-8")
