"""One run of our pipeline, in a process of its own, so that nothing else counts into its memory or time."""

import resource
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.batch.events import events, poisoned
from benchmarks.batch.terms import Answers
from benchmarks.batch.watched import Flight, WatchedSink, WatchedState
from tocsin.batch.config import BatchConfig
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.sinks.http import HTTPJSON
from tocsin.batch.state import open_state

PERMITTED: Final = "40/s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What to send, where to, and what the pipeline is told of the sink.

    `rate`: the declared limit, None: it has to be found. `most`: the pipeline's own limit in requests a
    second. `path`: a file of records; without it they are made on the way, `bad` of them bad. `state`: the
    file of checkpoints. `is_keyed`: the order of each key is kept. `flight`: the file in which what is in
    flight is counted.
    """

    url: str = ""
    state: str = ""
    count: int = 0
    bad: int = 0
    path: str = ""
    rate: str | None = PERMITTED
    most: float = 1_000.0
    workers: int = 8
    answers: Answers = Answers.STRICT
    is_keyed: bool = False
    is_resumed: bool = False
    flight: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the run says of itself, and the machine of the process; `waited` by cause, in seconds."""

    status: str
    reason: str = ""
    read: int = 0
    delivered: int = 0
    dead: int = 0
    skipped: int = 0
    resent: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0
    waited: dict[str, float] = field(default_factory=dict)


def pipeline_of(case: Case) -> Pipeline:
    """Return the pipeline of a case."""
    state: Any = case.state
    sink = (WatchedSink if case.flight else HTTPJSON)(
        case.url,
        rate=case.rate,
        max_records=500,
        max_bytes=500_000,
        errors_at="errors[].batch_index/message" if case.answers is Answers.INDEXED else "",
    )
    if isinstance(sink, WatchedSink):
        sink.flight = Flight(Path(case.flight))
        state = WatchedState(open_state(case.state), sink.flight)
    config = BatchConfig(rate_limit_rps=case.most, parallel_workers=case.workers)
    key = "userId" if case.is_keyed else None
    return Pipeline("bench", sink, key=key, id="messageId", config=config, state=state)


def go(case: Case) -> Outcome:
    """Run a case."""
    bad = poisoned(case.count, case.bad / case.count) if case.bad else frozenset[int]()
    source = case.path or events(case.count, bad)
    report = pipeline_of(case).run(source, resume=case.is_resumed)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Outcome(
        status=str(report.status),
        reason=report.reason,
        read=report.read,
        delivered=report.delivered,
        dead=report.dead,
        skipped=report.skipped,
        resent=report.resent,
        seconds=report.seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_mib=_peak_mib(),
        waited={str(share): seconds for share, seconds in report.waited.items()},
    )


def _peak_mib() -> float:
    """Return the most that this process had resident; what it was started from does not count in."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Run the case that is given as JSON, and print what became of it."""
    case = msgspec.json.decode(sys.argv[1], type=Case)
    print(msgspec.json.encode(go(case)).decode())


if __name__ == "__main__":
    main()
