"""What the parts that both stores share ask of a connection."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]


class Door(Protocol):
    """One connection that speaks in rows and in our errors; parameters stand as `?` in a statement.

    `suspect` tells that it should be opened anew before it is used again.
    """

    suspect: bool

    def all(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows of a statement."""
        ...

    def one(self, statement: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row of a statement, or None."""
        ...

    def run(self, statement: str, parameters: Parameters = ()) -> int:
        """Carry out a statement and return how many rows it changed."""
        ...

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> int:
        """Carry out a statement for each row and return how many rows all of them changed."""
        ...

    def rollback(self) -> None:
        """Forget an open transaction; never raises."""

    def interrupt(self) -> None:
        """End what another thread is doing with this connection, and its transaction."""

    def close(self) -> None:
        """Let go of it; never raises."""


class OnDoor:
    """A part of a session: it uses the door that the session holds."""

    _door: Door
