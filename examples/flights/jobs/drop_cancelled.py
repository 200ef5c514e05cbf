"""Mends one carrier's table: flights that never arrived have no delay, and are left out."""

import sys
from pathlib import Path

from table import rows_of, write_rows


def drop_cancelled(path: Path) -> int:
    """Return how many flights were left out."""
    flights = rows_of(path)
    arrived = [flight for flight in flights if flight["arr_delay"] != "NA"]
    write_rows(path, arrived, tuple(flights[0]))
    return len(flights) - len(arrived)


if __name__ == "__main__":
    print(f"{drop_cancelled(Path(sys.argv[1]))} flights left out")
