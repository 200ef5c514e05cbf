"""What this process has used of its machine; cheap enough to be asked with every batch."""

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

KIB: Final = 1_024
_PAGES: Final = Path("/proc/self/statm")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds() -> float:
    """Return the processor time of all threads so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory_bytes() -> int:
    """Return the memory that is resident now; where the system does not tell, the most that ever was."""
    with suppress(OSError):
        return int(_PAGES.read_bytes().split()[1]) * _PAGE_BYTES
    return peak_memory_bytes()


def peak_memory_bytes() -> int:
    """Return the most memory that was ever resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else KIB)
