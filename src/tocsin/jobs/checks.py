"""What is promised of the data that a run writes: the limits of what it measures, and its own past. Pure."""

from enum import Enum
from typing import Final

from msgspec import Struct

MAX_CHECKS: Final = 50
MAX_LEARNED: Final = 20
"""Of so many metrics of a job it is learned what is normal."""
USUAL_SPREADS: Final = 4.0
"""More than of durations: a job may have many checks, and each can be wrong."""
# Of shares, one in a hundred: nobody is told that a null rate has gone from nothing to a thousandth.
_LEAST_OF_SHARES: Final = 0.01
BOTH: Final = "both"
HIGH: Final = "high"
LOW: Final = "low"
DIRECTIONS: Final = (BOTH, HIGH, LOW)


class Metric(Enum):
    """What is measured of data, in the words of the wire.

    `is_share`: a share from 0 to 1. `is_counted`: never less than 0. `of_column`: of one column, which must
    be named. `of_table`: of all of it, so that no column can be named. `worse`: on which side of what is
    normal data is worse, HIGH, LOW or BOTH; `least`: less than so much off is nothing to speak of.
    """

    is_share: bool
    is_counted: bool
    of_column: bool
    of_table: bool
    worse: str
    least: float

    ROW_COUNT = "row_count"
    NULL_RATE = "null_rate"
    UNIQUENESS = "uniqueness"
    FRESHNESS = "freshness"
    SCHEMA_DRIFT = "schema_drift"
    VALUE_RANGE = "value_range"
    PATTERN_MATCH = "pattern_match"

    def __init__(self, word: str) -> None:
        self.is_share = word in ("null_rate", "uniqueness", "pattern_match")
        self.is_counted = word in ("row_count", "freshness", "schema_drift")
        self.of_column = self.is_share or word == "value_range"
        self.of_table = word == "row_count"
        self.worse = BOTH if word in ("row_count", "value_range") else HIGH
        if word in ("uniqueness", "pattern_match"):
            self.worse = LOW
        self.least = _LEAST_OF_SHARES if self.is_share else 0.0


class Anomaly(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """How far from its own past a metric may be: so many normal spreads, and never less than `least`.

    `direction` is the side that counts, HIGH, LOW or BOTH; empty: the side on which such data is worse.
    `least` None: what is usual for the metric. It is kept as an array: a new field comes last and has a
    default.
    """

    spreads: float = USUAL_SPREADS
    direction: str = ""
    least: float | None = None


class Compared(Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """What one metric of a run was compared with, as far as anything was normal before it.

    `spreads` is by how many normal spreads it was off, None where too little was known: then `runs` is how
    many had told anything. The rest is kept of what was far off alone: the `ordinary` value, from `low` to
    `high` where nineteen of twenty lie, of so many `runs` of which kind (`method`). It is kept as an array: a
    new field comes last and has a default.
    """

    key: str
    spreads: float | None = None
    runs: int = 0
    ordinary: float = 0.0
    low: float = 0.0
    high: float = 0.0
    method: str = ""


class Check(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A limit for one metric of a job's data: at least `least`, at most `most`, each None for no limit.

    `severity` is how bad it is when it fails, by its word; empty: a warning. `anomaly` is how far it may be
    from its own past; None: as far as it likes. It is kept as an array: a new field comes last and has a
    default.
    """

    id: str
    metric: Metric
    column: str = ""
    least: float | None = None
    most: float | None = None
    severity: str = ""
    anomaly: Anomaly | None = None

    @property
    def key(self) -> str:
        """The name under which a run sends the metric: `row_count`, `<column>_<metric>`."""
        return f"{self.column}_{self.metric.value}" if self.column else self.metric.value

    @property
    def has_no_limit(self) -> bool:
        """Whether nothing but its own past could make it fail."""
        return self.least is None and self.most is None

    def holds(self, value: float) -> bool:
        """Whether a value is within the limits."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def is_unusual(self, value: float, compared: Compared | None) -> bool:
        """Whether a value is further from what was normal before it than the check lets it be."""
        anomaly = self.anomaly
        if anomaly is None or compared is None or compared.spreads is None:
            return False
        counts = anomaly.direction or self.metric.worse
        if counts not in (BOTH, HIGH if compared.spreads > 0 else LOW) or not compared.runs:
            return False
        least = self.metric.least if anomaly.least is None else anomaly.least
        return abs(compared.spreads) >= anomaly.spreads and abs(value - compared.ordinary) >= least


def learned_keys(checks: tuple[Check, ...]) -> dict[str, Metric]:
    """Return of which metrics it is to be learned what is normal, by their names: at most MAX_LEARNED."""
    found: dict[str, Metric] = {}
    for check in checks:
        if check.anomaly is not None and (check.key in found or len(found) < MAX_LEARNED):
            found[check.key] = check.metric
    return found
