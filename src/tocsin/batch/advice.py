"""What held a run up, with the evidence, and which settings another throughput would take."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from tocsin.batch.config import RANGES, BatchConfig
from tocsin.batch.report import RunReport
from tocsin.batch.tally import Share

WORTH_SAYING: Final = 0.05
_MUCH_LARGER: Final = 2
_SPARE: Final = 1.2
"""Answers are not always as quick as on average, so a few more requests at once are needed than that says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Settings for a throughput that is wanted, in source records a second.

    `is_possible`: whether they reach it; if not they are the nearest, `records_per_second` is what they come
    to at most, and `reason` says what stands in the way. Otherwise `reason` says what is to be changed.
    """

    wanted: float
    is_possible: bool
    records_per_second: float
    reason: str
    config: BatchConfig


@dataclass(frozen=True, slots=True)
class _Ceiling:
    """The most that one thing allows, in records a second, and the words for it."""

    records_per_second: float
    why: str


def suggested(report: RunReport, wanted: float) -> Suggestion:
    """Return settings for so many records a second, reckoned from what a run has measured."""
    records = _records_in_a_request(report)
    requests = wanted / records
    workers = ceil(requests * report.batch_seconds * _SPARE)
    ceiling = min(_ceilings(report, records), key=lambda one: one.records_per_second)
    is_possible = wanted <= ceiling.records_per_second
    config = replace(
        report.config,
        max_batch_size=records,
        rate_limit_rps=_within("rate_limit_rps", max(ceil(requests), 1)),
        parallel_workers=int(_within("parallel_workers", max(workers, 1))),
    )
    reason = _what_changes(report, config) if is_possible else f"not possible: {ceiling.why}"
    return Suggestion(
        wanted=wanted,
        is_possible=is_possible,
        records_per_second=min(wanted, ceiling.records_per_second),
        reason=reason,
        config=config,
    )


def _ceilings(report: RunReport, records: int) -> list[_Ceiling]:
    """Return everything that puts a most on a throughput; there is always one."""
    limits, found = report.limits, list[_Ceiling]()
    # What a sink declares is what its vendor allows; what it was found to take is what it takes here.
    told = (limits.requests_per_second, report.found_requests_per_second)
    allowed = min((one for one in told if one), default=None)
    most_requests = min(allowed or RANGES["rate_limit_rps"][1], RANGES["rate_limit_rps"][1])
    whose = "the sink takes" if allowed and allowed == most_requests else "rate_limit_rps may be at most"
    words = f"{whose} {most_requests:,.4g} requests a second of at most {records:,} records"
    found.append(_Ceiling(most_requests * records, words))
    if limits.records_per_second:
        words = f"the sink takes {limits.records_per_second:,.4g} records a second"
        found.append(_Ceiling(limits.records_per_second, words))
    seconds = report.batch_seconds
    if seconds > 0:
        at_once = min(limits.max_concurrency or RANGES["parallel_workers"][1], RANGES["parallel_workers"][1])
        words = (
            f"{at_once:g} requests may be in flight, and each of {records:,} records takes {seconds:.3g} s"
        )
        found.append(_Ceiling(at_once / seconds * records, words))
    reading = report.seconds_in_source + report.seconds_encoding
    if reading > 0 and report.read_now:
        rate = report.read_now / reading
        is_reading = report.seconds_in_source > report.seconds_encoding
        slow = "reading the source keeps" if is_reading else "map and encoding keep"
        found.append(_Ceiling(rate, f"{slow} it to {rate:,.0f} records a second on one core"))
    return found


def _records_in_a_request(report: RunReport) -> int:
    """Return how many records a request can have by every limit."""
    limits = report.limits
    most = min(limits.max_records or RANGES["max_batch_size"][1], RANGES["max_batch_size"][1])
    if report.bytes_per_record > 0:
        most_bytes = report.config.max_batch_bytes
        most = min(most, min(limits.max_bytes or most_bytes, most_bytes) / report.bytes_per_record)
    return max(1, int(most))


def _within(name: str, value: float) -> float:
    least, most = RANGES[name]
    return min(max(value, least), most)


def _what_changes(report: RunReport, after: BatchConfig) -> str:
    before = report.config
    names = ("max_batch_size", "rate_limit_rps", "parallel_workers")
    changes = [
        f"{name} {getattr(before, name):g} → {getattr(after, name):g}"
        for name in names
        if getattr(before, name) != getattr(after, name)
    ]
    told = ", ".join(changes) or "the settings are enough as they are"
    is_larger = report.records_per_batch and after.max_batch_size > _MUCH_LARGER * report.records_per_batch
    return (
        f"{told}; as far as larger requests take no longer, which a short run will show"
        if is_larger
        else told
    )


def explained(report: RunReport) -> tuple[str, ...]:
    """Return what a run waited for, the longest first, each with its evidence and what could be done."""
    told = []
    for share in sorted(Share, key=lambda one: -report.share_of(one)):
        part = report.share_of(share)
        if part >= WORTH_SAYING:
            told.append(f"{part:.0%} of {report.seconds:,.1f} s: {_EVIDENCE[share](report)}")
    return tuple(told) or (f"nothing held it up: {report.records_per_second:,.0f} records a second",)


def _by_rate(report: RunReport) -> str:
    allowed = report.requests_per_second
    rate = "the allowed rate" if allowed is None else f"the allowed rate of {allowed:,.4g} requests a second"
    full = report.records_per_batch
    return (
        f"waited for {rate}, with {full:,.0f} records a request; only a higher limit or fuller requests help"
    )


def _by_concurrency(report: RunReport) -> str:
    return (
        f"{report.most_in_flight} requests were in flight, as many as may be, and each took "
        f"{report.batch_seconds:.3g} s on average; raise parallel_workers, or lanes where order is kept"
    )


_EVIDENCE: Final[dict[Share, Callable[[RunReport], str]]] = {
    Share.SOURCE: lambda report: (
        f"waited for the source, which took {report.seconds_in_source:,.1f} s for {report.read_now:,} records"
    ),
    Share.ENCODE: lambda report: (
        f"waited for map and encoding: {report.seconds_encoding:,.1f} s for {report.read_now:,} records"
    ),
    Share.RATE: _by_rate,
    Share.GATE: lambda report: (
        f"the sink asked for pauses, after {report.retries.get('rate_limit', 0):,} requests too many"
    ),
    Share.CONCURRENCY: _by_concurrency,
    Share.SINK: lambda report: (
        f"waited for answers of the sink: {report.batch_seconds:.3g} s on average, "
        f"{report.slowest_batch_seconds:.3g} s at most; more requests at once would only wait there"
    ),
    Share.OUTAGE: lambda report: (
        f"the sink did not take anything; {sum(report.retries.values()):,} requests were in vain"
    ),
    Share.STATE: lambda _: "waited until what was delivered was written down; a quicker disk helps",
}
