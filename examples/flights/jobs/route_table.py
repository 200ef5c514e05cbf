"""Distance and mean time in the air of every route, from a source that hands out one table at a time."""

import time
from collections import defaultdict
from pathlib import Path

import tocsin
from table import CARRIERS, rows_of, write_rows

SOURCE_SECONDS = 1.7


def tabulate() -> None:
    """Leave `routes.csv`."""
    tables = sorted(CARRIERS.glob("*.csv"))
    minutes: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    with tocsin.job("route_table", heartbeat_seconds=2) as run:
        for number, table in enumerate(tables, start=1):
            time.sleep(SOURCE_SECONDS)  # what the source takes
            for flight in rows_of(table):
                if flight["air_time"] != "NA":
                    key = (flight["origin"], flight["dest"], flight["distance"])
                    minutes[key].append(int(flight["air_time"]))
            run.progress(number, len(tables))
        names = ("origin", "dest", "miles", "minutes")
        rows = [
            dict(zip(names, (*key, f"{sum(times) / len(times):.0f}"), strict=True))
            for key, times in sorted(minutes.items())
        ]
        write_rows(Path("routes.csv"), rows, names)
        run.records(ok=len(rows))
    print(f"{len(rows)} routes")


if __name__ == "__main__":
    tabulate()
