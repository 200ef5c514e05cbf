"""One suite for both places where pipelines keep their state."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from tests.batch.state.rows import AT, a_batch, a_letter, a_run
from tests.contracts.conftest import Open
from tocsin.batch.outcome import Category
from tocsin.batch.state import State, open_state, postgres, schema, sqlite
from tocsin.batch.state.base import Checkpoint, DeadLetterQuery, RunStatus, Settled
from tocsin.errors import DeadLettersFull, RunTaken, StoreBroken, StoreRefused, StoreUnavailable

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ALL = DeadLetterQuery(also_settled=True)


def checkpoint(minutes: float = 1, **numbers: int) -> Checkpoint:
    return Checkpoint(at=AT + minutes * MINUTE, **numbers)  # type: ignore[arg-type]  # as the test names them


def test_a_run_is_kept_with_everything_that_is_known_of_it(state: State) -> None:
    run = replace(a_run(), total=1_000_000, allowed_rps=20_000.0, fingerprint='{"a": 1}', namespace="n")

    state.begin(run)

    kept = state.run("r1")
    assert kept is not None
    assert kept.host
    assert kept.pid > 0
    assert replace(kept, host="", pid=0) == run
    assert state.run("r2") is None


def test_a_checkpoint_is_kept_with_its_dead_letters_and_batches(opening: Open) -> None:
    state = opening()
    state.begin(a_run())
    saved = Checkpoint(
        at=AT + MINUTE,
        low_water=2**40,
        ranges=((2**40 + 5, 2**40 + 9),),
        read=20,
        delivered=15,
        skipped=2,
        dead=3,
    )
    letter, batch = a_letter(), a_batch()

    state.save_checkpoint("r1", saved, [letter], [batch])

    again = opening()
    kept = again.run("r1")
    assert kept is not None
    assert kept.checkpoint == saved
    (found,) = again.dead_letters(ALL)
    assert replace(found, id=0) == letter
    assert found.id > 0
    assert list(again.batches()) == [batch]


def test_a_checkpoint_that_cannot_be_kept_whole_is_not_kept_at_all(state: State) -> None:
    state.begin(a_run())

    with pytest.raises((StoreBroken, OverflowError)):
        state.save_checkpoint("r1", checkpoint(delivered=5), [a_letter()], [a_batch(total=2**70)])

    kept = state.run("r1")
    assert kept is not None
    assert kept.checkpoint.delivered == 0
    assert state.count_dead_letters(ALL) == 0
    state.save_checkpoint("r1", checkpoint(delivered=5))


def test_the_same_letter_and_the_same_batch_count_once_however_often_they_are_kept(state: State) -> None:
    state.begin(a_run())
    state.save_checkpoint("r1", checkpoint(), [a_letter()], [a_batch()])

    state.save_checkpoint("r1", checkpoint(2), [replace(a_letter(), attempts=9)], [a_batch(seconds=7.0)])

    assert [letter.attempts for letter in state.dead_letters(ALL)] == [9]
    assert [batch.processing_time_seconds for batch in state.batches()] == [7.0]


def test_a_run_ends_with_its_report(state: State) -> None:
    state.begin(a_run())

    state.finish("r1", status=RunStatus.FAILED, at=AT + HOUR, reason="no\x00pe \ud800", report=b'{"read": 1}')

    kept = state.run("r1")
    assert kept is not None
    assert (kept.status, kept.ended_at, kept.report) == (RunStatus.FAILED, AT + HOUR, b'{"read": 1}')
    assert kept.reason == "no\ufffdpe ?"


def test_a_run_of_another_process_is_not_taken_from_it(opening: Open) -> None:
    first, second = opening(), opening()
    first.begin(a_run())

    with pytest.raises(RunTaken, match="run r1 of 'nightly' is in the hands of process"):
        second.begin(a_run())

    first.save_checkpoint("r1", checkpoint())


def test_a_run_is_taken_up_where_it_stood_once_its_process_is_gone(opening: Open) -> None:
    first, second = opening(), opening()
    first.begin(a_run())
    first.save_checkpoint("r1", checkpoint(low_water=7, delivered=7))
    first.close()

    second.begin(replace(a_run(), checkpoint=checkpoint(60)))

    kept = second.run("r1")
    assert kept is not None
    assert (kept.status, kept.checkpoint) == (RunStatus.PROCESSING, checkpoint(60, low_water=7, delivered=7))


def test_what_is_closed_can_be_taken_up_at_once(opening: Open) -> None:
    for one in [opening() for _ in range(20)]:
        one.begin(a_run())
        one.close()


def test_a_run_that_has_ended_can_be_taken_up_again(opening: Open) -> None:
    first, second = opening(), opening()
    first.begin(a_run())
    first.finish("r1", status=RunStatus.SUSPENDED, at=AT + HOUR, reason="the sink is away")

    second.begin(a_run())

    kept = second.run("r1")
    assert kept is not None
    assert (kept.status, kept.ended_at, kept.reason) == (RunStatus.PROCESSING, None, "")
    with pytest.raises(RunTaken):
        first.save_checkpoint("r1", checkpoint())
    with pytest.raises(RunTaken):
        first.finish("r1", status=RunStatus.COMPLETED, at=AT + HOUR)


def test_nothing_is_kept_for_a_run_that_nobody_began(state: State) -> None:
    with pytest.raises(RunTaken, match="there is no run 'r1'"):
        state.save_checkpoint("r1", checkpoint(), [a_letter()])

    assert state.count_dead_letters(ALL) == 0


def test_the_newest_run_that_has_not_completed_is_the_one_to_resume(state: State) -> None:
    for number, (run_id, source, status) in enumerate(
        [
            ("old", "a", RunStatus.FAILED),
            ("done", "a", RunStatus.COMPLETED),
            ("halted", "b", RunStatus.SUSPENDED),
            ("letters", "c", RunStatus.COMPLETED),
        ]
    ):
        state.begin(a_run(run_id, source=source, at=AT + number * HOUR))
        state.finish(run_id, status=status, at=AT + number * HOUR)

    found = state.last_unfinished("nightly")
    assert found is not None
    assert found.id == "halted"
    assert state.last_unfinished("nightly", "a") is None
    assert state.last_unfinished("another") is None
    state.begin(a_run("new", source="a", at=AT + DAY))
    again = state.last_unfinished("nightly", "a")
    assert again is not None
    assert again.id == "new"


def test_runs_are_listed_newest_first(state: State) -> None:
    for number in range(3):
        state.begin(a_run(f"r{number}", at=AT + number * HOUR))
    state.begin(replace(a_run("x", at=AT), pipeline="other"))
    state.finish("r2", status=RunStatus.COMPLETED, at=AT + DAY)

    assert [run.id for run in state.runs("nightly", limit=2)] == ["r2", "r1"]
    assert [run.id for run in state.runs(at_work=True)] == ["r1", "x", "r0"]


def test_dead_letters_are_found_by_what_is_known_of_them(state: State) -> None:
    state.begin(a_run())
    state.begin(replace(a_run("r2"), pipeline="other"))
    state.save_checkpoint(
        "r1",
        checkpoint(),
        [
            a_letter(1),
            replace(a_letter(2), reason="100% of 'e_mail' is EMPTY", category=Category.NETWORK),
            replace(a_letter(3), last_at=AT + DAY),
        ],
    )
    state.save_checkpoint("r2", checkpoint(), [replace(a_letter(4), pipeline="other", run_id="r2")])

    def ordinals(query: DeadLetterQuery) -> list[int]:
        found = [letter.ordinal for letter in state.dead_letters(query)]
        assert state.count_dead_letters(query) == len(found)
        return found

    assert ordinals(DeadLetterQuery()) == [1, 2, 3, 4]
    assert ordinals(DeadLetterQuery(pipeline="other")) == [4]
    assert ordinals(DeadLetterQuery(run_id="r1", since=AT + HOUR)) == [3]
    assert ordinals(DeadLetterQuery(reason="is empty")) == [2]
    assert ordinals(DeadLetterQuery(reason="100% of 'e_mail'")) == [2]
    assert ordinals(DeadLetterQuery(reason="1_0%")) == []
    assert ordinals(DeadLetterQuery(reason="100%empty")) == []
    assert ordinals(DeadLetterQuery(category=Category.NETWORK)) == [2]
    ids = tuple(letter.id for letter in state.dead_letters(DeadLetterQuery()))
    assert ordinals(DeadLetterQuery(ids=ids[1:3])) == [2, 3]
    with pytest.raises(StoreRefused, match="1001 dead letters are named, at most 1000"):
        list(state.dead_letters(DeadLetterQuery(ids=tuple(range(1_001)))))


def test_a_thousand_dead_letters_are_all_found_in_their_order(state: State) -> None:
    state.begin(a_run())
    state.save_checkpoint("r1", checkpoint(), [a_letter(number) for number in range(1_203)])

    assert [letter.ordinal for letter in state.dead_letters(DeadLetterQuery())] == list(range(1_203))


def test_a_dead_letter_is_settled_once_and_stays_to_be_looked_at(state: State) -> None:
    state.begin(a_run())
    state.save_checkpoint("r1", checkpoint(), [a_letter(1), a_letter(2)])
    first, second = (letter.id for letter in state.dead_letters(DeadLetterQuery()))

    assert state.settle_dead_letters([first, second, 10**9], Settled.DISCARDED, AT + HOUR) == 2
    assert state.settle_dead_letters([first], Settled.REPLAYED, AT + DAY) == 0

    assert list(state.dead_letters(DeadLetterQuery())) == []
    assert [(one.settled, one.settled_at) for one in state.dead_letters(ALL)] == [
        (Settled.DISCARDED, AT + HOUR)
    ] * 2


def test_letters_are_replayed_in_the_transaction_that_says_so(state: State) -> None:
    state.begin(a_run())
    state.save_checkpoint("r1", checkpoint(), [a_letter(number) for number in range(1_500)])
    ids = [letter.id for letter in state.dead_letters(DeadLetterQuery())]

    state.save_checkpoint("r1", checkpoint(2), settled=ids[1:])

    (left,) = state.dead_letters(DeadLetterQuery())
    assert left.id == ids[0]
    settled = [letter for letter in state.dead_letters(ALL) if letter.settled]
    assert {(one.settled, one.settled_at) for one in settled} == {(Settled.REPLAYED, AT + 2 * MINUTE)}


def test_with_too_many_dead_letters_nothing_is_kept_and_none_is_dropped(opening: Open) -> None:
    state = opening(max_dead_letters=3)
    state.begin(a_run())
    state.save_checkpoint("r1", checkpoint(1, delivered=1), [a_letter(1), a_letter(2)])

    with pytest.raises(DeadLettersFull, match=r"'nightly' has 2 dead letters in .* and may have 3: replay"):
        state.save_checkpoint("r1", checkpoint(2, delivered=2), [a_letter(3), a_letter(4)])

    kept = state.run("r1")
    assert kept is not None
    assert kept.checkpoint.delivered == 1
    first = next(state.dead_letters(DeadLetterQuery()))
    opening().settle_dead_letters([first.id], Settled.DISCARDED, AT)
    state.save_checkpoint("r1", checkpoint(2, delivered=2), [a_letter(3), a_letter(4)])
    assert state.count_dead_letters(DeadLetterQuery()) == 3


def test_a_dead_letter_keeps_whatever_bytes_and_words_it_has(state: State) -> None:
    payload = bytes(range(256))
    odd = replace(
        a_letter(),
        payload=payload,
        record_id="ключ",
        reason="x" * 5_000,
        redact=("a.b", "c"),
        is_redacted=True,
    )
    state.begin(a_run())

    state.save_checkpoint("r1", checkpoint(), [odd])

    (kept,) = state.dead_letters(DeadLetterQuery())
    assert kept.payload == payload
    assert (kept.record_id, kept.redact, kept.is_redacted) == ("ключ", ("a.b", "c"), True)
    assert kept.reason == "x" * 2_000


def test_what_was_learned_of_a_sink_is_replaced_by_what_is_learned_next(opening: Open) -> None:
    state = opening()
    assert state.learned("cio:eu") is None

    state.keep_learned("cio:eu", b"\x00first", AT)
    state.keep_learned("cio:eu", b"\x01second", AT + DAY)

    assert opening().learned("cio:eu") == b"\x01second"
    with pytest.raises(StoreRefused, match="has 70000 bytes, at most 65536"):
        state.keep_learned("cio:eu", b"x" * 70_000, AT)


def test_several_processes_write_at_once_and_nothing_of_anybody_is_missing(opening: Open) -> None:
    states = [opening() for _ in range(4)]
    together = threading.Barrier(4)

    def work(number: int) -> None:
        run_id = f"r{number}"
        states[number].begin(a_run(run_id))
        together.wait(30)
        for step in range(15):
            letter = replace(a_letter(step), run_id=run_id)
            batch = replace(a_batch(step), run_id=run_id)
            states[number].save_checkpoint(run_id, checkpoint(step, delivered=step), [letter], [batch])
        states[number].finish(run_id, status=RunStatus.COMPLETED, at=AT + HOUR)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert states[0].count_dead_letters(ALL) == 60
    assert states[0].totals().batches == 60
    assert {run.checkpoint.delivered for run in states[0].runs()} == {14}


def test_several_processes_may_be_the_first_at_once(kept_at: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(open_state, [kept_at] * 4))

    for state in opened:
        assert state.runs() == []
        state.close()


def test_a_state_of_an_older_program_is_brought_up_to_date_and_keeps_what_it_has(
    opening: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = opening()
    old.begin(a_run())
    old.close()
    newer = (
        *schema.STEPS,
        "CREATE TABLE batch_more (id {number}, value {bytes}); CREATE TABLE batch_other (n BIGINT)",
    )
    for module in (schema, sqlite, postgres):
        monkeypatch.setattr(module, "STEPS", newer)

    opening().close()
    again = opening()

    assert [run.id for run in again.runs()] == ["r1"]
    again.begin(a_run("r2"))
    monkeypatch.undo()
    known = len(schema.STEPS)
    with pytest.raises(StoreBroken, match=rf"batch schema {known + 1}, this program knows {known}"):
        opening()


def test_a_state_of_a_newer_program_is_left_alone(kept_at: str, opening: Open) -> None:
    opening().close()
    _pretend_newer(kept_at)

    with pytest.raises(StoreBroken, match=r"written by a newer Tocsin \(batch schema 99, this program knows"):
        opening()


def _pretend_newer(kept_at: str) -> None:
    import sqlite3  # noqa: PLC0415 -- one kind alone needs it

    if kept_at.startswith("postgresql"):
        with psycopg.connect(kept_at, autocommit=True) as connection:
            connection.execute("UPDATE batch_schema SET version = 99")
        return
    file = sqlite3.connect(kept_at)
    file.execute("PRAGMA user_version = 99")
    file.close()


def test_a_database_that_cannot_be_reached_is_told_without_its_password() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        open_state("postgresql://me:secret@127.0.0.1:1/tocsin")

    assert "postgresql://127.0.0.1:1/tocsin: the connection was lost" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_whether_anybody_is_at_work_on_a_run_is_seen_by_all_and_disturbs_nobody(opening: Open) -> None:
    mine, other = opening(), opening()
    mine.begin(a_run())

    assert (mine.is_at_work("r1"), other.is_at_work("r1"), other.is_at_work("r2")) == (True, True, False)
    mine.finish("r1", status=RunStatus.FAILED, at=AT)
    assert (mine.is_at_work("r1"), other.is_at_work("r1")) == (False, False)
    mine.begin(a_run())
    mine.close()
    assert not other.is_at_work("r1")
    assert other.begin(a_run()) == a_run().checkpoint
