"""What a sink takes at most, and how its requests are put together."""

import re
from dataclasses import dataclass, fields
from math import inf
from typing import Final

from tocsin.errors import InvalidPipeline

_RATE = re.compile(
    r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:/|per)\s*(s|sec|second|min|minute|h|hour)s?\s*", re.IGNORECASE
)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3_600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a sink takes at most; None where that is not known, and is found out where it matters.

    Bytes are those of the request's body before compression. `scope` names who shares the rate, so that two
    pipelines with the same key of the same service do not take it twice; empty: nobody.
    """

    max_records: int | None = None
    max_bytes: int | None = None
    max_record_bytes: int | None = None
    requests_per_second: float | None = None
    records_per_second: float | None = None
    max_concurrency: int | None = None
    scope: str = ""

    def __post_init__(self) -> None:
        faults = [
            f"{one.name} is {value!r}; it is a {'whole ' if one.name in _WHOLE else ''}number above zero"
            for one in fields(self)
            if one.name != "scope"
            and (value := getattr(self, one.name)) is not None
            and not _is_above_zero(value, whole=one.name in _WHOLE)
        ]
        if faults:
            raise InvalidPipeline("; ".join(faults))


_WHOLE: Final = frozenset({"max_records", "max_bytes", "max_record_bytes", "max_concurrency"})


def _is_above_zero(value: object, *, whole: bool) -> bool:
    wanted = int if whole else (int, float)
    return isinstance(value, wanted) and not isinstance(value, bool) and 0 < value < inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """What stands before, between and after the records of a request, so that its size is known exactly."""

    prefix: bytes = b"["
    separator: bytes = b","
    suffix: bytes = b"]"

    @property
    def overhead(self) -> int:
        """Return how many bytes a request has without records."""
        return len(self.prefix) + len(self.suffix)

    def size(self, count: int, record_bytes: int) -> int:
        """Return how many bytes a request with so many records of together so many bytes has."""
        return self.overhead + record_bytes + max(0, count - 1) * len(self.separator)


JSON_ARRAY = Framing()
JSON_LINES = Framing(prefix=b"", separator=b"\n", suffix=b"\n")


def per_second(rate: str | float) -> float:
    """Return a rate in units of one second: 100, "100/s", "3000 per minute"; raises InvalidPipeline."""
    if isinstance(rate, (int, float)):
        return float(rate)
    found = _RATE.fullmatch(rate)
    if found is None or not float(found[1]):
        raise InvalidPipeline(f"{rate!r} is no rate; write it like 100/s or 3000/min")
    return float(found[1]) / _SECONDS[found[2][0].lower()]
