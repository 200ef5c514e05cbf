"""The only file that reads a clock."""

import time
from datetime import UTC, datetime

TYPE_CHECKING = False  # as `tocsin` spells it: every cron job would wait for `typing`

if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object


class Clock(Protocol):
    """What the shell asks for the time; tests and the simulator pass a virtual one."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        return datetime.now(UTC)


def now() -> datetime:
    """Return the present instant of this machine, aware and in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds from an arbitrary start that no change of the wall clock moves."""
    return time.monotonic()
