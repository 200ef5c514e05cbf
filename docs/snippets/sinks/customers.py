import os
import sys

from tocsin.batch import BatchConfig, Pipeline
from tocsin.batch.sinks.customerio import CustomerIO, identify, suppress, track

CUSTOMERS = [
    {"id": 7, "email": "ada@example.com", "bought": "tea", "at": "2026-11-22T10:00:00+01:00"},
    {"id": 8, "email": "bob@example.com", "bought": None, "at": None},
    {"id": 9, "email": "cyd@example.com", "forget": True},
]


def calls(customer: dict) -> list[dict]:
    """Return what Customer.io is told of one customer."""
    if customer.get("forget"):
        return [suppress(customer["id"])]
    told = [identify(customer["id"], {"email": customer["email"]})]
    if customer["bought"]:
        told.append(track(customer["id"], "bought", {"what": customer["bought"]}, timestamp=customer["at"]))
    return told


pipeline = Pipeline(
    "customers",
    CustomerIO(os.environ["CIO_API_KEY"], region="eu"),
    map=calls,
    key="id",
    id="id",
    config=BatchConfig(rate_limit_rps=500),
)

if __name__ == "__main__":
    send = "--send" in sys.argv
    print(pipeline.run(CUSTOMERS) if send else pipeline.plan(CUSTOMERS))
