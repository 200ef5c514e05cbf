import os

from pyspark.sql import SparkSession

from tocsin.batch import Pipeline
from tocsin.batch.sinks.http import HTTPJSON

shop = HTTPJSON(os.environ["SHOP_URL"], max_records=500, rate="40/s")
pipeline = Pipeline("nightly-events", shop, id="event_id")

if __name__ == "__main__":
    spark = SparkSession.builder.getOrCreate()
    events = spark.read.parquet("events.parquet").where("total > 0")
    report = pipeline.run(events)
    print(report, *report.warnings, sep="\n")
    if not report.is_complete:
        raise SystemExit(1)
