"""Dead letters as a source: what could not be delivered is read from the state and sent once more."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from tocsin.batch.state.base import DeadLetterQuery, State


class Letters:
    """The dead letters of a pipeline that a query means; `ids` says which ordinal is which of them."""

    total: int | None
    total_bytes: int | None = None

    def __init__(self, state: State, query: DeadLetterQuery, pipeline: str) -> None:
        self.name = name_of(pipeline)
        self.ids: dict[int, int] = {}
        self._state = state
        self._query = replace(query, pipeline=pipeline, also_settled=False)
        self.total = state.count_dead_letters(self._query)

    def fingerprint(self) -> str:
        """Return that it cannot be told."""
        return ""

    def records(self, start: int) -> Iterator[object]:
        """Return the letters from an ordinal on; those that were redacted cannot be sent.

        No more than there were at first: one that fails again is a new letter at their end, and not for now.
        """
        letters = islice(self._state.dead_letters(self._query), start, self.total)
        for ordinal, letter in enumerate(letters, start):
            self.ids[ordinal] = letter.id
            yield letter

    def bytes_read(self) -> int:
        """Return nothing: letters are counted, not measured."""
        return 0


def name_of(pipeline: str) -> str:
    """Return the name that the dead letters of a pipeline have as a source."""
    return f"dead letters of {pipeline}"
