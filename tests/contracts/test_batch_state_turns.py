"""Who is at work on what, in both places where pipelines keep their state: one at a time, and each told."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from tests.batch.sinks_that_fail import BookSink, refuses_poison
from tests.batch.state.rows import AT, a_letter, a_run
from tests.batch.stories import QUICK, numbers
from tests.contracts.conftest import Open
from tocsin.batch.outcome import Kind, Outcome, Partial, Refused
from tocsin.batch.parcel import Batch
from tocsin.batch.pipeline import Pipeline
from tocsin.batch.state import State, open_state
from tocsin.batch.state.base import Checkpoint, DeadLetterQuery, RunRow, RunStatus, Settled
from tocsin.errors import RunTaken, StoreUnavailable

HOUR = timedelta(hours=1)
LETTERS = "dead letters of nightly"


def test_the_run_that_was_begun_last_is_resumed_though_the_clock_was_set_back(state: State) -> None:
    state.begin(a_run("first", at=AT))
    state.finish("first", status=RunStatus.FAILED, at=AT)
    state.begin(a_run("last", at=AT - HOUR))
    state.finish("last", status=RunStatus.SUSPENDED, at=AT - HOUR)

    found = state.last_unfinished("nightly", "events.jsonl")

    assert found is not None
    assert found.id == "last"
    state.begin(a_run("done", at=AT - 2 * HOUR))
    state.finish("done", status=RunStatus.COMPLETED, at=AT - HOUR)
    assert state.last_unfinished("nightly", "events.jsonl") is None


def test_whoever_takes_a_run_up_is_told_how_far_it_has_come_meanwhile(opening: Open) -> None:
    first, second = opening(), opening()
    first.begin(a_run())
    seen = second.last_unfinished("nightly")
    assert seen is not None
    come = Checkpoint(at=AT + HOUR, low_water=500, delivered=500)
    first.save_checkpoint("r1", come)
    first.finish("r1", status=RunStatus.CANCELLED, at=AT + HOUR)

    assert replace(second.begin(seen), at=come.at) == come


def test_what_another_has_delivered_just_before_is_not_sent_again(kept_at: str, state: State) -> None:
    locked = BookSink(lambda _batch, _number: Refused(Kind.UNAUTHORIZED, "401"))
    Pipeline("nightly", locked, state=kept_at, config=QUICK).run(numbers(300))
    sink = BookSink()

    class Overtaken:
        """A state in which another process ends the run between the moments it is found and taken up."""

        def __getattr__(self, name: str) -> object:
            return getattr(state, name)

        def last_unfinished(self, pipeline: str, source: str = "") -> RunRow | None:
            found = state.last_unfinished(pipeline, source)
            other = Pipeline("nightly", sink, state=kept_at, config=QUICK)
            in_a_thread(lambda: other.run(numbers(300), resume=True))
            return found

    late = Pipeline("nightly", sink, state=Overtaken(), config=QUICK)  # type: ignore[arg-type] # all the rest is one's
    report = late.run(numbers(300), resume=True)

    assert (report.status, report.delivered) == (RunStatus.COMPLETED, 300)
    assert set(sink.taken.values()) == {1}


def in_a_thread(work: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(60)


def test_one_run_in_one_program_is_not_taken_up_twice_either(state: State) -> None:
    state.begin(a_run())

    with pytest.raises(RunTaken, match="run r1 of 'nightly' is in the hands of process"):
        state.begin(a_run())

    state.finish("r1", status=RunStatus.CANCELLED, at=AT)
    state.begin(a_run())


def test_dead_letters_are_replayed_by_one_at_a_time(opening: Open) -> None:
    first, second = opening(), opening()

    with first.replaying("nightly", LETTERS):
        first.begin(a_run("replay", source=LETTERS))
        for other in (first, second):
            told = "dead letters of nightly are being replayed by process .*: wait until that has ended"
            with pytest.raises(RunTaken, match=told), other.replaying("nightly", LETTERS):
                pass
        with second.replaying("other", "dead letters of other"):
            pass

    with second.replaying("nightly", LETTERS):
        pass


def test_two_replays_at_once_send_no_letter_twice(kept_at: str, state: State) -> None:
    is_strict = True
    at_work, go_on = threading.Event(), threading.Event()

    def answer(batch: Batch, number: int) -> Outcome | None:
        if is_strict:
            return Partial(dict.fromkeys(range(len(batch)), "no"))
        if not at_work.is_set():
            at_work.set()
            assert go_on.wait(30)
        return None

    sink = BookSink(answer)
    Pipeline("nightly", sink, state=kept_at, config=QUICK).run(numbers(30))
    is_strict = False
    pipelines = [Pipeline("nightly", sink, state=kept_at, config=QUICK) for _ in range(2)]

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(pipelines[0].replay)
        assert at_work.wait(30)
        try:
            with pytest.raises(RunTaken, match="are being replayed by process"):
                pipelines[1].replay()
        finally:
            go_on.set()
        report = first.result(60)

    assert report.delivered == 30
    assert set(sink.taken.values()) == {1}
    assert pipelines[1].replay().read == 0
    assert state.count_dead_letters(DeadLetterQuery()) == 0


def test_a_replay_that_lost_its_connection_and_its_letters_to_another_ends(fresh_postgres: str) -> None:
    first, second = open_state(fresh_postgres), open_state(fresh_postgres)
    first.begin(a_run())
    first.save_checkpoint("r1", Checkpoint(at=AT), [a_letter(1)])
    with first.replaying("nightly", LETTERS):
        backend = first._door._connection.info.backend_pid  # type: ignore[attr-defined]  # noqa: SLF001 -- the one to end
        with psycopg.connect(fresh_postgres, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 10000)", (backend,))
        with second.replaying("nightly", LETTERS):
            with pytest.raises(StoreUnavailable):
                first.save_checkpoint("r1", Checkpoint(at=AT), settled=[1])
            with pytest.raises(RunTaken, match="another process began to replay as well"):
                first.save_checkpoint("r1", Checkpoint(at=AT), settled=[1])

    assert second.count_dead_letters(DeadLetterQuery()) == 1
    first.close()
    second.close()


def test_keys_are_held_while_a_letter_of_theirs_is_open(state: State) -> None:
    state.begin(a_run())
    state.begin(a_run("again", source=LETTERS))
    lettered = [
        replace(a_letter(number), key=key) for number, key in enumerate(["", "ann", "bob", "ann", "cyd"])
    ]
    state.save_checkpoint("r1", Checkpoint(at=AT), lettered)
    assert state.held_keys("r1") == {"ann": 1, "bob": 2, "cyd": 4}
    ids = {letter.ordinal: letter.id for letter in state.dead_letters(DeadLetterQuery())}

    state.settle_dead_letters([ids[1], ids[3]], Settled.DISCARDED, AT)
    failed_again = replace(lettered[2], run_id="again", ordinal=0)
    state.save_checkpoint("again", Checkpoint(at=AT), [failed_again], settled=[ids[2], ids[4]])

    assert state.held_keys("r1") == {"bob": 2}
    assert state.held_keys("another") == {}


def test_keys_that_were_held_are_held_when_the_run_is_resumed(kept_at: str) -> None:
    records: list[dict[str, object]] = [{"who": f"p{number % 3}", "n": number} for number in range(300)]
    records[60] = {"who": "p0", "n": "poison"}
    records[61] = {"who": "p1", "n": float("nan")}
    lets_in = 6

    def answer(batch: Batch, number: int) -> Outcome | None:
        if number > lets_in:
            return Refused(Kind.UNAUTHORIZED, "401")
        return refuses_poison(batch, number)

    sink = BookSink(answer)
    config = replace(QUICK, max_batch_size=30)
    pipeline = Pipeline("held", sink, key="who", on_reject="hold_key", state=kept_at, config=config)
    report = pipeline.run(records)
    lets_in = 0
    while not report.is_complete:
        lets_in = sink.requests + 8
        report = pipeline.run(records, resume=True)

    of = {who: [one["n"] for one in sink.order if one["who"] == who] for who in ("p0", "p1", "p2")}  # type: ignore[index] # what was sent
    assert of["p0"] == list(range(0, 60, 3))
    assert of["p1"] == list(range(1, 61, 3))
    assert of["p2"] == list(range(2, 300, 3))
    assert (report.delivered, report.dead) == (140, 160)


def test_a_replay_keeps_the_order_of_a_key_that_is_refused_again(kept_at: str) -> None:
    records: list[dict[str, object]] = [{"who": f"p{number % 2}", "n": number} for number in range(40)]
    records[10] = {"who": "p0", "n": "poison"}
    sink = BookSink(refuses_poison)
    config = replace(QUICK, max_batch_size=10)
    pipeline = Pipeline("held", sink, key="who", on_reject="hold_key", state=kept_at, config=config)
    assert pipeline.run(records).dead == 15

    report = pipeline.replay()

    assert (report.read, report.delivered, report.dead) == (15, 0, 15)
