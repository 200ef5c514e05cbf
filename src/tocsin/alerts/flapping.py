"""Jobs that are good and bad by turns: told once that they flap, and once how it has settled. Pure.

Nagios counts state changes among its last 21 checks, weighs newer ones heavier, and keeps two thresholds
of percent, so that flapping neither begins nor ends by one check (Nagios Core, "Detection and Handling of
State Flapping"). Its checks come every few minutes; a nightly job would take weeks to begin and to end. So
here it begins with few changes among few runs, and has settled when some runs in a row were alike: a number
that whoever was told can count on their fingers, and which tells good from bad in the end. The two still
lie apart, for what flaps has not so many alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """It begins with so many `changes` among the last `runs`, and is over after `settled_runs` alike."""

    runs: int = 10
    changes: int = 5
    settled_runs: int = 3


class Course(Enum):
    """How a job has gone of late."""

    STEADY = "steady"
    FLAPPING = "flapping"
    SETTLED = "settled"


def course(marks: Sequence[bool], limits: Flapping, *, is_flapping: bool) -> Course:
    """Return how it goes; `marks` are its last runs, oldest first, and True is bad.

    It can begin with a bad run alone, for before that there is nothing to be told. SETTLED is said only of
    what was flapping.
    """
    is_calm = _alike(marks[-limits.settled_runs :])
    if is_flapping:
        return Course.SETTLED if is_calm else Course.FLAPPING
    has_begun = bool(marks) and marks[-1] and changes_of(marks[-limits.runs :]) >= limits.changes
    return Course.FLAPPING if has_begun and not is_calm else Course.STEADY


def changes_of(marks: Sequence[bool]) -> int:
    """Return how often a run was unlike the one before."""
    return sum(one != other for one, other in pairwise(marks))


def _alike(marks: Sequence[bool]) -> bool:
    return len(set(marks)) <= 1
