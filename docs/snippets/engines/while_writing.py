from pyspark.sql import SparkSession

import tocsin

CHECKS = [
    {"metric": "row_count", "threshold_min": 1, "severity": "critical"},
    {"metric": "null_rate", "column": "customer", "threshold_max": 0.01},
    {"metric": "distinct_count", "column": "order_id", "threshold_min": 1, "approximate": True},
]

with tocsin.job("load_orders") as run:
    spark = SparkSession.builder.getOrCreate()
    orders = spark.read.parquet("orders.parquet").where("amount > 0")
    with run.observe(orders, CHECKS) as observed:
        observed.write.parquet("lake/orders")
