"""Records that a program holds or makes: lists, iterators and their asynchronous kin."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Final

from tocsin.batch.encoding import readable
from tocsin.batch.sources.fingerprints import digest, fingerprint_of
from tocsin.batch.words import a_kind
from tocsin.errors import InvalidPipeline

ENDS: Final = 20
"""So many records at either end of a sequence tell whether it is another one."""


def _kind_of(given: object) -> str:
    return f"{type(given).__module__}.{type(given).__qualname__}".removeprefix("builtins.")


class Listed:
    """A sequence, known again by its type, its length, and its first and last records."""

    total_bytes = None

    def __init__(self, given: Sequence[object]) -> None:
        self._given = given
        self.name = a_kind(given)

    @property
    def total(self) -> int:
        """Return how many there are."""
        return len(self._given)

    def fingerprint(self) -> str:
        """Return its type, its length, and what its first and last records are."""
        given, count = self._given, len(self._given)
        ends_at = {*range(min(ENDS, count)), *range(max(0, count - ENDS), count)}
        ends = b"\n".join(readable(given[at]) for at in sorted(ends_at))
        return fingerprint_of("sequence", type=_kind_of(given), records=count, ends=digest(ends))

    def records(self, start: int) -> Iterator[object]:
        """Return the items from an index on."""
        return (self._given[index] for index in range(start, len(self._given)))

    def bytes_read(self) -> int:
        """Return 0: nothing is read."""
        return 0


class Iterated:
    """Something that can be iterated again and again; skipping is iterating."""

    total_bytes = None

    def __init__(self, given: Iterable[object]) -> None:
        self._given = given
        self.name = a_kind(given)

    @property
    def total(self) -> int | None:
        """Return its length, where it has one."""
        return len(self._given) if isinstance(self._given, Sized) else None

    def fingerprint(self) -> str:
        """Return nothing: what it yields next time cannot be told."""
        return ""

    def records(self, start: int) -> Iterator[object]:
        """Return what it yields after as many as are skipped."""
        return islice(self._given, start, None)

    def bytes_read(self) -> int:
        """Return 0: how much it reads cannot be seen."""
        return 0


class Once(Iterated):
    """An iterator: it yields once."""

    def __init__(self, given: Iterator[object]) -> None:
        super().__init__(given)
        self._taken = False

    def records(self, start: int) -> Iterator[object]:
        """Return what it yields after as many as are skipped; raises InvalidPipeline the second time."""
        if self._taken:
            raise InvalidPipeline(_TAKEN.format(self.name))
        self._taken = True
        return super().records(start)


class AsyncOnce:
    """An asynchronous iterable; where it is an iterator, it yields once."""

    total = None

    def __init__(self, given: AsyncIterable[object]) -> None:
        self._given = given
        self._taken = False
        self.name = f"an {type(given).__qualname__}"

    def fingerprint(self) -> str:
        """Return nothing: what it yields next time cannot be told."""
        return ""

    async def records(self, start: int) -> AsyncIterator[object]:
        """Return what it yields after as many as are skipped; raises InvalidPipeline the second time."""
        if self._taken and isinstance(self._given, AsyncIterator):
            raise InvalidPipeline(_TAKEN.format(self.name))
        self._taken = True
        left = start
        async for record in self._given:
            if left:
                left -= 1
            else:
                yield record


_TAKEN = "{} can be read once, and has been; make a new one for every run"
