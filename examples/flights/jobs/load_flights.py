"""Reads a year of flights and counts them: by carrier, route and day, and one table for each carrier."""

import sys
from collections import defaultdict
from pathlib import Path

import tocsin
from table import FLIGHTS_A_YEAR, all_flights, write_rows

EVERY = 20_000


def load(folder: Path) -> None:
    """Leave `by_day.csv` and `carriers/XX.csv` in the folder."""
    by_carrier: dict[str, list[dict[str, str]]] = defaultdict(list)
    by_day: dict[tuple[str, str, str], int] = defaultdict(int)
    with tocsin.job("load_flights") as run:
        with run.step("read"):
            for number, flight in enumerate(all_flights(), start=1):
                by_carrier[flight["carrier"]].append(flight)
                route = f"{flight['origin']}-{flight['dest']}"
                day = f"{flight['year']}-{int(flight['month']):02}-{int(flight['day']):02}"
                by_day[flight["carrier"], route, day] += 1
                if number % EVERY == 0:
                    run.progress(number, FLIGHTS_A_YEAR)
                    run.records(ok=EVERY)
            run.records(ok=number % EVERY)
        with run.step("write"):
            _write(folder, by_carrier, by_day)
    print(f"{number} flights, {len(by_carrier)} carriers, {len(by_day)} days of routes")


def _write(
    folder: Path, by_carrier: dict[str, list[dict[str, str]]], by_day: dict[tuple[str, str, str], int]
) -> None:
    names = ("carrier", "route", "day", "flights")
    counted = (dict(zip(names, (*key, str(count)), strict=True)) for key, count in sorted(by_day.items()))
    write_rows(folder / "by_day.csv", counted, names)
    (folder / "carriers").mkdir()
    for carrier, flights in by_carrier.items():
        write_rows(folder / "carriers" / f"{carrier}.csv", flights, tuple(flights[0]))


if __name__ == "__main__":
    load(Path(sys.argv[1]))
