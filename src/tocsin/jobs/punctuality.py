"""How often what was expected of a job came, of what anybody can know. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tocsin.jobs.occurrence import Occurrence, OccurrenceStatus

_EXCUSED: Final = "excused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Punctuality:
    """Expected runs by what became of them; the skipped, the excused and the unknown count neither way."""

    met: int
    late: int
    missed: int
    skipped: int
    unknown: int
    excused: int = 0

    @property
    def percent(self) -> float | None:
        """The share that was met, among those of which it is known whether they were; None where none is."""
        known = self.met + self.late + self.missed
        return round(100 * self.met / known, 1) if known else None


def punctuality_of(occurrences: Iterable[Occurrence]) -> Punctuality:
    """Return how often the expected runs among these came; what is still to come is left out."""
    counts = Counter(_EXCUSED if _is_excused(one) else one.status for one in occurrences)
    return Punctuality(
        met=counts[OccurrenceStatus.MET],
        late=counts[OccurrenceStatus.LATE],
        missed=counts[OccurrenceStatus.MISSED],
        skipped=counts[OccurrenceStatus.SKIPPED],
        unknown=counts[OccurrenceStatus.UNKNOWN],
        excused=counts[_EXCUSED],
    )


def _is_excused(one: Occurrence) -> bool:
    return one.let_off is not None and one.status in (OccurrenceStatus.LATE, OccurrenceStatus.MISSED)
