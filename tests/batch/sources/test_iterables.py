"""Lists, iterators and asynchronous iterables as sources."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.batch.sources.base import AsyncSource, Source, source_of
from tocsin.batch.sources.fingerprints import changed
from tocsin.errors import InvalidPipeline

MAKERS: dict[str, Callable[[list[int]], object]] = {
    "list": lambda items: items,
    "tuple": tuple,
    "deque": deque,
    "dict values": lambda items: dict(enumerate(items)).values(),
    "iterator": iter,
    "generator": lambda items: (item for item in items),
    "map": lambda items: map(int, items),
}


def source(given: object) -> Source:
    return cast("Source", source_of(given))


async def numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


async def collected(records: AsyncIterator[object]) -> list[object]:
    return [record async for record in records]


@pytest.mark.parametrize("kind", MAKERS)
@given(items=st.lists(st.integers(), max_size=30), start=st.integers(0, 40))
def test_from_any_ordinal_on_comes_what_comes_there_from_the_start(
    kind: str, items: list[int], start: int
) -> None:
    make = MAKERS[kind]

    assert list(source(make(items)).records(start)) == list(source(make(items)).records(0))[start:]
    assert list(source(make(items)).records(0)) == items


def test_a_list_knows_its_length_and_can_be_read_again() -> None:
    listed = source([{"id": 1}, {"id": 2}])

    assert (listed.total, listed.name) == (2, "a list")
    assert list(listed.records(0)) == list(listed.records(0))


def test_a_list_is_known_again_by_type_length_and_both_its_ends() -> None:
    middle, other = [*range(30), 7, *range(30)], [*range(30), 8, *range(30)]
    assert source(middle).fingerprint() == source(other).fingerprint()
    assert changed(source([1, 2]).fingerprint(), source([1, 3]).fingerprint()) == (
        "what the first and the last records say is not what it was"
    )
    longer = changed(source([1]).fingerprint(), source([1, 2]).fingerprint())
    assert longer.startswith("the number of records was 1 and is now 2")
    assert changed(source([1]).fingerprint(), source((1,)).fingerprint()) == (
        "the source was a list and is now tuple"
    )


def test_of_an_iterator_nothing_can_be_told_ahead() -> None:
    iterated = source(iter([1, 2]))

    assert (iterated.total, iterated.total_bytes, iterated.fingerprint()) == (None, None, "")


def test_an_iterator_is_not_read_twice_as_if_it_were_empty() -> None:
    iterated = source(iter([1, 2]))
    list(iterated.records(0))

    with pytest.raises(InvalidPipeline, match="can be read once, and has been"):
        iterated.records(0)


def test_what_an_iterator_raises_comes_through_at_its_place() -> None:
    def breaking() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    records = source(breaking()).records(0)

    assert next(records) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(records)


@pytest.mark.parametrize("start", [0, 1, 5, 9])
def test_an_async_iterator_is_read_from_an_ordinal_on(start: int) -> None:
    asynchronous = cast("AsyncSource", source_of(numbers(5)))

    assert asyncio.run(collected(asynchronous.records(start))) == list(range(5))[start:]
    assert (asynchronous.total, asynchronous.fingerprint()) == (None, "")


def test_an_async_iterator_is_not_read_twice() -> None:
    asynchronous = cast("AsyncSource", source_of(numbers(1)))
    asyncio.run(collected(asynchronous.records(0)))

    with pytest.raises(InvalidPipeline, match="can be read once"):
        asyncio.run(collected(asynchronous.records(0)))


def test_a_source_is_taken_as_it_is() -> None:
    listed = source([1])

    assert source_of(listed) is listed


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"id": 1}, "one record is given in a list"),
        ({1, 2}, "another order in every process"),
        (b"bytes", "give a path"),
        (7, "give a path, a glob, an iterable"),
        (None, "give a path, a glob, an iterable"),
        (lambda: [1], "call it, and give what it returns"),
    ],
)
def test_what_is_no_source_is_refused_with_what_to_give_instead(given: object, hint: str) -> None:
    with pytest.raises(InvalidPipeline, match=hint):
        source_of(given)
