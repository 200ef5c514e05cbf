"""What is to be measured of data, and what came of it, whatever measures it. Pure."""

from enum import Enum
from typing import Final

from msgspec import Struct

from tocsin.jobs.checks import Check, Metric

MAX_SEGMENTS: Final = 1_000
"""So many segments are told apart by `group_by`; a column of more values is none to group by."""
MAX_SHOWN: Final = 5


class Between(Struct, frozen=True, tag=True, gc=False):
    """A value, or the number of characters `of_length`, lies between these, both included; None: no limit.

    Beyond `warn_low` and `warn_high`, which lie within the limits, it is worth a warning.
    """

    low: float | None = None
    high: float | None = None
    of_length: bool = False
    warn_low: float | None = None
    warn_high: float | None = None

    @property
    def without_a_warning(self) -> "Between":
        """The range whose values are not even worth a warning."""
        low = self.low if self.warn_low is None else self.warn_low
        high = self.high if self.warn_high is None else self.warn_high
        return Between(low, high, of_length=self.of_length)

    def furthest_outside(self, least: float, most: float) -> float | None:
        """Return which of the least and the largest value lies further outside; None where neither does."""
        below = 0.0 if self.low is None else self.low - least
        above = 0.0 if self.high is None else most - self.high
        if max(below, above) <= 0:
            return None
        return least if below > above else most


class Matching(Struct, frozen=True, tag=True, gc=False):
    """A text in which an RE2 pattern is found anywhere, unless it is anchored."""

    pattern: str


class OneOf(Struct, frozen=True, tag=True, gc=False):
    """A value that is one of these."""

    values: tuple[str | float | bool, ...]


class FoundIn(Struct, frozen=True, tag=True, gc=False):
    """A value that stands in a column of another table: of a database its name, else a path or pattern."""

    table: str
    column: str


ValueTest = Between | Matching | OneOf | FoundIn
"""What a single value passes or fails; one that is null is neither."""


class Quantile(Struct, frozen=True, tag=True, gc=False):
    """The value below which this share of all values lies: 0.5 is the median."""

    share: float


class Age(Struct, frozen=True, tag=True, gc=False):
    """How old the newest instant is, in units of so many seconds; those without a zone are of `timezone`."""

    unit_seconds: float = 1.0
    timezone: str = "UTC"


class Shape(Struct, frozen=True, tag=True, gc=False):
    """The columns that are expected, by name and, where it matters, type.

    `may_grow`: others may come. `in_order`: they stand in this order.
    """

    columns: tuple[tuple[str, str], ...]
    may_grow: bool = False
    in_order: bool = False


class Custom(Struct, frozen=True, tag=True, gc=False):
    """An aggregate over the columns of the table in SQL, or a whole SELECT; `{table}` stands for it."""

    sql: str

    @property
    def is_query(self) -> bool:
        """Whether it is a whole SELECT."""
        return self.sql.lstrip()[:6].upper().startswith(("SELECT", "WITH"))


Detail = ValueTest | Quantile | Age | Shape | Custom


class Measurement(Struct, frozen=True, kw_only=True, gc=False):
    """One metric of a table: of which column or columns, of which rows, and by which test.

    `where` is an SQL condition that chooses rows; `group_by` asks for each segment by itself. Where two ask
    for the same, they are equal, and it is measured once.
    """

    metric: Metric
    columns: tuple[str, ...] = ()
    where: str = ""
    group_by: tuple[str, ...] = ()
    detail: Detail | None = None
    is_approximate: bool = False


class Segment(Struct, frozen=True, gc=False):
    """One segment, as people call it (`country=DE`), and its value; None: a rate of nothing."""

    name: str
    value: float | None


class Reading(Struct, frozen=True, kw_only=True, gc=False):
    """What came of a measurement: its value, or why there is none.

    `is_error`: it could not be measured at all; without it, and without a value, it is undefined. `said` adds
    what a number cannot say, such as which columns have changed. `segments` are there instead of a value
    where they were asked for.
    """

    value: float | None = None
    said: str = ""
    is_error: bool = False
    segments: tuple[Segment, ...] = ()


class OnFail(Enum):
    """What a failed check does: fail the run, leave it to the rules, or be recorded alone."""

    FAIL_RUN = "fail_run"
    ALERT = "alert"
    RECORD = "record"


class DataCheck(Struct, frozen=True, kw_only=True, gc=False):
    """A check with what must be measured for it, and what becomes of the run when it fails."""

    check: Check
    measurement: Measurement
    on_fail: OnFail = OnFail.ALERT
