"""What is promised of the data that a run writes: the limits of what it measures. Pure."""

from enum import Enum
from typing import Final

from msgspec import Struct

MAX_CHECKS: Final = 50


class Metric(Enum):
    """What is measured of data, in the words of the wire.

    `is_share`: a share from 0 to 1. `of_column`: of one column, which must be named. `of_table`: of all of
    it, so that no column can be named.
    """

    is_share: bool
    of_column: bool
    of_table: bool

    ROW_COUNT = "row_count"
    NULL_RATE = "null_rate"
    UNIQUENESS = "uniqueness"
    FRESHNESS = "freshness"
    SCHEMA_DRIFT = "schema_drift"
    VALUE_RANGE = "value_range"
    PATTERN_MATCH = "pattern_match"

    def __init__(self, word: str) -> None:
        self.is_share = word in ("null_rate", "uniqueness", "pattern_match")
        self.of_column = self.is_share or word == "value_range"
        self.of_table = word == "row_count"


class Check(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A limit for one metric of a job's data: at least `least`, at most `most`, each None for no limit.

    `severity` is how bad it is when it fails, by its word; empty: a warning. It is kept as an array: a new
    field comes last and has a default.
    """

    id: str
    metric: Metric
    column: str = ""
    least: float | None = None
    most: float | None = None
    severity: str = ""

    @property
    def key(self) -> str:
        """The name under which a run sends the metric: `row_count`, `<column>_<metric>`."""
        return f"{self.column}_{self.metric.value}" if self.column else self.metric.value

    def holds(self, value: float) -> bool:
        """Whether a value is within the limits."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
