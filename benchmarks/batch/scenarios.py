"""Our pipeline against the sink that enforces its limits: each scenario of the promise, with its target."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import msgspec

from benchmarks.batch import encoding, killing
from benchmarks.batch.events import poisoned
from benchmarks.batch.figures import Books, said
from benchmarks.batch.ours import Case, Outcome
from benchmarks.batch.running import SinkProcess, open_sink, run
from benchmarks.batch.terms import Answers, Terms
from benchmarks.report import Row, mid
from tocsin.batch.state import open_state
from tocsin.batch.state.base import DeadLetterQuery

SECONDS = 20
MOST_SECONDS = 90
COUNT = 40 * 500 * SECONDS
FAULTY_COUNT = 700_000
BAD = 35
FAULTS = Terms(failing=0.02, resetting=0.02, stalling=0.01, seed=5)
INDEXED = replace(FAULTS, answers=Answers.INDEXED)
HALVES = Terms(then=((15, 20), (30, 40)))
CAPACITY = Terms(requests_per_second=5_000, latency_seconds=0.1, slots=4)
AWAY = Terms(down=(5, 25))
FAST = Terms(requests_per_second=5_000, latency_seconds=0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A run as three sides saw it: the sink, the pipeline, and the store of dead letters."""

    terms: Terms
    case: Case
    books: Books
    outcome: Outcome
    dead: frozenset[str]

    @property
    def bad(self) -> frozenset[str]:
        """The ids of the bad records."""
        case = self.case
        return (
            frozenset(f"e-{n}" for n in poisoned(case.count, case.bad / case.count))
            if case.bad
            else frozenset()
        )

    @property
    def lost(self) -> int:
        """Good records that are nowhere, and those that the run counts wrongly."""
        outcome = self.outcome
        wrong = abs(outcome.read - outcome.delivered - outcome.dead - outcome.skipped)
        return self.case.count - self.case.bad - self.books.distinct + wrong

    @property
    def share(self) -> float:
        """What was kept, as a share of the permitted."""
        return self.books.share(self.terms)

    @property
    def attained(self) -> float:
        """What was kept, as a share of the attainable."""
        return self.share / self.books.attainable(self.terms, self.case.bad)

    def detail(self) -> str:
        """Return what stands behind the figures."""
        waits = sorted(self.outcome.waited.items(), key=lambda one: -one[1])[:2]
        return said(
            self.books,
            lost=self.lost,
            seconds=f"{self.outcome.seconds:.1f}",
            cpu=f"{self.outcome.cpu_seconds:.1f}",
            peak_MiB=f"{self.outcome.peak_mib:.0f}",
            waited="+".join(f"{share} {seconds:.1f}" for share, seconds in waits),
        )


def send(sink: SinkProcess, terms: Terms, case: Case) -> Sent:
    """Run a case in a process of its own; raises RuntimeError if it does not come to its end."""
    sink.reset(terms)
    with tempfile.TemporaryDirectory() as folder:
        here = replace(case, url=sink.url, state=f"{folder}/batch.db")
        ran = run(
            [sys.executable, "-m", "benchmarks.batch.ours", msgspec.json.encode(here).decode()],
            timeout_seconds=MOST_SECONDS,
        )
        if ran.code > 0:
            raise RuntimeError(f"the run ended with {ran.code}: {ran.output[-2_000:]}")
        last = ran.output.splitlines()[-1] if ran.code == 0 else b'{"status": "took too long"}'
        outcome = msgspec.json.decode(last, type=Outcome)
        state = open_state(Path(here.state))
        try:
            dead = frozenset(letter.record_id for letter in state.dead_letters(DeadLetterQuery()))
        finally:
            state.close()
    return Sent(terms=terms, case=case, books=sink.books(), outcome=outcome, dead=dead)


def _row(
    name: str,
    sent: Sequence[Sent],
    figure: Callable[[Sent], float],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    value, detail = mid([figure(one) for one in sent]), sent[-1].detail()
    return Row(name=f"batch: {name}", value=value, unit="", detail=detail, at_least=at_least, at_most=at_most)


def _declared(sent: Sequence[Sent]) -> list[Row]:
    return [
        _row("clean, declared limit: share of the permitted", sent, lambda one: one.share, at_least=0.95),
        _row("clean, declared limit: requests over it", sent, lambda one: one.books.throttled, at_most=0),
    ]


def _undeclared(sent: Sequence[Sent]) -> list[Row]:
    name = "clean, undeclared limit: share of the permitted after 30 s"
    whole = "clean, undeclared limit: share of the permitted from the start"
    return [
        _row(name, sent, lambda one: one.books.share(one.terms, since=30), at_least=0.90),
        _row(whole, sent, lambda one: one.share),
    ]


def _faults(named: str) -> Callable[[Sequence[Sent]], list[Row]]:
    def rows(sent: Sequence[Sent]) -> list[Row]:
        return [
            _row(f"faults, {named}: good records lost", sent, lambda one: one.lost, at_most=0),
            _row(
                f"faults, {named}: dead letters wrong or missing",
                sent,
                lambda one: len(one.dead ^ one.bad),
                at_most=0,
            ),
            _row(f"faults, {named}: share of the attainable", sent, lambda one: one.attained, at_least=0.85),
        ]

    return rows


def _halves(sent: Sequence[Sent]) -> list[Row]:
    return [
        _row("limit halves, then returns: share of the permitted", sent, lambda one: one.share, at_least=0.80)
    ]


def _keyed(sent: Sequence[Sent]) -> list[Row]:
    return [
        _row("order per key, 8 lanes: violations", sent, lambda one: one.books.out_of_order, at_most=0),
        _row("order per key, 8 lanes: share of the permitted", sent, lambda one: one.share, at_least=0.90),
    ]


def _capacity(sent: Sequence[Sent]) -> list[Row]:
    def most(one: Sent) -> float:
        return (one.terms.slots or 0) / one.terms.latency_seconds * one.books.window_seconds

    def busy(one: Sent) -> float:
        return one.books.requests["accepted"] / most(one)

    def full(one: Sent) -> float:
        return one.books.distinct / (most(one) * one.terms.max_records)

    def p95(one: Sent) -> float:
        return one.books.p95_seconds() / one.terms.latency_seconds

    name = "a sink that works on 4 requests at once, undeclared"
    return [
        _row(f"{name}: share of the requests that it can do", sent, busy, at_least=0.95),
        _row(f"{name}: share of the records, with batches that vary to find their size", sent, full),
        _row(f"{name}: 95 % answered within, of its own time", sent, p95, at_most=2.5),
    ]


def _away(sent: Sequence[Sent]) -> list[Row]:
    def late(one: Sent) -> float:
        back_at = (one.terms.down or (0.0, 0.0))[1]
        return min((at for at, _ in one.books.timeline if at >= back_at), default=inf) - back_at

    name = "a sink that is away for 20 s"
    return [
        _row(f"{name}: records lost", sent, lambda one: one.lost + len(one.dead), at_most=0),
        _row(f"{name}: requests meanwhile", sent, lambda one: one.books.requests.get("down", 0)),
        _row(f"{name}: seconds until it is used again", sent, late, at_most=20),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What to send on which terms, and the rows that are made of its runs."""

    terms: Terms
    case: Case
    rows: Callable[[Sequence[Sent]], list[Row]]


SCENARIOS = {
    "declared": Scenario(terms=Terms(), case=Case(count=COUNT), rows=_declared),
    "undeclared": Scenario(terms=Terms(), case=Case(count=1_000_000, rate=None), rows=_undeclared),
    "faults": Scenario(
        terms=FAULTS, case=Case(count=FAULTY_COUNT, bad=BAD), rows=_faults("a bad record unnamed")
    ),
    "indexed": Scenario(
        terms=INDEXED,
        case=Case(count=FAULTY_COUNT, bad=BAD, answers=Answers.INDEXED),
        rows=_faults("bad records named"),
    ),
    "halves": Scenario(terms=HALVES, case=Case(count=750_000), rows=_halves),
    "capacity": Scenario(terms=CAPACITY, case=Case(count=COUNT, rate=None, workers=20), rows=_capacity),
    "away": Scenario(terms=AWAY, case=Case(count=COUNT // 2), rows=_away),
    "keyed": Scenario(terms=Terms(), case=Case(count=COUNT, is_keyed=True), rows=_keyed),
}


def _memory(sink: SinkProcess, rounds: int) -> list[Row]:
    few, many = Case(count=10_000, rate="1000/s"), Case(count=1_000_000, rate="1000/s")
    sent = [(send(sink, FAST, few), send(sink, FAST, many)) for _ in range(rounds)]
    ratio = mid(b.outcome.peak_mib / a.outcome.peak_mib for a, b in sent)
    few_mib, many_mib = (sent[-1][which].outcome.peak_mib for which in (0, 1))
    detail = f"{many_mib:.1f} of {few_mib:.1f} MiB; {sent[-1][1].detail()}"
    return [
        Row(
            name="batch: memory, 1,000,000 of 10,000 records",
            value=ratio,
            unit="×",
            at_most=1.15,
            detail=detail,
        )
    ]


def measure(rounds: int, names: Sequence[str] = ()) -> list[Row]:
    """Return the figures of every scenario, or of those named; medians of interleaved rounds."""
    sent: dict[str, list[Sent]] = {}
    chosen = [name for name in SCENARIOS if not names or name in names]
    rows: list[Row] = []
    with open_sink() as sink:
        for _ in range(rounds):
            for name in chosen:
                one = send(sink, SCENARIOS[name].terms, SCENARIOS[name].case)
                sent.setdefault(name, []).append(one)
        for name in chosen:
            rows += SCENARIOS[name].rows(sent[name])
        if not names or "killed" in names:
            rows += killing.measure(sink, rounds)
        if not names or "memory" in names:
            rows += _memory(sink, rounds)
    if not names or "encode" in names:
        rows += encoding.measure(max(rounds, 5))
    return rows
