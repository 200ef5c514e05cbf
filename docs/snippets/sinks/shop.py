import os
import sys

from tocsin.batch import Pipeline
from tocsin.batch.sinks.http import HTTPJSON

ORDERS = [{"order": f"o{number}", "sum": number} for number in range(1_200)]

shop = HTTPJSON(
    "https://shop.example.com/api/orders",
    headers={"Authorization": f"Bearer {os.environ['SHOP_TOKEN']}"},
    wrap="orders",
    errors_at="errors[].index/field,message",
    id_field="request_id",
    max_records=500,
    max_bytes=1_000_000,
    rate="3000/min",
)
pipeline = Pipeline("orders", shop, id="order")

if __name__ == "__main__":
    send = "--send" in sys.argv
    print(pipeline.run(ORDERS) if send else pipeline.plan(ORDERS))
