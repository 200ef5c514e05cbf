"""All values by one lazy query of Polars, as it streams."""

import sys

import polars as pl
from polars import col

from benchmarks.quality.peers import asked
from benchmarks.quality.peers.by_hand import told

answers = (
    pl.len(),
    *(col(name).count() for name in ("customer_id", "email", "country", "weight")),
    col("order_id").n_unique(),
    col("amount").is_between(*asked.AMOUNTS).sum(),
    col("sku").str.contains(asked.SKU).sum(),
    col("email").str.contains(asked.EMAIL).sum(),
    col("status").is_in(asked.STATUSES).sum(),
    col("quantity").min(),
    col("quantity").max(),
    col("updated_at").max(),
)
query = pl.scan_parquet(sys.argv[1]).select(one.alias(str(place)) for place, one in enumerate(answers))
told(query.collect(engine="streaming").row(0))
