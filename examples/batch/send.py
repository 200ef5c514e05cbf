"""Sends what customers did to Customer.io: `python send.py`, or `python send.py --plan` to try it first."""

import os
import sys
from typing import Any

from tocsin.batch.config import BatchConfig
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sinks.customerio import CustomerIO, track


def to_call(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the call to Customer.io that says what an event says."""
    if event["name"] == "Heartbeat":
        return None  # of no use there: left out
    at = event["at"] if event["at"].endswith("Z") else event["at"] + os.environ.get("TILL_ZONE", "")
    return track(event["customer"], event["name"], event["properties"], timestamp=at)


pipeline = Pipeline(
    "shop-events",
    CustomerIO(os.environ["CIO_KEY"], region="eu", url=os.environ.get("CIO_URL", "")),
    map=to_call,
    id="id",  # tells events apart, so that one that comes twice is known
    key="customer",  # what one customer did arrives in its order
    config=BatchConfig(max_batch_size=100, retry_backoff_seconds=0.5),
    state="shop.db",  # how far it came, and what could not be delivered
)

if __name__ == "__main__":
    if "--plan" in sys.argv:
        print(pipeline.plan("events.jsonl.gz"))
    else:
        print(pipeline.run("events.jsonl.gz", resume=True))
