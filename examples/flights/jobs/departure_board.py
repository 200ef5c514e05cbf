"""Shows what leaves at this hour of this day, as it did in 2013."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from table import rows_of


def board(table: Path, at: datetime) -> list[str]:
    """Return the departures of one carrier in this hour."""
    now = (str(at.month), str(at.day), str(at.hour))
    return [
        f"{int(flight['sched_dep_time']):04}  {flight['carrier']}{flight['flight']:<5} {flight['dest']}"
        for flight in rows_of(table)
        if (flight["month"], flight["day"], flight["hour"]) == now
    ]


if __name__ == "__main__":
    print("\n".join(board(Path(sys.argv[1]), datetime.now(UTC))) or "nothing leaves at this hour")
