"""The records that are sent: events of some 300 bytes, each with its number in its id."""

import argparse
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from benchmarks.batch.ledger import POISON

KEYS = 1_000
TOWNS = ("Zürich", "Łódź", "København", "Sofia")


def event(number: int, name: str = "Order Completed") -> dict[str, Any]:
    """Return one record, the same for the same number."""
    return {
        "type": "track",
        "userId": f"user-{number * 7919 % KEYS:04d}",
        "messageId": f"e-{number}",
        "event": name,
        "timestamp": f"2026-11-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00.000Z",
        "properties": {
            "order": f"o-{number * 31 % 1_000_003:07d}",
            "total": number % 50_000 / 100,
            "currency": "EUR",
            "town": TOWNS[number % len(TOWNS)],
            "items": [number % 97, number % 89, number % 83],
            "is_first": number % 5 == 0,
            "coupon": None if number % 10 == 0 else "AUTUMN",
            "referrer": "the newsletter of November",
        },
    }


def events(count: int, poison: Collection[int] = ()) -> Iterator[dict[str, Any]]:
    """Yield so many records; those with these numbers are bad in the eyes of the sink."""
    for number in range(count):
        yield event(number, POISON) if number in poison else event(number)


def poisoned(count: int, share: float) -> frozenset[int]:
    """Return the numbers of bad records, spread evenly, none in the first part."""
    bad = round(count * share)
    return frozenset(round((index + 0.5) * count / bad) for index in range(bad))


def write(path: Path, count: int, poison: Collection[int] = ()) -> None:
    """Write them to a file, one a line."""
    with path.open("w", encoding="utf-8") as file:
        for one in events(count, poison):
            file.write(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n")


def main() -> None:
    """Write a file of records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--bad", type=float, default=0.0, help="share of bad ones")
    chosen = parser.parse_args()
    write(chosen.path, chosen.count, poisoned(chosen.count, chosen.bad) if chosen.bad else ())


if __name__ == "__main__":
    main()
