"""The orders that every contender checks: ten columns of mixed types, the same for the same seed."""

import sys
from pathlib import Path
from typing import Final

import duckdb

SEED: Final = 7
_STEP: Final = 1_000_000_007
_ORDERS: Final = """
COPY (
    WITH drawn AS (
        SELECT i, hash(i, {seed}, 'a') AS a, hash(i, {seed}, 'b') AS b, hash(i, {seed}, 'c') AS c,
            hash(i, {seed}, 'd') AS d
        FROM range({rows}) AS each(i)
    )
    SELECT
        i * 7 + 1000 AS order_id,
        printf('c-%06d', a % 500000) AS customer_id,
        CASE WHEN b % 400 = 0 THEN printf('sku %d', a % 100000)
            ELSE chr(65 + (a % 26)::INTEGER) || chr(65 + (b % 26)::INTEGER) || chr(65 + (c % 26)::INTEGER)
                || printf('-%05d', d % 100000) END AS sku,
        CASE WHEN c % 33 = 0 THEN NULL WHEN c % 250 = 1 THEN printf('user%d at example', a % 3000000)
            ELSE printf('user%d@mail%d.example.com', a % 3000000, b % 50) END AS email,
        CASE WHEN d % 20000 = 0 THEN -1.0 ELSE round(exp((b % 1000003) / 1000003.0 * 11), 2) END AS amount,
        (1 + c % 40)::INTEGER AS quantity,
        CASE WHEN a % 15000 = 0 THEN 'unknown'
            ELSE ['placed', 'paid', 'sent', 'returned', 'closed'][1 + (d % 5)::INTEGER] END AS status,
        CASE WHEN b % 50 = 0 THEN NULL
            ELSE ['DE', 'FR', 'IT', 'ES', 'PL', 'NL', 'AT', 'DK', 'SE', 'IE'][1 + (a % 10)::INTEGER] END
            AS country,
        CASE WHEN d % 100 = 0 THEN NULL WHEN d % 200 = 1 THEN 'NaN'::DOUBLE
            ELSE round((c % 100003) / 100003.0 * 30, 3) END AS weight,
        TIMESTAMPTZ '2026-03-10 11:00:00+00' - to_microseconds(
            ((i * {step}) % {rows}) * (86400000000 // {rows})) AS updated_at
    FROM drawn
) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 500000)
"""


_SPOILT: Final = """
COPY (
    SELECT i % 9 AS order_id, NULL::VARCHAR AS customer_id, printf('sku %d', i) AS sku,
        CASE WHEN i % 2 = 0 THEN printf('user%d at example', i) END AS email,
        -1.0 AS amount, (101 * (i % 2))::INTEGER AS quantity, 'unknown' AS status, NULL::VARCHAR AS country,
        NULL::DOUBLE AS weight, TIMESTAMPTZ '2026-03-07 11:00:00+00' AS updated_at
    FROM range({rows}) AS each(i)
) TO '{path}' (FORMAT parquet)
"""


def write(path: Path, rows: int, seed: int = SEED) -> None:
    """Write so many orders of a day, of which the newest is of 11:00, as Parquet."""
    _write(_ORDERS, path, rows=rows, seed=seed, step=_STEP)


def write_spoilt(path: Path, rows: int) -> None:
    """Write so many orders that, where they are fewer than a thousand, pass none of the checks."""
    _write(_SPOILT, path, rows=rows)


def _write(query: str, path: Path, **more: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    with duckdb.connect() as connection:
        connection.execute(query.format(path=half, **more))
    half.rename(path)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
