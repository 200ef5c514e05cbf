from pyspark.sql import SparkSession

import tocsin

with tocsin.job("load_orders") as run:
    spark = SparkSession.builder.getOrCreate()
    orders = spark.read.parquet("orders.parquet")
    run.check(orders, "orders.checks.yaml")
