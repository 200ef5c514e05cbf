"""What a run has come to: how many records, how fast, and where the time went."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import msgspec

from tocsin.batch.config import BatchConfig
from tocsin.batch.limits import Limits
from tocsin.batch.state.base import RunStatus
from tocsin.batch.tally import Share
from tocsin.errors import InvalidPipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run has come to; a run that was resumed counts from its first beginning.

    Always `read == delivered + dead + skipped`, in records of the source. `resent` are records that were sent
    more than once; `seconds` is the time of this run alone, `waited` what it waited for (by `Share`), and
    `records_per_second` is of this run alone, as are `read_now` and the seconds in source and encoding.
    `requests_per_second` is what was allowed in the end, `found_requests_per_second` a limit that the sink
    did not declare, or one below that. `warnings` are what people should know of it besides its figures.
    """

    pipeline: str
    run_id: str
    source: str
    status: RunStatus
    reason: str = ""
    read: int = 0
    delivered: int = 0
    dead: int = 0
    skipped: int = 0
    resent: int = 0
    requests: int = 0
    sent_bytes: int = 0
    seconds: float = 0.0
    records_per_second: float = 0.0
    waited: Mapping[str, float] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    batch_seconds: float = 0.0
    slowest_batch_seconds: float = 0.0
    records_per_batch: float = 0.0
    bytes_per_record: float = 0.0
    most_in_flight: int = 0
    requests_per_second: float | None = None
    found_requests_per_second: float | None = None
    read_now: int = 0
    seconds_in_source: float = 0.0
    seconds_encoding: float = 0.0
    limits: Limits = field(default_factory=Limits)
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    config: BatchConfig = field(default_factory=BatchConfig)
    resumed_at: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the source was read to its end and every record has an end."""
        return self.status is RunStatus.COMPLETED

    @property
    def failed_percent(self) -> float:
        """Return the share of dead records among those that were not left out."""
        decided = self.delivered + self.dead
        return 100.0 * self.dead / decided if decided else 0.0

    def share_of(self, share: Share) -> float:
        """Return which part of the run was spent waiting for this, from 0 to 1."""
        return self.waited.get(share, 0.0) / self.seconds if self.seconds > 0 else 0.0

    @property
    def bottleneck(self) -> Share | None:
        """Return what the run has waited for most, None where it has hardly waited."""
        share = max(Share, key=lambda one: self.waited.get(one, 0.0))
        return share if self.share_of(share) > 0 else None

    def to_json(self) -> bytes:
        """Return it as JSON, as the state keeps it."""
        return msgspec.json.encode(asdict(self))

    def __str__(self) -> str:
        parts = [f"{self.delivered:,} delivered"]
        parts += [f"{self.dead:,} dead"] if self.dead else []
        parts += [f"{self.skipped:,} left out"] if self.skipped else []
        rate = f"{self.records_per_second:,.0f} records/s" if self.seconds else "at once"
        told = f"{self.pipeline}: {self.status}: {', '.join(parts)} of {self.read:,} read; {rate}"
        return "; ".join((told, *filter(None, (self.reason, *self.warnings))))


def report_from(kept: bytes) -> RunReport | None:
    """Return a report as the state keeps it; None where there is none, or none that can be read."""
    try:
        return msgspec.json.decode(kept, type=RunReport) if kept else None
    except (msgspec.MsgspecError, InvalidPipeline):
        return None
