"""How a pipeline batches, sends and fails: a few settings, each with the effect that its name says."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from tocsin.errors import InvalidPipeline


class Strategy(StrEnum):
    """When a batch is full.

    Always by records and bytes, and when nothing more comes. SIZE_BASED: by these alone. TIME_BASED: also
    when its oldest record has waited `max_wait_seconds`. MEMORY_BASED: also when what waits has taken up half
    of `memory_budget_bytes`, however long that takes. ADAPTIVE: as TIME_BASED, and its size follows what a
    request costs, as far as the limits allow.
    """

    SIZE_BASED = "size_based"
    TIME_BASED = "time_based"
    MEMORY_BASED = "memory_based"
    ADAPTIVE = "adaptive"


class ErrorHandling(StrEnum):
    """What becomes of records that fail; one that waits for a rate limit has not failed.

    FAIL_FAST: the first failure stops the run, which can be resumed. CONTINUE_ON_ERROR: they become dead
    letters at once. RETRY_WITH_BACKOFF: they are tried again, and when that is of no use the run stops.
    DEAD_LETTER_QUEUE: they are tried again, and then become dead letters. Records that the sink calls bad are
    never tried again: under all but FAIL_FAST they become dead letters.
    """

    FAIL_FAST = "fail_fast"
    CONTINUE_ON_ERROR = "continue_on_error"
    RETRY_WITH_BACKOFF = "retry_with_backoff"
    DEAD_LETTER_QUEUE = "dead_letter_queue"


class Priority(StrEnum):
    """Whose request goes first where several pipelines of a process share a rate."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


RANGES: Final[dict[str, tuple[float, float]]] = {
    "max_batch_size": (1, 10_000),
    "max_batch_bytes": (1_024, 1_048_576),
    "parallel_workers": (1, 20),
    "retry_attempts": (0, 10),
    "retry_backoff_seconds": (0.1, 60),
    "timeout_seconds": (1, 300),
    "rate_limit_rps": (1, 1_000),
    "error_threshold_percent": (0, 100),
    "max_wait_seconds": (0.01, 3_600),
    "memory_budget_bytes": (65_536, 4 * 2**30),
    "max_outage_seconds": (0, 86_400),
}
"""The least and the most of each number, both included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchConfig:
    """How a pipeline batches, sends and fails; of this and of what the sink allows the smaller holds.

    `max_batch_bytes`: of the body of a request before compression. `parallel_workers`: requests in flight
    at most. `retry_attempts`: how often a failed request is sent again. `retry_backoff_seconds`: how long it
    waits before the first of these, doubling. `timeout_seconds`: of one request. `rate_limit_rps`: requests a
    second of all workers. `error_threshold_percent`: with a larger share of failed records the run stops.
    `max_wait_seconds`: a record waits no longer for its batch to fill, where the strategy goes by time.
    `memory_budget_bytes`: records that wait, are in flight, or are dead and not written down yet.
    `max_outage_seconds`: a sink that is away for longer ends the run, which can be resumed.
    `enable_compression`: bodies are sent compressed, where the sink can. `enable_monitoring`: batches are
    kept in the history, and a client that is configured reports the run.

    Raises InvalidPipeline with every value that is out of range.
    """

    max_batch_size: int = 1_000
    max_batch_bytes: int = 512_000
    parallel_workers: int = 4
    retry_attempts: int = 3
    retry_backoff_seconds: float = 2.0
    timeout_seconds: float = 30.0
    rate_limit_rps: float = 100.0
    error_threshold_percent: float = 5.0
    strategy: Strategy = Strategy.ADAPTIVE
    error_handling: ErrorHandling = ErrorHandling.DEAD_LETTER_QUEUE
    priority: Priority = Priority.NORMAL
    enable_compression: bool = False
    enable_monitoring: bool = True
    max_wait_seconds: float = 1.0
    memory_budget_bytes: int = 32 * 2**20
    max_outage_seconds: float = 900.0

    def __post_init__(self) -> None:
        faults = [fault for one in fields(self) if (fault := self._fault_of(one.name))]
        if faults:
            raise InvalidPipeline("; ".join(faults))
        for name, choices in _CHOICES.items():
            object.__setattr__(self, name, choices(getattr(self, name)))

    def _fault_of(self, name: str) -> str:
        value = getattr(self, name)
        if name in _CHOICES:
            words = [str(one) for one in _CHOICES[name]]
            return "" if value in words else f"{name} is {value!r}; it is one of {', '.join(words)}"
        if name not in RANGES:
            return "" if isinstance(value, bool) else f"{name} is {value!r}; it is True or False"
        least, most = RANGES[name]
        whole = name in _WHOLE
        wanted = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            return f"{name} is {value!r}; it is a {'whole ' if whole else ''}number"
        return "" if least <= value <= most else f"{name} is {value}; it lies between {least:g} and {most:g}"


_WHOLE: Final = frozenset(one.name for one in fields(BatchConfig) if type(one.default) is int)
_CHOICES: Final[dict[str, type[StrEnum]]] = {
    "strategy": Strategy,
    "error_handling": ErrorHandling,
    "priority": Priority,
}
