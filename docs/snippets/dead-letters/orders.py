import json
from pathlib import Path

from tocsin.batch.outcome import Partial
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sink import sink

ORDERS = [
    {"order": "o1", "customer": "ada", "email": "ada@example.com"},
    {"order": "o2", "customer": "bob", "email": "bob@example.com"},
    {"order": "o3", "customer": "cyd", "email": "cyd@example.com"},
]
CUSTOMERS = Path("customers.txt")
CUSTOMERS.touch()


@sink(max_records=100)
def shop(batch: Batch) -> Partial:
    """Stand for a service that takes orders of customers it knows."""
    known = CUSTOMERS.read_text().split()
    customers = [json.loads(record)["customer"] for record in batch.records]
    return Partial({n: f"customer {c!r} is not known" for n, c in enumerate(customers) if c not in known})


pipeline = Pipeline("orders", shop, id="order", redact=("email",), max_rejects="100%", state="orders.db")

if __name__ == "__main__":
    pipeline.run(ORDERS)
