import polars as pl

import tocsin

with tocsin.job("load_orders") as run:
    orders = pl.read_csv("orders.csv")
    found = run.check(orders, "orders.checks.yaml")
    if found and not found.failed:
        orders.write_parquet("orders.parquet")
