"""What the tables need of a database: rows, transactions, and a hold on a run that ends with its process."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]
Parameters = Sequence[object]


class Door(Protocol):
    """One connection, used by one thread at a time; statements have `?` where parameters go.

    Raises StoreUnavailable and StoreBroken, in words for the person who must act.
    """

    @property
    def where(self) -> str:
        """Return its path or address for people, without a password."""

    def transaction(self) -> AbstractContextManager[None]:
        """Keep all that is written within, or nothing when it raises."""

    def all(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Return all rows of a statement."""

    def run(self, statement: str, parameters: Parameters = ()) -> int:
        """Carry out a statement and return how many rows it changed."""

    def many(self, statement: str, rows: Iterable[Parameters]) -> None:
        """Carry out a statement for each row."""

    def hold(self, run_id: str) -> bool:
        """Hold a run until this process ends or lets it go; false while another holds it."""

    def holds(self, run_id: str) -> bool:
        """Whether it is still held: a connection that was lost may have lost it to another."""

    def is_held(self, run_id: str) -> bool:
        """Whether anybody holds a run, in this process or another."""

    def let_go(self, run_id: str) -> None:
        """Hold a run no more."""

    def close(self) -> None:
        """Let go of everything; never raises."""
