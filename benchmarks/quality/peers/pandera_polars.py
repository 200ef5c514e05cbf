"""pandera: a whole frame of Polars; it tells which checks fail, and no values."""

import sys

import pandera.polars as pa
import polars as pl

from benchmarks.quality.peers import asked
from benchmarks.quality.peers.by_pandera import told


def of_all(name: str, passes: pl.Expr) -> pa.Check:
    """Return a check of a column as a whole: its own checks of values know no tolerance."""
    return pa.Check(lambda data: data.lazyframe.select(passes), name=name)


schema = pa.DataFrameSchema(
    {
        **{
            column: pa.Column(nullable=True, checks=of_all(name, pl.col(column).is_null().mean() <= most))
            for name, (column, most) in asked.NULLS.items()
        },
        "order_id": pa.Column(unique=True),
        "amount": pa.Column(
            checks=of_all(
                "amount range", pl.col("amount").is_between(*asked.AMOUNTS).mean() >= asked.AMOUNT_SHARE
            )
        ),
        "sku": pa.Column(
            checks=of_all("sku pattern", pl.col("sku").str.contains(asked.SKU).mean() >= asked.SKU_SHARE)
        ),
        "email": pa.Column(
            nullable=True,
            checks=[
                of_all("email null", pl.col("email").is_null().mean() <= asked.NULLS["email null"][1]),
                of_all(
                    "email pattern", pl.col("email").str.contains(asked.EMAIL).mean() >= asked.EMAIL_SHARE
                ),
            ],
        ),
        "status": pa.Column(checks=pa.Check.isin(asked.STATUSES, name="status accepted")),
        "quantity": pa.Column(
            checks=[
                pa.Check.ge(asked.QUANTITIES[0], name="quantity min"),
                pa.Check.le(asked.QUANTITIES[1], name="quantity max"),
            ]
        ),
        "updated_at": pa.Column(
            checks=of_all("updated fresh", pl.col("updated_at").max() >= asked.AS_OF - asked.OLDEST)
        ),
    },
    checks=pa.Check(lambda data: data.lazyframe.select(pl.len() >= asked.LEAST_ROWS), name="rows"),
)
told(schema, pl.read_parquet(sys.argv[1]))
