"""Prints what the controllers come to, as the documentation shows it: `python -m tests.batch.simulation`."""

import sys
from collections.abc import Iterable
from statistics import fmean

from tests.batch.simulation.figures import Figures
from tests.batch.simulation.scenarios import SCENARIOS, at_capacity, second_run

FIRST_SEED, RUNS = 9_000, 20


def line(name: str, runs: Iterable[Figures]) -> str:
    """Return a row of the table: means, and the worst run in brackets."""
    found = list(runs)
    shares, late = [one.share for one in found], [one.late_share for one in found]
    refused = [100 * one.refused for one in found]
    p95 = 1_000 * max(one.p95 for one in found)
    return (
        f"| {name} | {fmean(shares):.3f} ({min(shares):.3f}) | {fmean(late):.3f} ({min(late):.3f}) "
        f"| {fmean(refused):.2f} % ({max(refused):.2f} %) | {p95:.0f} ms |\n"
    )


def main() -> None:
    """Print the table."""
    seeds = range(FIRST_SEED, FIRST_SEED + RUNS)
    write = sys.stdout.write
    write("| | share of the permitted | from 30 s on | refused | p95 |\n|---|---|---|---|---|\n")
    for scenario in SCENARIOS:
        write(line(scenario.name, map(scenario.run, seeds)))
    for slots in (2, 4, 6, 10, 16):
        write(line(f"capacity of {slots}", (at_capacity(seed, slots) for seed in seeds)))
    write(line("second run, first 30 s", map(second_run, seeds)))


if __name__ == "__main__":
    main()
