"""Simulates one seed and prints all that happened: `python -m tests.simulation SEED [STORE]`."""

import logging
import sys
import tempfile
from pathlib import Path

from tests.simulation.simulator import simulate


def main() -> int:
    """Return 1 if a promise was broken; a store's path given beside the seed keeps the file to look into."""
    logging.disable(logging.CRITICAL)
    seed, *kept = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        outcome = simulate(int(seed), Path(kept[0] if kept else f"{folder}/store.db"))
    lines = [*outcome.trace, *(f"{count:8} × {what}" for what, count in sorted(outcome.sometimes.items()))]
    sys.stdout.write("\n".join([*lines, *(f"BROKEN {fault}" for fault in outcome.faults), ""]))
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
