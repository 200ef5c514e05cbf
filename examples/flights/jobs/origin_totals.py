"""Counts the flights of one airport. Of a code that no airport has, it counts none and is content."""

import sys

import tocsin
from table import CARRIERS, rows_of


def count(origin: str) -> None:
    """Print how many flights left an airport."""
    with tocsin.job("origin_totals") as run:
        run.metadata(origin=origin)
        flights = 0
        for table in sorted(CARRIERS.glob("*.csv")):
            flights += sum(flight["origin"] == origin for flight in rows_of(table))
        run.records(ok=flights)
    print(f"{flights} flights left {origin}")


if __name__ == "__main__":
    count(sys.argv[1])
