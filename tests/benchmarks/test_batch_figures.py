"""What is made of the sink's books."""

import json
import sys
from dataclasses import replace

import pytest

from benchmarks.batch.desk import Desk
from benchmarks.batch.events import event, events, poisoned
from benchmarks.batch.figures import Books, books_of
from benchmarks.batch.ledger import POISON
from benchmarks.batch.running import open_sink, run
from benchmarks.batch.terms import Answers, Terms


def books(requests: dict[str, int], timeline: list[tuple[float, int]]) -> Books:
    return Books(
        requests=requests,
        distinct=sum(new for _, new in timeline),
        repeated=0,
        out_of_order=0,
        timeline=timeline,
        most_in_flight=1,
        lost_in_flight=[],
        seconds=[],
    )


def test_whoever_uses_every_request_has_used_all_that_was_permitted() -> None:
    terms = Terms(then=((10, 20), (20, 40)))
    each = [at / 40 for at in range(401)] + [10 + at / 20 for at in range(1, 201)]
    full = books({"accepted": len(each)}, [(at, 500) for at in each])

    assert full.share(terms) == pytest.approx(1)
    assert full.share(terms, since=15) == pytest.approx(1, abs=0.01)


def test_half_empty_requests_and_pauses_are_no_use_of_what_was_permitted() -> None:
    half = books({"accepted": 401}, [(at / 40, 250) for at in range(401)])
    late = books({"accepted": 401}, [(at / 40 + (10 if at > 200 else 0), 500) for at in range(401)])

    assert half.share(Terms()) == pytest.approx(0.5)
    assert late.share(Terms()) == pytest.approx(0.5, abs=0.01)
    assert late.share(Terms(), since=15.01) == pytest.approx(1, abs=0.01)


def test_attainable_is_what_is_left_of_faults_and_of_the_search_for_bad_records() -> None:
    terms = Terms()
    run_of = books({"failed": 8, "reset": 12, "stalled": 4, "throttled": 30}, [(0, 500), (9.975, 500)])

    assert run_of.attainable(terms, bad=0) == pytest.approx(380 / 400)
    assert run_of.attainable(terms, bad=5) == pytest.approx(335 / 400)
    assert run_of.attainable(replace(terms, answers=Answers.INDEXED), bad=5) == pytest.approx(380 / 400)


def test_every_request_is_counted_once() -> None:
    terms = Terms(requests_per_second=1e6, failing=0.1, resetting=0.2, stalling=0.1)
    desk = Desk(terms)
    for number in range(1_000):
        desk.receive(json.dumps([event(number, POISON if number % 10 == 0 else "seen")]).encode(), number)
    stats = {**desk.stats(), "most_in_flight": 1, "lost_in_flight": [], "seconds": []}

    assert books_of(json.dumps(stats).encode()).requests["all"] == 1_000


def test_records_are_the_same_each_time_and_of_some_three_hundred_bytes() -> None:
    bad = poisoned(1_000, 0.005)
    records = list(events(1_000, bad))

    assert records == list(events(1_000, bad))
    assert [number for number, one in enumerate(records) if one["event"] == POISON] == sorted(bad)
    assert len(bad) == 5
    sizes = [len(json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode()) for one in records]
    assert 290 < sum(sizes) / len(sizes) < 310


def test_a_process_is_started_watched_and_its_words_are_kept() -> None:
    grown = "kept = bytearray(100 * 2**20); import time; time.sleep(0.3); print('done')"

    ran = run([sys.executable, "-c", grown])
    assert (ran.code, ran.output.strip()) == (0, "done")
    assert 100 < ran.peak_mib < 200

    assert run([sys.executable, "-c", "import time; time.sleep(60)"], timeout_seconds=0.2).code < 0


def test_the_sink_is_a_process_that_can_be_asked() -> None:
    with open_sink() as sink:
        sink.reset(Terms(latency_seconds=0))
        assert sink.books().requests == {}
        assert sink.ledger() == {}
