"""Keeps what each contender says of the sample of orders and of the spoilt ones, for tests to compare with.

python -m benchmarks.quality.told
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.quality.beside import SAMPLE, orders, spoilt
from benchmarks.quality.contenders import ROOT, others, run

KEPT: Final = ROOT / "tests" / "measure" / "told_by_peers.json"


def keep(path: Path = KEPT) -> None:
    """Write what every other one says of the same data."""
    told = {
        name: {one.name: asdict(one.heard(run(one.command(data)).output)) for one in others()}
        for name, data in {"orders": orders(SAMPLE), "spoilt": spoilt()}.items()
    }
    path.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    keep()
