"""Mean delay at the arrival of one carrier's flights.

It knows nothing of Tocsin, and nothing of flights that never arrived: their delay reads `NA`.
"""

import sys
from pathlib import Path

from table import rows_of


def mean_delay(path: Path) -> float:
    """Return the mean in minutes; raises ValueError at the first flight that has none."""
    flights, total = rows_of(path), 0
    for number, flight in enumerate(flights, start=1):
        print(f"{number} of {len(flights)}: {flight['carrier']} {flight['flight']} to {flight['dest']}")
        total += int(flight["arr_delay"])
    return total / len(flights)


if __name__ == "__main__":
    print(f"{mean_delay(Path(sys.argv[1])):.1f} minutes late on average")
