"""What other tools make of the same sink and the same records: their clean run, and their run with faults."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from benchmarks.batch.events import poisoned, write
from benchmarks.batch.figures import Books, said
from benchmarks.batch.running import CACHE, Ran, SinkProcess, open_sink, run
from benchmarks.batch.terms import Terms
from benchmarks.environments import python_with
from benchmarks.report import Row, mid

PEERS = Path(__file__).parent / "peers"
COUNT, BAD = 100_000, 5
CLEAN = Terms()
FAULTY = Terms(failing=0.02, resetting=0.02, stalling=0.01, seed=5)
NAMES = {
    "threads": "threads + requests + urllib3 Retry",
    "segment_client": "Segment's client, 8 threads",
    "dlt_destination": "dlt, custom destination",
    "dask_futures": "Dask",
}


def source(count: int, bad: int) -> Path:
    """Return a file of so many records, so many of them bad."""
    path = CACHE / f"events-{count}-{bad}.jsonl"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, count, poisoned(count, bad / count) if bad else ())
    return path


def measure(rounds: int, names: Sequence[str] = tuple(NAMES)) -> list[Row]:
    """Return what each peer used of the permitted, and what it lost, medians of interleaved rounds."""
    runner = python_with(PEERS / "requirements.txt", CACHE / "peers")
    sent: dict[tuple[str, Terms], list[tuple[Ran, Books]]] = {}
    with open_sink() as sink:
        for _ in range(rounds):
            for name, terms in product(names, (CLEAN, FAULTY)):
                sent.setdefault((name, terms), []).append(_sent(runner, name, sink, terms))
    rows = [_clean(name, sent[name, CLEAN]) for name in names]
    return rows + [_faulty(name, sent[name, FAULTY]) for name in names]


def _sent(runner: str, name: str, sink: SinkProcess, terms: Terms) -> tuple[Ran, Books]:
    sink.reset(terms)
    path = source(COUNT, BAD if terms is FAULTY else 0)
    ran = run([runner, str(PEERS / f"{name}.py"), sink.url, str(path)], timeout_seconds=180)
    return ran, sink.books()


def _clean(name: str, sent: list[tuple[Ran, Books]]) -> Row:
    ran, books = sent[-1]
    lost = COUNT - books.distinct
    detail = said(books, lost=lost, seconds=f"{ran.seconds:.1f}", peak_MiB=f"{ran.peak_mib:.0f}")
    share = mid(books.share(CLEAN) for _, books in sent)
    return Row(
        name=f"beside: clean, undeclared: {NAMES[name]}: share of the permitted",
        value=share,
        unit="",
        detail=detail,
    )


def _faulty(name: str, sent: list[tuple[Ran, Books]]) -> Row:
    ran, books = sent[-1]
    told = ran.output.split()[-1] if ran.code == 0 else f"ended with {ran.code}"
    share = mid(books.share(FAULTY) for _, books in sent)
    detail = said(books, says=told, share=f"{share:.2f}", seconds=f"{ran.seconds:.1f}")
    lost = mid(COUNT - BAD - books.distinct for _, books in sent)
    return Row(name=f"beside: faults: {NAMES[name]}: good records lost", value=lost, unit="", detail=detail)
