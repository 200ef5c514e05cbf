"""`tocsin check` of files of checks, and their schema."""

import json
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import Tocsin
from tocsin.cli.exits import Exit

GOOD = """\
source: orders.parquet
checks:
  - {metric: row_count, threshold_min: 1}
  - {metric: null_rate, column: email, threshold_max: 0.1}
"""
WRONG = """\
source: orders.parquet
key: [orderid]
sensitive: emial
checks:
  - {metric: nul_rate, column: email, threshold_max: 0.1}
  - {metric: null_rate, column: emial, threshold_max: 0.1}
  - metric: uniqueness
    columns: [id, emall]
    threshold_min: 1
  - {metric: row_count, id: each, group_by: planet, threshold_min: 1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with data, in which the command is given."""
    duckdb.execute(f"COPY (SELECT 1 AS id, 'a@x' AS email, 2.5 AS amount) TO '{tmp_path / 'orders.parquet'}'")
    return tmp_path


def test_a_good_file_of_checks_is_told_as_such_among_others(tocsin: Tocsin, folder: Path) -> None:
    (folder / "orders.yaml").write_text(GOOD)
    (folder / "absent.yaml").write_text(
        "source: absent/*.parquet\nchecks: {metric: row_count, threshold_min: 1}\n"
    )
    (folder / "tocsin.yaml").write_text("jobs: {orders: {owner: ann}}")

    said = tocsin("check", "orders.yaml", "absent.yaml", "tocsin.yaml")

    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "orders.yaml is good: 2 checks, of columns that the data has"
    assert lines[1] == "absent.yaml is good: 1 check"
    assert lines[2].startswith("tocsin.yaml is good: 1 job, ")


def test_every_mistake_is_told_at_once_with_its_line_and_column_and_the_column_that_was_meant(
    tocsin: Tocsin, folder: Path
) -> None:
    (folder / "orders.yaml").write_text(WRONG)

    said = tocsin("check", "orders.yaml")

    assert said.code == Exit.BAD_CONFIGURATION
    assert [line.partition(": must be one of")[0] for line in said.out.splitlines()] == [
        "orders.yaml:2:7: key[0]: there is no column 'orderid'; known are id, email, amount",
        "orders.yaml:3:1: sensitive: there is no column 'emial'; did you mean email?",
        "orders.yaml:5:6: checks[0].metric",
        "orders.yaml:6:25: checks[1].column: there is no column 'emial'; did you mean email?",
        "orders.yaml:8:19: checks[2].columns[1]: there is no column 'emall'; did you mean email?",
        "orders.yaml:10:35: checks[3].group_by: there is no column 'planet'; known are id, email, amount",
    ]
    assert "orders.yaml has 6 mistakes and cannot be used" in said.err


def test_what_cannot_be_measured_of_a_column_is_a_mistake_too(tocsin: Tocsin, folder: Path) -> None:
    (folder / "orders.yaml").write_text("checks:\n  - {metric: mean, column: email, threshold_min: 1}\n")

    assert tocsin("check", "orders.yaml").code == 0
    said = tocsin("check", "orders.yaml", "--data", "orders.parquet")

    assert said.code == Exit.BAD_CONFIGURATION
    assert (
        "orders.yaml:2:5: checks[0]: column 'email' is VARCHAR, and mean is measured of numbers" in said.out
    )


def test_mistakes_are_told_as_json_of_each_file(tocsin: Tocsin, folder: Path) -> None:
    (folder / "orders.yaml").write_text(GOOD.replace("column: email", "column: emial"))
    (folder / "other.yaml").write_text(GOOD)

    found = json.loads(tocsin("check", "orders.yaml", "--json").out)
    assert found["path"] == "orders.yaml"
    assert found["problems"] == [
        {
            "path": "checks[1].column",
            "line": 4,
            "column": 25,
            "message": "there is no column 'emial'",
            "suggestion": "email",
        }
    ]
    several = json.loads(tocsin("check", "orders.yaml", "other.yaml", "--json").out)
    assert [(one["path"], len(one["problems"])) for one in several] == [("orders.yaml", 1), ("other.yaml", 0)]


def test_data_that_cannot_be_read_is_no_mistake_of_the_file(tocsin: Tocsin, folder: Path) -> None:
    (folder / "orders.yaml").write_text(GOOD)
    (folder / "orders.parquet").write_bytes(b"PAR1 cut")

    said = tocsin("check", "orders.yaml")
    assert said.code == 0
    assert said.out == "orders.yaml is good: 2 checks\n"
    assert "orders.yaml: source: its columns could not be read" in said.err

    asked = tocsin("check", "orders.yaml", "--data", "nothing.parquet")
    assert (asked.code, "there is no file nothing.parquet" in asked.err) == (Exit.USAGE, True)


def test_a_table_of_a_database_is_looked_at_where_it_is_named(tocsin: Tocsin, folder: Path) -> None:
    with duckdb.connect(str(folder / "shop.duckdb")) as shop:
        shop.execute("CREATE TABLE orders AS SELECT 1 AS id, 'a' AS emails")
    (folder / "orders.yaml").write_text("table: orders\n" + GOOD.replace("source: orders.parquet\n", ""))

    said = tocsin("check", "orders.yaml", "--data", f"duckdb:///{folder / 'shop.duckdb'}")

    assert "checks[1].column: there is no column 'email'; did you mean emails?" in said.out


@pytest.mark.parametrize("text", ["source: a.csv\n", "cheks: []\nsource: a.csv\n", "checks: 5\n"])
def test_a_file_that_is_meant_to_hold_checks_is_told_apart_from_a_configuration(
    tocsin: Tocsin, folder: Path, text: str
) -> None:
    (folder / "orders.yaml").write_text(text)

    said = tocsin("check", "orders.yaml")

    assert said.code == Exit.BAD_CONFIGURATION
    assert "checks" in said.out
    assert "receivers" not in said.out


def test_data_is_for_files_of_checks_alone(tocsin: Tocsin, folder: Path) -> None:
    (folder / "tocsin.yaml").write_text("jobs: {}")

    said = tocsin("check", "--data", "orders.parquet")

    assert (said.code, "tocsin.yaml is no file of checks" in said.err) == (Exit.USAGE, True)
    assert tocsin("check", "--table", "orders").code == Exit.USAGE


def test_the_schema_of_files_of_checks_is_printed(tocsin: Tocsin) -> None:
    schema = json.loads(tocsin("schema", "--checks").out)

    assert schema["required"] == ["checks"]
    assert "where the data is" in schema["properties"]["source"]["description"].lower()
    assert tocsin("schema", "--checks", "--tests").code == Exit.USAGE
