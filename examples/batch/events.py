"""Writes what customers of a shop did: `python events.py` makes events.jsonl.gz."""

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

COUNT = 6_000
HEARTBEATS = range(7, COUNT, 60)
WITHOUT_ZONE = range(150, COUNT, 200)
REFUSED = (2_222, 4_444)
BROKEN = (1_111, 5_555)
DELIVERED = COUNT - len(HEARTBEATS) - len(WITHOUT_ZONE) - len(REFUSED) - len(BROKEN)


def event_of(number: int, chance: random.Random) -> dict[str, Any]:
    """Return one event."""
    at = datetime(2026, 11, 22, 8, tzinfo=UTC) + timedelta(seconds=number)
    name = chance.choice(["Product Viewed", "Product Added", "Order Completed"])
    if number in HEARTBEATS:
        name = "Heartbeat"
    if number in REFUSED:
        name = "Reserved"
    return {
        "id": f"event-{number:06d}",
        "customer": f"customer-{chance.randrange(400):03d}",
        "name": name,
        # An old till writes its own time and does not say of which zone.
        "at": f"{at:%Y-%m-%dT%H:%M:%S}{'' if number in WITHOUT_ZONE else 'Z'}",
        "properties": {"sku": f"SKU-{chance.randrange(9_000):04d}", "price": round(chance.random() * 90, 2)},
    }


def write(path: Path) -> None:
    """Write the events, two of them cut off in the middle."""
    chance = random.Random(22)  # noqa: S311 -- the same events every time, not secrecy
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for number in range(COUNT):
            line = json.dumps(event_of(number, chance))
            file.write((line[:60] if number in BROKEN else line) + "\n")


if __name__ == "__main__":
    write(Path("events.jsonl.gz"))
