"""One report made of the parts that the tasks give back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tocsin.batch.report import RunReport
from tocsin.batch.spark.work import Part, Work
from tocsin.batch.state.base import RunStatus
from tocsin.batch.words import counted

TOLD_REASONS: Final = 3
_WORST_FIRST: Final = (RunStatus.FAILED, RunStatus.SUSPENDED, RunStatus.CANCELLED)


def report_of(work: Work, parts: Sequence[Part], *, seconds: float, failure: str = "") -> RunReport:
    """Return the report of all parts together; `failure` is why not all of them came to an end.

    Where the time went is told as the mean of the tasks, which run side by side.
    """
    reports = [part.report for part in parts]
    status, reason = _ending(work, parts, failure)
    requests, sent = sum(one.requests for one in reports), sum(one.sent_bytes for one in reports)
    sent_records = sum(one.records_per_batch * one.requests for one in reports)
    delivered = sum(one.delivered for one in reports)
    rates = [one.requests_per_second for one in reports if one.requests_per_second is not None]
    found = [one.found_requests_per_second for one in reports if one.found_requests_per_second is not None]
    return RunReport(
        pipeline=work.run.pipeline,
        run_id=work.run.id,
        source=work.run.source,
        status=status,
        reason=reason,
        read=sum(one.read for one in reports),
        delivered=delivered,
        dead=sum(one.dead for one in reports),
        skipped=sum(one.skipped for one in reports),
        resent=sum(one.resent for one in reports),
        requests=requests,
        sent_bytes=sent,
        seconds=seconds,
        records_per_second=delivered / seconds if seconds > 0 else 0.0,
        waited={name: spent / len(reports) for name, spent in _sum(one.waited for one in reports).items()},
        retries={name: int(count) for name, count in _sum(one.retries for one in reports).items()},
        rejected={name: int(count) for name, count in _sum(one.rejected for one in reports).items()},
        batch_seconds=sum(one.batch_seconds * one.requests for one in reports) / requests
        if requests
        else 0.0,
        slowest_batch_seconds=max((one.slowest_batch_seconds for one in reports), default=0.0),
        records_per_batch=sent_records / requests if requests else 0.0,
        bytes_per_record=sent / sent_records if sent_records else 0.0,
        most_in_flight=sum(one.most_in_flight for one in reports),
        requests_per_second=sum(rates) if rates else None,
        # Of a limit that not every task has met nobody knows what it is for all of them.
        found_requests_per_second=sum(found) if found and len(found) == len(reports) else None,
        read_now=sum(one.read_now for one in reports),
        seconds_in_source=sum(one.seconds_in_source for one in reports) / max(1, len(reports)),
        seconds_encoding=sum(one.seconds_encoding for one in reports) / max(1, len(reports)),
        limits=work.preparation.sink.limits,
        cpu_seconds=sum(one.cpu_seconds for one in reports),
        peak_memory_bytes=max((one.peak_memory_bytes for one in reports), default=0),
        config=work.config,
    )


def _ending(work: Work, parts: Sequence[Part], failure: str) -> tuple[RunStatus, str]:
    ended_early = [part for part in parts if part.report.status is not RunStatus.COMPLETED]
    reasons = [f"partition {part.index}: {part.report.reason}" for part in ended_early]
    told = reasons[:TOLD_REASONS] + ([failure] if failure else [])
    if len(reasons) > TOLD_REASONS:
        told.append(f"and {len(reasons) - TOLD_REASONS} more partitions")
    if failure:
        return RunStatus.FAILED, "; ".join(told)
    if ended_early:
        found = {part.report.status for part in ended_early}
        return next((one for one in _WORST_FIRST if one in found), RunStatus.FAILED), "; ".join(told)
    why = _too_many(work, parts)
    return (RunStatus.FAILED, why) if why else (RunStatus.COMPLETED, "")


def _too_many(work: Work, parts: Sequence[Part]) -> str:
    """Return that more records have failed than may, of all partitions together."""
    dead = sum(part.report.dead for part in parts)
    decided = dead + sum(part.report.delivered for part in parts)
    if work.most_failed is not None and dead > work.most_failed:
        return f"{counted(dead)} failed; {work.most_failed:,} may"
    percent = 100.0 * dead / decided if decided else 0.0
    if percent > work.most_failed_percent:
        return f"{percent:.3g} % of the records failed; {work.most_failed_percent:g} % may"
    return ""


def warnings_of(work: Work, parts: Sequence[Part], *, has_id: bool, is_speculative: bool) -> tuple[str, ...]:
    """Return what people should know of a run on Spark besides its figures."""
    told = []
    if not has_id:
        told.append(
            "no id= is given: each row has one made of all that is in it, so that a sink that leaves out "
            "what it has already takes one of several rows that are the same in every column"
        )
    if is_speculative:
        told.append(
            "spark.speculation is on: Spark may run a task twice at a time, which sends its rows twice, "
            "with the same ids; turn it off for what has effects outside"
        )
    if work.preparation.key is not None and work.tasks > 1:
        told.append(
            "order is kept for a key within a partition: frame.repartition(key).sortWithinPartitions(...) "
            "brings what belongs together into one"
        )
    again = sum(1 for part in parts if part.tries)
    if again:
        told.append(
            f"{again} of {len(parts)} tasks were begun again: what they had sent was sent twice, same ids"
        )
    if 0 < len(parts) < work.tasks:
        told.append(
            f"the frame came in {len(parts)} partitions, and the rate is divided by {work.tasks}: "
            f"frame.repartition({work.tasks}) uses all of it"
        )
    left_out = sum(part.batches_left_out for part in parts)
    if left_out:
        told.append(f"the history leaves out {left_out:,} batches, of which there were too many in a task")
    theirs = [f"partition {part.index}: {one}" for part in parts for one in part.report.warnings]
    more = len(theirs) - TOLD_REASONS
    return (*told, *theirs[:TOLD_REASONS], *([f"and {more} more warnings of partitions"] if more > 0 else ()))


def _sum(counts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for one in counts:
        for name, much in one.items():
            total[name] = total.get(name, 0) + much
    return total
