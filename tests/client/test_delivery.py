import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.client import delivery, wire
from tocsin.client.delivery import Outcome, deliver
from tocsin.client.http1 import Answer, NoAnswer
from tocsin.client.spool import Spool, entry_name

CheckIn = dict[str, Any]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path), "http://127.0.0.1:8465")


def fill(spool: Spool, count: int, *, run: str = "aa", **fields: object) -> None:
    for seq in range(1, count + 1):
        name = entry_name(1_000, run, seq, "heartbeat")
        spool.put(name, wire.encode({"job": "etl", "kind": "heartbeat", "run": "r", "seq": seq, **fields}))


class Desk:
    """Takes batches as a server would, and remembers them."""

    def __init__(self, *answers: Callable[[list[CheckIn]], Answer | NoAnswer | None]) -> None:
        self.batches: list[list[int]] = []
        self.taken: list[CheckIn] = []
        self._answers = answers

    def post(self, body: bytes) -> Answer | NoAnswer:
        check_ins = json.loads(body)
        self.batches.append([one["seq"] for one in check_ins])
        for answer in self._answers:
            if (found := answer(check_ins)) is not None:
                return found
        self.taken += check_ins
        return results(*("accepted" for _ in check_ins))

    @property
    def seqs(self) -> list[int]:
        return [one["seq"] for one in self.taken]


def results(*statuses: str) -> Answer:
    listed = [{"index": index, "status": status} for index, status in enumerate(statuses)]
    return Answer(202, json.dumps({"results": listed}).encode())


def compact(*statuses: str) -> bytes:
    """Return an answer letter by letter as our server writes it."""
    listed = [{"index": index, "status": status, "run": "r"} for index, status in enumerate(statuses)]
    return json.dumps({"results": listed}, separators=(",", ":")).encode()


def rejected(field: str, *, is_nested: bool = False) -> Answer:
    fault = {"field": field, "message": "is wrong"}
    result = {"index": 0, "status": "rejected", **({"error": fault} if is_nested else fault)}
    return Answer(422, json.dumps({"results": [result], "error": {"message": "none can be used"}}).encode())


def notes(spool: Spool) -> list[dict[str, Any]]:
    path = Path(spool.directory, "rejected.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_everything_is_sent_in_order_and_forgotten(spool: Spool) -> None:
    fill(spool, 30)
    desk = Desk()

    assert deliver(spool, desk.post) == Outcome(delivered=30)
    assert desk.seqs == list(range(1, 31))
    assert spool.names() == []


def test_batches_are_bounded_by_number_and_by_bytes(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1_000):
        fill(spool, 1, run=f"{number:04}")
    desk = Desk()
    deliver(spool, desk.post)
    assert [len(batch) for batch in desk.batches] == [50, 100, 200, 400, 250]

    for number in range(10):
        fill(spool, 1, run=f"{number:04}", log_tail="x" * 100)
    monkeypatch.setattr(delivery, "MAX_BATCH_BYTES", 500)
    desk = Desk()
    deliver(spool, desk.post)
    assert [len(batch) for batch in desk.batches] == [3, 3, 3, 1]


def test_a_batch_ends_between_two_runs(spool: Spool) -> None:
    for run, count in (("aa", 30), ("bb", 120), ("cc", 5)):
        fill(spool, count, run=run)
    desk = Desk()

    assert deliver(spool, desk.post) == Outcome(delivered=155)
    assert [len(batch) for batch in desk.batches] == [150, 5]
    assert desk.seqs == [*range(1, 31), *range(1, 121), *range(1, 6)]


def test_of_a_run_too_long_for_one_request_the_newest_goes_ahead(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(spool, 2_300)
    desk = Desk()

    assert deliver(spool, desk.post) == Outcome(delivered=2_300)
    assert [(len(batch), batch[-1]) for batch in desk.batches] == [
        (1_000, 2_300),
        (1_000, 1_999),
        (300, 2_299),
    ]
    assert sorted(desk.seqs) == list(range(1, 2_301))

    fill(spool, 10, log_tail="x" * 100)
    monkeypatch.setattr(delivery, "MAX_BATCH_BYTES", 500)
    desk = Desk()
    deliver(spool, desk.post)
    assert [batch[-1] for batch in desk.batches] == [10, 5, 8, 9]
    assert all(len(batch) <= 3 for batch in desk.batches)


def test_a_run_is_cut_where_nothing_larger_comes_through(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(spool, 200)
    desk = Desk(lambda check_ins: NoAnswer("hung up", while_sending=True) if len(check_ins) > 20 else None)

    assert deliver(spool, desk.post) == Outcome(delivered=200)
    assert sorted(desk.seqs) == list(range(1, 201))


def test_one_that_is_larger_than_a_batch_goes_alone(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    for run in ("aa", "bb", "cc"):
        fill(spool, 1, run=run, log_tail="x" * 1_000)
    monkeypatch.setattr(delivery, "MAX_BATCH_BYTES", 500)
    desk = Desk()

    assert deliver(spool, desk.post).delivered == 3
    assert desk.batches == [[1], [1], [1]]


def test_what_comes_in_meanwhile_goes_along(spool: Spool) -> None:
    fill(spool, 1)

    def once(check_ins: list[CheckIn]) -> None:
        if len(desk.batches) == 1:
            fill(spool, 3)

    desk = Desk(once)
    deliver(spool, desk.post)

    assert sorted(set(desk.seqs)) == [1, 2, 3]
    assert spool.names() == []


@pytest.mark.parametrize("status", [200, 204, 301, 401, 403, 404, 405, 408, 429, 500, 502, 503, 507])
def test_a_server_that_is_not_well_leaves_everything_where_it_is(spool: Spool, status: int) -> None:
    fill(spool, 3)

    outcome = deliver(spool, lambda _: Answer(status, b"", 7.0))

    assert outcome.fault
    assert (outcome.delivered, outcome.retry_after_seconds) == (0, 7.0)
    assert len(spool.names()) == 3


def test_no_answer_leaves_everything_where_it_is(spool: Spool) -> None:
    fill(spool, 3)

    assert deliver(spool, lambda _: NoAnswer("Connection refused")) == Outcome(fault="Connection refused")
    assert len(spool.names()) == 3


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"results": 5}', b'{"results": [{"index": "x"}]}', b"[" * 100_000]
)
def test_a_stranger_that_answers_202_takes_nothing_away(spool: Spool, body: bytes) -> None:
    fill(spool, 3)

    outcome = deliver(spool, lambda _: Answer(202, body))

    assert outcome.fault == "it answered 202, but not as a Tocsin does"
    assert len(spool.names()) == 3


def test_an_answer_in_which_a_text_speaks_of_acceptance_is_read_as_it_is(spool: Spool) -> None:
    fill(spool, 2)
    said = '{"results":[{"index":0,"status":"accepted"},{"index":1,"status":"rejected","message":%s}]}'
    body = (said % json.dumps('"status":"accepted"')).encode()

    outcome = deliver(spool, Desk(lambda _: Answer(202, body)).post)

    assert (outcome.delivered, outcome.rejected) == (1, 1)
    assert outcome.refusal is not None
    assert outcome.refusal.reason == '"status":"accepted"'


def test_an_answer_that_takes_everything_is_believed_in_any_form(spool: Spool) -> None:
    fill(spool, 4)
    short = Desk(lambda sent: Answer(202, compact(*["accepted"] * len(sent))))

    assert deliver(spool, short.post) == Outcome(delivered=4)
    assert spool.names() == []


def test_what_a_short_answer_leaves_out_stays(spool: Spool) -> None:
    fill(spool, 3)

    outcome = deliver(spool, Desk(lambda _: Answer(202, compact("accepted", "accepted"))).post)

    assert (outcome.delivered, outcome.fault) == (2, "its answer leaves out check-in 2 of 3")
    assert len(spool.names()) == 1


def test_what_an_answer_leaves_out_stays(spool: Spool) -> None:
    fill(spool, 3)

    outcome = deliver(spool, lambda _: results("accepted"))

    assert (outcome.delivered, outcome.fault) == (1, "its answer leaves out check-in 1 of 3")
    assert len(spool.names()) == 2


def test_duplicate_and_late_are_as_good_as_accepted(spool: Spool) -> None:
    fill(spool, 3)

    assert deliver(spool, lambda _: results("duplicate", "late", "accepted")) == Outcome(delivered=3)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_bad_check_in_is_moved_aside_and_holds_nobody_up(spool: Spool, status: int) -> None:
    fill(spool, 20)
    bad = Answer(status, json.dumps({"error": {"message": "cannot be read", "field": "run"}}).encode())
    desk = Desk(lambda check_ins: bad if any(one["seq"] == 7 for one in check_ins) else None)

    outcome = deliver(spool, desk.post)

    assert (outcome.delivered, outcome.rejected, outcome.fault) == (19, 1, "")
    assert desk.seqs == [seq for seq in range(1, 21) if seq != 7]
    (note,) = notes(spool)
    assert note["check_in"]["seq"] == 7
    assert note["reason"] == "run: cannot be read"
    assert spool.names() == []


def test_a_check_in_rejected_by_its_index_is_moved_aside(spool: Spool) -> None:
    fill(spool, 3)

    outcome = deliver(spool, lambda _: results("accepted", "rejected", "accepted"))

    assert (outcome.delivered, outcome.rejected) == (2, 1)
    assert [note["check_in"]["seq"] for note in notes(spool)] == [2]
    assert spool.names() == []


@pytest.mark.parametrize("is_nested", [True, False])
def test_only_the_part_that_is_wrong_is_lost_where_the_check_in_can_do_without(
    spool: Spool, *, is_nested: bool
) -> None:
    fill(spool, 1, labels={"no good": "x"}, metrics={"rows": 5})
    refusal = rejected("labels.no good", is_nested=is_nested)
    desk = Desk(lambda check_ins: refusal if "labels" in check_ins[0] else None)

    outcome = deliver(spool, desk.post)

    assert (outcome.delivered, outcome.rejected) == (1, 0)
    assert desk.taken[0]["metrics"] == {"rows": 5}
    assert outcome.refusal is not None
    assert outcome.refusal.reason == "labels.no good: is wrong"
    assert not outcome.refusal.is_lost
    assert notes(spool)[0]["check_in"]["labels"] == {"no good": "x"}


@pytest.mark.parametrize("field", ["nominal_at", "partition", "backfill"])
def test_a_failure_is_told_without_the_occurrence_that_the_server_does_not_take(
    spool: Spool, field: str
) -> None:
    fill(spool, 1, **{field: "2126-01-01T00:00:00Z"})
    desk = Desk(lambda check_ins: rejected(field) if field in check_ins[0] else None)

    outcome = deliver(spool, desk.post)

    assert (outcome.delivered, outcome.rejected) == (1, 0)
    assert desk.seqs == [1]
    assert notes(spool)[0]["check_in"][field] == "2126-01-01T00:00:00Z"


@pytest.mark.parametrize("field", ["job", "at", "labels", "", "nonsense.x"])
def test_a_check_in_without_what_is_essential_is_not_sent(spool: Spool, field: str) -> None:
    fill(spool, 1)
    desk = Desk(lambda _: rejected(field))

    assert deliver(spool, desk.post).rejected == 1
    assert len(desk.batches) == 1


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, b'{"job":"etl","ki'])
def test_a_damaged_file_is_set_aside_and_the_others_are_sent(spool: Spool, damage: bytes) -> None:
    fill(spool, 3)
    victim = Path(spool.directory, spool.names()[1] + ".json")
    victim.write_bytes(damage)
    desk = Desk()

    assert deliver(spool, desk.post) == Outcome(delivered=2)
    assert desk.seqs == [1, 3]
    assert victim.with_suffix(".torn").read_bytes() == damage


def test_a_proxy_that_hangs_up_on_large_bodies_gets_smaller_ones(spool: Spool) -> None:
    fill(spool, 20)
    desk = Desk(lambda check_ins: NoAnswer("hung up", while_sending=True) if len(check_ins) > 3 else None)

    assert deliver(spool, desk.post) == Outcome(delivered=20)
    assert desk.seqs == list(range(1, 21))


def test_what_cannot_be_deleted_is_not_sent_for_ever(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(spool, 3)
    monkeypatch.setattr(spool, "remove", lambda _: None)
    desk = Desk()

    assert deliver(spool, desk.post).delivered == 3
    assert len(desk.batches) == 1


def test_each_sending_says_when_it_was(spool: Spool) -> None:
    fill(spool, 1, at="2026-03-01T00:00:00+00:00")
    desk = Desk()
    deliver(spool, desk.post)

    assert desk.taken[0]["at"] == "2026-03-01T00:00:00+00:00"
    assert desk.taken[0]["sent_at"] > "2026-03-01"
