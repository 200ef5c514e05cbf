"""Matches flights with the planes that flew them, once another team has delivered the list of planes.

That list comes through a named pipe: opening one waits until somebody writes into it, for ever if need be.
The process is then alive and sends heartbeats, and gets nowhere.
"""

import sys
from pathlib import Path

import tocsin
from table import CARRIERS, rows_of


def join(planes: Path) -> None:
    """Count the flights of planes that are known, and of those that are not."""
    tables = sorted(CARRIERS.glob("*.csv"))
    tails: list[str] = []
    with tocsin.job("join_planes", heartbeat_seconds=1) as run:
        for number, table in enumerate(tables, start=1):
            tails += [flight["tailnum"] for flight in rows_of(table)]
            run.progress(number, len(tables) + 1)
        with run.step("wait for the planes"):
            known = {plane["tailnum"] for plane in rows_of(planes)}
        matched = sum(tail in known for tail in tails)
        run.records(ok=matched)
        run.metric("flights_without_plane", len(tails) - matched)
    print(f"{matched} of {len(tails)} flights have a known plane")


if __name__ == "__main__":
    join(Path(sys.argv[1]))
