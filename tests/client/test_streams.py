import os
from contextlib import suppress

import pytest

from tocsin.client.limits import MAX_TAIL_BYTES
from tocsin.client.streams import Stream, Tail, pump_ready


def test_the_tail_keeps_the_order_of_arrival() -> None:
    tail = Tail()
    for number in range(5):
        tail.add(b"%d" % number, number % 2)

    assert bytes(tail) == b"01234"


@pytest.mark.parametrize("size", [1, 7, 1000, 65536])
def test_the_tail_is_bounded_and_is_the_end(size: int) -> None:
    tail = Tail()
    said = b"".join(b"%06d\n" % number for number in range(20_000))
    for start in range(0, len(said), size):
        tail.add(said[start : start + size])

    assert bytes(tail) == said[-MAX_TAIL_BYTES:]


def test_what_waited_in_the_other_pipe_does_not_push_an_error_out() -> None:
    tail = Tail()
    tail.add(b"o" * 50_000, 0)
    tail.add(b"the error", 1)
    tail.add(b"o" * 50_000, 0)

    assert len(bytes(tail)) == MAX_TAIL_BYTES
    assert b"the error" in bytes(tail)


def test_neither_output_gets_everything() -> None:
    tail = Tail()
    for _ in range(200):
        tail.add(b"o" * 1000, 0)
        tail.add(b"e" * 10, 1)
    tail.add(b"e" * 100_000, 1)

    assert bytes(tail).count(b"o") == MAX_TAIL_BYTES // 4
    assert bytes(tail).endswith(b"e" * 7_000)


def test_a_slow_reader_slows_the_writer_and_not_our_memory() -> None:
    (source, writer), (reader, sink) = os.pipe(), os.pipe()
    os.set_blocking(writer, False)
    stream = Stream(source, sink, Tail())
    offered = 0
    for _ in range(400):
        with suppress(BlockingIOError):
            offered += os.write(writer, b"x" * 4096)
        pump_ready([stream], -1, 0)
    assert offered < 400_000

    os.close(writer)
    passed = 0
    while stream.is_open or stream.has_pending:
        passed += len(os.read(reader, 1 << 20))
        for _ in range(50):
            pump_ready([stream], -1, 0)
    os.close(sink)
    while data := os.read(reader, 1 << 20):
        passed += len(data)
    os.close(reader)

    assert passed == offered


def test_the_rest_is_taken_without_waiting_for_whoever_still_holds_the_pipe() -> None:
    (source, writer), (reader, sink) = os.pipe(), os.pipe()
    tail = Tail()
    stream = Stream(source, sink, tail)
    os.write(writer, b"said before the end")

    stream.take_rest()

    assert bytes(tail) == b"said before the end"
    is_open = [stream.is_open]
    os.close(writer)
    stream.take_rest()
    is_open.append(stream.is_open)
    assert is_open == [True, False]
    for file in (reader, sink):
        os.close(file)
