"""The other team: delivers the list of planes to whoever waits for it."""

import sys
from pathlib import Path

from table import package_data


def deliver(target: Path) -> None:
    """Write the list; into a pipe, that waits until somebody reads."""
    target.write_bytes((package_data() / "planes.csv").read_bytes())


if __name__ == "__main__":
    deliver(Path(sys.argv[1]))
