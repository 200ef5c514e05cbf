"""Soda Core: a contract verified over a view of DuckDB on the file."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"

import duckdb
from soda_core.contracts.api.verify_api import verify_contract_locally
from soda_core.contracts.contract_verification import CheckOutcome
from soda_duckdb.common.data_sources.duckdb_data_source import DuckDBDataSourceImpl

from benchmarks.quality.peers import asked


def at_most(share: float) -> dict[str, object]:
    """Return the threshold that this share of rows may fail."""
    return {"metric": "percent", "must_be_less_than_or_equal": round(100 * share, 6)}


def invalid(name: str, share: float, **valid: object) -> dict[str, object]:
    """Return the check that this share of values is valid."""
    return {"invalid": {"name": name, **valid, "threshold": at_most(1 - share)}}


def regex(pattern: str) -> dict[str, str]:
    """Return the format that a pattern says."""
    return {"regex": pattern, "name": "as agreed"}


def extreme(name: str, function: str, **threshold: float) -> dict[str, object]:
    """Return the check of the least or the largest."""
    return {"aggregate": {"name": name, "function": function, "qualifier": function, "threshold": threshold}}


columns: dict[str, list[dict[str, object]]] = {
    column: [{"missing": {"name": name, "threshold": at_most(share)}}]
    for name, (column, share) in asked.NULLS.items()
}
columns |= {
    "order_id": [{"duplicate": {"name": "order unique"}}],
    "amount": [
        invalid("amount range", asked.AMOUNT_SHARE, valid_min=asked.AMOUNTS[0], valid_max=asked.AMOUNTS[1])
    ],
    "sku": [invalid("sku pattern", asked.SKU_SHARE, valid_format=regex(asked.SKU))],
    "email": [
        *columns["email"],
        invalid("email pattern", asked.EMAIL_SHARE, valid_format=regex(asked.EMAIL)),
    ],
    "status": [invalid("status accepted", 1.0, valid_values=list(asked.STATUSES))],
    "quantity": [
        extreme("quantity min", "min", must_be_greater_than_or_equal=asked.QUANTITIES[0]),
        extreme("quantity max", "max", must_be_less_than_or_equal=asked.QUANTITIES[1]),
    ],
}
fresh = {"unit": "hour", "must_be_less_than_or_equal": asked.OLDEST.total_seconds() / 3600}
contract = {
    "dataset": "measured/memory/main/orders",
    "columns": [{"name": name, "checks": checks} for name, checks in columns.items()],
    "checks": [
        {"row_count": {"name": "rows", "threshold": {"must_be_greater_than_or_equal": asked.LEAST_ROWS}}},
        {"freshness": {"name": "updated fresh", "column": "updated_at", "threshold": fresh}},
    ],
}
connection = duckdb.connect()
connection.execute(f"CREATE VIEW orders AS FROM read_parquet('{sys.argv[1]}')")
with TemporaryDirectory() as folder:
    path = Path(folder, "orders.yaml")
    path.write_text(json.dumps(contract))
    found = verify_contract_locally(
        data_sources=[DuckDBDataSourceImpl.from_existing_cursor(connection, "measured")],
        contract_file_path=str(path),
        data_timestamp=asked.AS_OF.isoformat(),
    )


def value_of(name: str, kind: str, told: Mapping[str, float]) -> float:
    """Return the value of a check from the figures that are told with it."""
    there = told["check_rows_tested"] - told.get("missing_count", 0)
    if kind == "missing":
        return told["missing_count"] / told["check_rows_tested"]
    if kind in ("duplicate", "invalid"):
        return (there - told[f"{kind}_count"]) / there
    return told[{"row_count": "check_rows_tested", "freshness": "freshness_in_hours"}.get(kind) or name[-3:]]


results = {one.check.name: one for one in found.contract_verification_results[0].check_results}
asked.tell(
    {name: value_of(name, one.check.type, one.diagnostic_metric_values) for name, one in results.items()},
    {name: one.outcome is CheckOutcome.PASSED for name, one in results.items()},
)
