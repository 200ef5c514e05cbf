"""What is promised of the data that a run writes: the limits of what it measures, and its own past. Pure."""

from enum import Enum
from math import copysign, inf
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
_SHARES: Final = (
    "uniqueness",
    "pattern_match",
    "accepted_values",
    "references",
    "in_range",
    "length_in_range",
)
_COUNTED: Final = ("row_count", "freshness", "schema_drift", "distinct_count", "string_length", "stddev")


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
    ACCEPTED_VALUES = "accepted_values"
    REFERENCES = "references"
    IN_RANGE = "in_range"
    STRING_LENGTH = "string_length"
    LENGTH_IN_RANGE = "length_in_range"
    DISTINCT_COUNT = "distinct_count"
    MINIMUM = "min"
    MAXIMUM = "max"
    MEAN = "mean"
    SUM = "sum"
    STANDARD_DEVIATION = "stddev"
    QUANTILE = "quantile"
    CUSTOM = "custom"

    def __init__(self, word: str) -> None:
        self.is_share = word in _SHARES or word == "null_rate"
        self.is_counted = word in _COUNTED
        self.of_table = word in ("row_count", "custom")
        self.of_column = not self.of_table and word not in ("freshness", "schema_drift")
        self.worse = BOTH
        if word in ("null_rate", "freshness", "schema_drift"):
            self.worse = HIGH
        elif word in _SHARES:
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


class Change(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """How far a metric may be from what it was before: at least `least`, at most `most`; None for no limit.

    They are differences, or shares of the value before where `is_relative`: -0.2 is a fifth less. It is kept
    as an array: a new field comes last and has a default.
    """

    least: float | None = None
    most: float | None = None
    is_relative: bool = False

    def of(self, value: float, before: float) -> float:
        """Return by how much a value has changed; from nothing to anything is more than any share."""
        change = value - before
        if not self.is_relative or change == 0:
            return change
        return change / abs(before) if before else copysign(inf, change)

    def holds(self, value: float, before: float) -> bool:
        """Whether a value is no further from the one before than it may be."""
        return _lies(self.of(value, before), self.least, self.most)


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
    from its own past; None: as far as it likes. Beyond `warn_least` and `warn_most`, which lie within the
    limits, it is a warning. `sent_as` is the name of its metric where it has one of its own. `change` is how
    far it may be from the last run that passed; None: as far as it likes. It is kept as an array: a new field
    comes last and has a default.
    """

    id: str
    metric: Metric
    column: str = ""
    least: float | None = None
    most: float | None = None
    severity: str = ""
    anomaly: Anomaly | None = None
    warn_least: float | None = None
    warn_most: float | None = None
    sent_as: str = ""
    change: Change | None = None

    @property
    def key(self) -> str:
        """The name under which a run sends the metric: `row_count`, `<column>_<metric>`, or its own."""
        if self.sent_as:
            return self.sent_as
        return f"{self.column}_{self.metric.value}" if self.column else self.metric.value

    @property
    def asks_for_its_past(self) -> bool:
        """Whether a value is compared with earlier ones."""
        return self.change is not None or self.anomaly is not None

    @property
    def has_no_limit(self) -> bool:
        """Whether nothing but its own past could make it fail, its last runs or all of them."""
        return all(one is None for one in (self.least, self.most, self.warn_least, self.warn_most))

    def holds(self, value: float) -> bool:
        """Whether a value is within all limits."""
        return self.is_bearable(value) and _lies(value, self.warn_least, self.warn_most)

    def is_bearable(self, value: float) -> bool:
        """Whether a value is no worse than a warning."""
        return _lies(value, self.least, self.most)

    def has_changed(self, value: float, before: float | None) -> bool:
        """Whether a value is further from the one before than the check lets it be."""
        return self.change is not None and before is not None and not self.change.holds(value, before)

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


def _lies(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def learned_keys(checks: tuple[Check, ...]) -> dict[str, Metric]:
    """Return of which metrics it is to be learned what is normal, by their names: at most MAX_LEARNED."""
    found: dict[str, Metric] = {}
    for check in checks:
        if check.anomaly is not None and (check.key in found or len(found) < MAX_LEARNED):
            found[check.key] = check.metric
    return found
