"""`python -m benchmarks [PART …]`: measure, print a table, and with --write keep it in RESULTS.md."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    anomaly,
    backtest,
    delivery,
    escalating,
    forecast,
    idle,
    ingest,
    judging,
    million,
    routing,
    storm,
    wrapper,
)
from benchmarks.batch import beside, on_spark, reading, scenarios
from benchmarks.quality import beside as quality
from benchmarks.report import Row, table, write
from tests.services.postgres import throw_away_server

HERE = Path(__file__).parent
# What is compared by how much it takes in is loaded in turn, each for this part of a round.
SLICES = 3


def _postgres(rounds: int, seconds: float) -> list[Row]:
    with throw_away_server() as server:
        return ingest.measure(rounds, seconds, lambda _which: server.url_of(server.create_database()))


def _parts(chosen: argparse.Namespace) -> dict[str, Callable[[], list[Row]]]:
    rounds, seconds = chosen.rounds, chosen.seconds
    return {
        "ingest": lambda: ingest.measure(rounds * SLICES, seconds / SLICES),
        "postgres": lambda: _postgres(rounds * SLICES, seconds / SLICES),
        "million": lambda: million.measure(1_000_000, rounds),
        "delivery": lambda: delivery.measure(100, 10),
        "escalating": lambda: escalating.measure(1_000),
        "routing": lambda: routing.measure(rounds, 20_000),
        "wrapper": lambda: wrapper.measure(max(15, rounds)),
        "judging": lambda: judging.measure(rounds * SLICES, seconds / SLICES),
        "idle": lambda: idle.measure(3, 30),
        "anomaly": lambda: anomaly.measure(chosen.series),
        "forecast": lambda: forecast.measure(12, 20),
        "backtest": lambda: backtest.measure(chosen.jobs, 365),
        "batch": lambda: scenarios.measure(rounds),
        "batch-peers": lambda: beside.measure(rounds),
        "batch-sources": lambda: reading.measure(rounds),
        "batch-spark": lambda: on_spark.measure(rounds),
        "quality": lambda: quality.measure(rounds, chosen.orders),
        "storm": lambda: [*storm.measure(60, 5), *storm.measure(2, 15)],
    }


def main() -> None:
    """Measure the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--jobs", type=int, default=1_000, help="how many the backtest has; fewer to try it")
    parser.add_argument("--series", type=int, default=30, help="of each scenario of the anomalies, up to 30")
    parser.add_argument("--orders", type=int, default=10_000_000, help="that are checked; fewer to try it")
    parser.add_argument(
        "--write", action="store_true", help="write RESULTS.md and results.json; the rows of other parts stay"
    )
    chosen = parser.parse_args()
    parts = _parts(chosen)
    unknown = [name for name in chosen.parts if name not in parts]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are: {', '.join(parts)}")
    rows: list[Row] = []
    for name in chosen.parts or parts:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += parts[name]()
    print(table(rows))
    if chosen.write:
        write(rows, f"python -m benchmarks {' '.join(sys.argv[1:])}".replace(" --write", ""), HERE)


if __name__ == "__main__":
    main()
