"""All values by one query of DuckDB, as somebody writes it who needs nothing else."""

import sys

import duckdb

from benchmarks.quality.peers import asked
from benchmarks.quality.peers.by_hand import told

QUERY = f"""
SELECT count(*), count(customer_id), count(email), count(country), count(weight),
    count(DISTINCT order_id),
    count(*) FILTER (amount BETWEEN 0 AND 100000),
    count(*) FILTER (regexp_matches(sku, '{asked.SKU}')),
    count(*) FILTER (regexp_matches(email, '{asked.EMAIL}')),
    count(*) FILTER (status IN {asked.STATUSES}),
    min(quantity), max(quantity), max(updated_at)
FROM read_parquet($path)
"""  # noqa: S608 -- of constants
told(duckdb.execute(QUERY, {"path": sys.argv[1]}).fetchall()[0])
