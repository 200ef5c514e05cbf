"""The same pipeline on a frame of Spark with two tasks, against the sink that enforces its limits."""

import os
import sys
import tempfile
from dataclasses import replace
from typing import Any, Final

import msgspec

from benchmarks.batch.figures import Books, said
from benchmarks.batch.ours import Case, Outcome, pipeline_of
from benchmarks.batch.running import SinkProcess, open_sink, run
from benchmarks.batch.terms import Terms
from benchmarks.report import Row, mid

ROWS: Final = 1_000_000
PARTITIONS: Final = 8
MOST_SECONDS: Final = 300.0
EVENT: Final = (
    "'track' AS type",
    "concat('user-', lpad(cast(id * 7919 % 1000 AS string), 4, '0')) AS userId",
    "concat('e-', id) AS messageId",
    "'Order Completed' AS event",
    "date_format(timestamp_seconds(1795000000 + id), \"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\") AS timestamp",
    (
        "named_struct('order', concat('o-', id * 31 % 1000003), 'total', id % 50000 / 100D, "
        "'currency', 'EUR', "
        "'town', element_at(array('Zürich', 'Łódź', 'København', 'Sofia'), cast(id % 4 + 1 AS int)), "
        "'items', array(id % 97, id % 89, id % 83), 'is_first', id % 5 = 0, "
        "'coupon', if(id % 10 = 0, null, 'AUTUMN'), 'referrer', 'the newsletter of November') AS properties"
    ),
)
"""The records of the other scenarios, as Spark computes them."""


def measure(rounds: int) -> list[Row]:
    """Return what is lost of a million rows, and what of the permitted they use; medians."""
    terms, sent = Terms(), list[tuple[Books, Outcome]]()
    with open_sink() as sink:
        for _ in range(rounds):
            sent.append(_sent(sink, terms))
    books, outcome = sent[-1]
    detail = said(books, lost=_lost(*sent[-1]), seconds=f"{outcome.seconds:.1f}")
    name = f"batch: Spark local[2], {ROWS:,} rows"
    return [
        Row(name=f"{name}: lost", value=mid(_lost(*one) for one in sent), unit="", at_most=0, detail=detail),
        Row(
            name=f"{name}: share of the permitted",
            value=mid(one.share(terms) for one, _ in sent),
            unit="",
            at_least=0.85,
            detail=detail,
        ),
    ]


def _lost(books: Books, outcome: Outcome) -> int:
    wrong = abs(outcome.read - outcome.delivered - outcome.dead - outcome.skipped)
    return ROWS - books.distinct + wrong


def _sent(sink: SinkProcess, terms: Terms) -> tuple[Books, Outcome]:
    sink.reset(terms)
    with tempfile.TemporaryDirectory() as folder:
        case = msgspec.json.encode(Case(url=sink.url, state=f"{folder}/batch.db", count=ROWS)).decode()
        ran = run([sys.executable, "-m", "benchmarks.batch.on_spark", case], timeout_seconds=MOST_SECONDS)
    if ran.code:
        raise RuntimeError(f"the run on Spark ended with {ran.code}: {ran.output[-2_000:]}")
    outcome = msgspec.json.decode(ran.output.splitlines()[-1], type=Outcome)
    return sink.books(), replace(outcome, peak_mib=ran.peak_mib)


def _session() -> Any:  # noqa: ANN401 -- published without types
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- only this process has a Spark

    builder = SparkSession.builder.master("local[2]").appName("benchmark")
    for name, value in (
        ("spark.ui.enabled", "false"),
        ("spark.driver.host", "127.0.0.1"),
        ("spark.driver.bindAddress", "127.0.0.1"),
        ("spark.ui.showConsoleProgress", "false"),
        ("spark.log.level", "OFF"),
    ):
        builder = builder.config(name, value)
    return builder.getOrCreate()


def main() -> None:
    """Run the case that is given as JSON, and print what became of it."""
    case = msgspec.json.decode(sys.argv[1], type=Case)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    frame = _session().range(0, case.count, numPartitions=PARTITIONS).selectExpr(*EVENT)
    report = pipeline_of(case).run(frame)
    outcome = Outcome(
        status=str(report.status),
        reason=report.reason,
        read=report.read,
        delivered=report.delivered,
        dead=report.dead,
        skipped=report.skipped,
        seconds=report.seconds,
        waited={str(share): seconds for share, seconds in report.waited.items()},
    )
    print(msgspec.json.encode(outcome).decode(), flush=True)


if __name__ == "__main__":
    main()
