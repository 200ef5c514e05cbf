"""By what of a definition the rules go: where two differ in nothing of that, a rule says the same of both."""

from dataclasses import fields
from typing import Final

from tocsin.jobs.folding import Folded
from tocsin.jobs.job import Definition
from tocsin.jobs.sla import SLA
from tocsin.jobs.violations import at_its_end
from tocsin.rules.judge import GOES_BY

_AT_THE_END: Final = frozenset(
    {"max_duration_seconds", "min_duration_seconds", "max_failure_rate", "min_records_processed"}
)
"""By these it is told when a run ends what it has broken, and for how long that is remembered."""
_LONGEST: Final = frozenset({"max_duration_seconds"})
"""By this nothing is remembered: a run that has kept to two of them is told the same of."""
OF_RUNS: Final = frozenset({"max_duration_seconds", "stalled_after_seconds", "no_progress_after_seconds"})
"""By these no rule that finds nothing goes while no run is open and none has failed."""
_WORDS: Final = frozenset({"labels", "runbook", "owner", "description", "rank"})
_KNOWN: Final = frozenset[str]().union(_WORDS, *GOES_BY.values())
_PROMISES: Final = tuple(one.name for one in fields(SLA))


def differing(one: Definition, other: Definition) -> frozenset[str]:
    """Return the names of what differs, in the definitions themselves or in the promises within."""
    found = {name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)}
    if "sla" in found:
        found.remove("sla")
        found.update(name for name in _PROMISES if getattr(one.sla, name) != getattr(other.sla, name))
    return frozenset(found)


def tells_the_same_runs(differing: frozenset[str]) -> bool:
    """Whether definitions that differ so expect the same runs, and take them up alike until they end."""
    return differing <= _KNOWN


def end_alike(folded: Folded, differing: frozenset[str], sla: SLA) -> bool:
    """Whether a check-in comes to the same under promises that differ so from those that it was folded by.

    It does where it has ended no run, or one that has broken nothing under either.
    """
    if not folded.ended or differing.isdisjoint(_AT_THE_END):
        return True
    if differing & _AT_THE_END != _LONGEST or folded.violations:
        return False
    return not at_its_end(folded.runs[-1], sla)


def tells_apart(condition: str, differing: frozenset[str]) -> bool:
    """Whether a condition that finds nothing may say something else where definitions differ so."""
    return not differing.isdisjoint(GOES_BY.get(condition, ()))
