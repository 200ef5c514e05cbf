"""pandera: a whole frame of pandas; it tells which checks fail, and no values."""

import sys
from collections.abc import Callable

import pandas as pd
import pandera.pandas as pa

from benchmarks.quality.peers import asked
from benchmarks.quality.peers.by_pandera import told


def of_all(name: str, passes: Callable[[pd.Series], bool]) -> pa.Check:
    """Return a check of a column as a whole: its own checks of values know no tolerance."""
    return pa.Check(lambda column: bool(passes(column)), name=name, ignore_na=False)


def may_be_null(name: str, most: float) -> pa.Check:
    """Return a check of how much of a column is null."""
    return of_all(name, lambda column: column.isna().mean() <= most)


schema = pa.DataFrameSchema(
    {
        **{
            column: pa.Column(nullable=True, checks=may_be_null(name, most))
            for name, (column, most) in asked.NULLS.items()
        },
        "order_id": pa.Column(unique=True),
        "amount": pa.Column(
            checks=of_all(
                "amount range", lambda column: column.between(*asked.AMOUNTS).mean() >= asked.AMOUNT_SHARE
            )
        ),
        "sku": pa.Column(
            checks=of_all(
                "sku pattern", lambda column: column.str.contains(asked.SKU).mean() >= asked.SKU_SHARE
            )
        ),
        "email": pa.Column(
            nullable=True,
            checks=[
                may_be_null("email null", asked.NULLS["email null"][1]),
                of_all(
                    "email pattern",
                    lambda column: column.dropna().str.contains(asked.EMAIL).mean() >= asked.EMAIL_SHARE,
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
            checks=of_all("updated fresh", lambda column: column.max() >= asked.AS_OF - asked.OLDEST)
        ),
    },
    checks=pa.Check(lambda frame: len(frame) >= asked.LEAST_ROWS, name="rows"),
)
told(schema, pd.read_parquet(sys.argv[1]))
