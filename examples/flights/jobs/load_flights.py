"""Loads a year of flights, one run for each month: counts them by carrier, route and day, and files them.

It leaves `by_day-2013-01.csv` for each month, and for each carrier `carriers/XX.csv`, all its flights.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import tocsin
from table import CARRIERS, all_flights, write_rows

EVERY = 5_000


def load_year() -> None:
    """Load every month that there is."""
    CARRIERS.mkdir()
    for month, flights in groupby(
        all_flights(), key=lambda flight: f"{flight['year']}-{int(flight['month']):02}"
    ):
        load_month(month, flights)


def load_month(month: str, coming: Iterator[dict[str, str]]) -> None:
    """Load one month and report it as a run of its own."""
    flights: list[dict[str, str]] = []
    with tocsin.job("load_flights", partition=month) as run:
        with run.step("read"):
            for flight in coming:
                flights.append(flight)
                if len(flights) % EVERY == 0:
                    run.progress(len(flights))
        with run.step("count"):
            by_day = Counter(
                (f["carrier"], f"{f['origin']}-{f['dest']}", f"{month}-{int(f['day']):02}") for f in flights
            )
            names = ("carrier", "route", "day", "flights")
            rows = (
                dict(zip(names, (*key, str(count)), strict=True)) for key, count in sorted(by_day.items())
            )
            write_rows(Path(f"by_day-{month}.csv"), rows, names)
        with run.step("file"):
            _file(flights)
        run.records(ok=len(flights))
    print(f"{month}: {len(flights)} flights on {len(by_day)} days of routes")


def _file(flights: list[dict[str, str]]) -> None:
    by_carrier: dict[str, list[dict[str, str]]] = defaultdict(list)
    for flight in flights:
        by_carrier[flight["carrier"]].append(flight)
    for carrier, own in by_carrier.items():
        table = CARRIERS / f"{carrier}.csv"
        is_new = not table.exists()
        with table.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, tuple(own[0]))
            if is_new:
                writer.writeheader()
            writer.writerows(own)


if __name__ == "__main__":
    load_year()
