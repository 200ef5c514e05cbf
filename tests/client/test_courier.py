import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.test_delivery import results
from tocsin import clock
from tocsin.client import courier as courier_module
from tocsin.client import spool as spool_module
from tocsin.client import wire
from tocsin.client.courier import Courier
from tocsin.client.http1 import Answer, NoAnswer
from tocsin.client.spool import Spool, entry_name

URL = "http://127.0.0.1:8465"
WAIT_SECONDS = 10.0


class Desk:
    """A server at hand: answers as it is told, and lets itself be waited for."""

    def __init__(self) -> None:
        self.answer: Callable[[int], Answer | NoAnswer] = lambda count: results(*["accepted"] * count)
        self.taken = 0
        self.asked = 0
        self._changed = threading.Condition()

    def post(self, body: bytes) -> Answer | NoAnswer:
        count = body.count(b'"job":')
        with self._changed:
            self.asked += 1
            self._changed.notify_all()
        answer = self.answer(count)
        with self._changed:
            if isinstance(answer, Answer) and answer.status == 202:
                self.taken += count
            self._changed.notify_all()
        return answer

    def wait_until(self, holds: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, WAIT_SECONDS)


class Office:
    """A courier with its spool, its server and the lines it had for the user."""

    def __init__(self, place: Path) -> None:
        self.desk = Desk()
        self.said: list[str] = []
        self.spool = Spool(str(place), URL)
        self.courier = Courier(self.spool, self.desk.post, url=URL, speak=self.said.append)
        self._seq = 0

    def put(self, kind: str = "heartbeat") -> None:
        self.courier.put(*self._next(kind))

    def keep(self, kind: str) -> None:
        self.courier.keep(*self._next(kind))

    def _next(self, kind: str) -> tuple[str, bytes]:
        self._seq += 1
        return entry_name(1, "aa", self._seq, kind), wire.encode({"job": "etl", "kind": kind})


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def neighbour(place: Path) -> Spool:
    """Return the spool as another process has it."""
    spool = Spool(str(place), URL)
    Path(spool.directory).mkdir(parents=True, exist_ok=True)
    return spool


def accept_when(held: threading.Event) -> Callable[[int], Answer | NoAnswer]:
    """Answer when it is time."""
    return lambda count: results(*["accepted"] * count) if held.wait(WAIT_SECONDS) else NoAnswer("late")


def seconds(call: Callable[[], object]) -> float:
    began = clock.monotonic()
    call()
    return clock.monotonic() - began


def test_a_check_in_is_on_disk_before_it_is_sent(office: Office) -> None:
    held = threading.Event()
    office.desk.answer = lambda count: (
        results(*["accepted"] * count) if held.wait(WAIT_SECONDS) else NoAnswer("")
    )

    took = seconds(office.put)

    assert took < 0.5
    assert len(office.spool.names()) == 1
    held.set()
    assert office.courier.flush(5).waiting == 0
    assert office.spool.names() == []


def test_what_is_only_kept_is_on_disk_and_goes_with_the_next(office: Office) -> None:
    office.keep("start")

    assert len(office.spool.names()) == 1
    assert office.courier.flush(0).waiting == 0  # nothing was to be sent yet
    office.put("success")
    assert office.courier.flush(WAIT_SECONDS).waiting == 0
    assert (office.desk.asked, office.desk.taken) == (1, 2)


def test_what_was_kept_goes_when_it_is_told_to(office: Office) -> None:
    office.keep("start")
    office.courier.go()

    assert office.courier.flush(WAIT_SECONDS).waiting == 0
    assert office.desk.taken == 1
    assert office.spool.names() == []


def test_a_server_that_never_answers_costs_the_last_flush_and_no_more(office: Office) -> None:
    held = threading.Event()
    office.desk.answer = lambda _: NoAnswer("late") if held.wait(WAIT_SECONDS) else NoAnswer("later")
    office.put()

    took = seconds(office.courier.finish)

    assert 0.6 < took < 0.95
    assert len(office.said) == 1
    assert "it has not answered yet; 1 check-in is kept in " + office.spool.directory in office.said[0]
    held.set()


def test_a_server_that_refuses_costs_next_to_nothing(office: Office) -> None:
    office.desk.answer = lambda _: NoAnswer("Connection refused")
    office.put("start")
    office.put("success")

    took = seconds(office.courier.finish)

    assert took < 0.3
    assert "Connection refused; 2 check-ins are kept in" in office.said[0]


def test_the_user_hears_once_that_the_server_is_away(office: Office) -> None:
    office.desk.answer = lambda _: NoAnswer("Connection refused")
    for _ in range(3):
        office.put()
        office.courier.finish()

    assert len(office.said) == 1


def test_a_job_without_end_tells_that_the_server_is_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(courier_module, "_BACKOFF_SECONDS", (0.01,))
    office.desk.answer = lambda _: NoAnswer("Connection refused")
    office.put()
    office.desk.wait_until(lambda: office.desk.asked >= 5)

    assert len(office.said) == 1


def test_what_waits_goes_out_when_the_server_is_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier_module, "_BACKOFF_SECONDS", (0.02,))
    office.desk.answer = lambda _: NoAnswer("Connection refused")
    office.put("start")
    office.desk.wait_until(lambda: office.desk.asked >= 2)
    office.desk.answer = lambda count: results(*["accepted"] * count)

    office.desk.wait_until(lambda: office.desk.taken == 1)
    assert office.courier.flush(5).fault == ""


def test_between_failures_it_waits_longer_and_longer(office: Office) -> None:
    office.desk.answer = lambda _: NoAnswer("Connection refused")
    office.put()
    office.desk.wait_until(lambda: office.desk.asked == 1)
    for _ in range(20):
        office.put()

    # The first wait is 0.75 s at least: nothing that is put meanwhile hammers at the server.
    assert office.desk.asked == 1
    assert office.courier.flush(5).waiting == 21
    assert office.desk.asked == 2


def test_a_server_that_asks_to_wait_is_left_in_peace_even_at_the_end(office: Office) -> None:
    office.desk.answer = lambda _: Answer(503, b"", 30.0)
    office.put()
    office.courier.flush(5)
    office.put()

    took = seconds(office.courier.finish)

    assert took < 0.3
    assert office.desk.asked == 1
    assert "it cannot record anything now (503)" in office.said[0]


def test_a_rejected_check_in_is_told_once_and_keeps_nobody_back(office: Office) -> None:
    office.desk.answer = lambda count: results(*["rejected"] * count)
    for _ in range(3):
        office.put()
        office.courier.flush(5)

    assert len(office.said) == 1
    assert "the server rejected a check-in" in office.said[0]
    assert office.said[0].endswith("rejected.jsonl")
    assert office.courier.finish().waiting == 0


def test_where_another_process_delivers_it_is_waited_for(office: Office, tmp_path: Path) -> None:
    other = neighbour(tmp_path)
    with other.hold() as held:
        assert held
        office.put()
        assert office.courier.flush(0.1).waiting == 1
        for name in other.names():
            other.remove(name)
        # The other one took ours along.
        assert seconds(lambda: office.courier.flush(5)) < 2
        assert office.courier.flush(5).waiting == 0
    assert office.desk.asked == 0


def test_another_process_that_leaves_ours_behind_leaves_them_to_us(office: Office, tmp_path: Path) -> None:
    with neighbour(tmp_path).hold():
        office.put()
        assert office.courier.flush(0.05).waiting == 1

    assert office.courier.flush(5).waiting == 0
    assert office.desk.taken == 1


def test_waiting_behind_another_process_is_no_trouble_to_tell(office: Office, tmp_path: Path) -> None:
    with neighbour(tmp_path).hold():
        office.put()
        office.courier.finish(0.2)

    assert office.said == []


def test_a_fault_of_ours_costs_no_thread_and_no_check_in(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object, __: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(courier_module, "deliver", broken)
    office.put()
    assert office.courier.flush(5).fault == "RuntimeError: planted"
    monkeypatch.undo()

    assert office.courier.flush(5).waiting == 0


def test_without_a_thread_the_spool_keeps_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    office.put()

    assert seconds(office.courier.finish) < 0.3
    assert len(office.spool.names()) == 1


def test_a_spool_that_nobody_empties_does_not_grow_for_ever(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "MAX_BYTES", 10 * 4096)
    office.desk.answer = lambda _: NoAnswer("Connection refused")
    for _ in range(30):
        office.put()

    assert office.courier.finish().waiting <= 10
    assert office.said[0].endswith(" were dropped")


def test_what_no_disk_takes_is_delivered_from_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    office = Office(tmp_path / "file")
    office.put("start")
    office.put("success")

    assert office.courier.flush(5).waiting == 0
    assert office.desk.taken == 2


def test_what_an_earlier_process_left_goes_along_first(office: Office, tmp_path: Path) -> None:
    bodies: list[bytes] = []
    left = Spool(str(tmp_path), URL)
    left.put(entry_name(0, "zz", 1, "start"), wire.encode({"job": "old", "kind": "start"}))

    def post(body: bytes) -> Answer | NoAnswer:
        bodies.append(body)
        return office.desk.post(body)

    courier = Courier(office.spool, post, url=URL)
    courier.put(entry_name(1, "aa", 1, "start"), wire.encode({"job": "new", "kind": "start"}))
    courier.flush(5)

    sent = b"".join(bodies)
    assert 0 < sent.index(b'"old"') < sent.index(b'"new"')


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_thread_of_its_own_and_not_our_right_to_deliver(
    office: Office, tmp_path: Path
) -> None:
    held = threading.Event()
    office.desk.answer = accept_when(held)
    office.put()
    office.desk.wait_until(lambda: office.desk.asked == 1)
    # The parent's thread is in the middle of a delivery, and holds the spool.
    hear_child, tell_parent = os.pipe()
    hear_parent, tell_child = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(int(WAIT_SECONDS))
        try:
            body = wire.encode({"job": "child", "kind": "start"})
            office.courier.put(entry_name(2, "bb", 1, "start"), body)
            threads = [thread.name for thread in threading.enumerate()]
            os.write(tell_parent, b"y" if "tocsin-courier" in threads else b"n")
            os.read(hear_parent, 1)
        finally:
            os._exit(0)
    assert os.read(hear_child, 1) == b"y"
    os.close(tell_parent)
    held.set()

    assert office.courier.flush(5).waiting == 0
    # What the child began with is not the lock: we can have it while the child lives.
    # It may hold it for a moment of its own, while it delivers what it put there itself.
    until = clock.monotonic() + WAIT_SECONDS
    free = False
    while not free and clock.monotonic() < until:
        with neighbour(tmp_path).hold() as free:
            pass
    assert free
    os.write(tell_child, b"x")
    os.waitpid(child, 0)
    for file in (hear_child, hear_parent, tell_child):
        os.close(file)
    assert office.desk.taken == 2
