"""What pipelines keep: in a file of SQLite by default, or in a PostgreSQL that several machines share."""

import os
from pathlib import Path

from tocsin.batch.state.base import State
from tocsin.batch.state.tables import Keeping
from tocsin.errors import InvalidPipeline

__all__ = ["Keeping", "State", "open_state", "state_place"]

VARIABLE = "TOCSIN_BATCH_STATE"
_IN_MEMORY = ":memory:"
POSTGRES = ("postgresql://", "postgres://")


def state_place() -> str:
    """Return where the state is kept unless something else is said: a path, or an address of PostgreSQL."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return str(Path(home).expanduser() / "tocsin" / "batch.db")


def open_state(place: str | Path | None = None, keeping: Keeping | None = None) -> State:
    """Return the state at a path or an address of PostgreSQL, ready to be used; without one the usual.

    That is what TOCSIN_BATCH_STATE names, otherwise `tocsin/batch.db` in XDG_STATE_HOME, which is
    ~/.local/state where that is not set. `keeping` says how much is kept and for how long.

    Raises StoreUnavailable and StoreBroken, and InvalidPipeline where a package is missing or it is no place.
    """
    where = state_place() if place is None else str(place)
    if where.startswith(POSTGRES):
        from tocsin.batch.state.postgres import PostgresState  # noqa: PLC0415 -- loads its package only where used

        return PostgresState(where, keeping)
    if "://" in where or where == _IN_MEMORY:
        kept = "a file of SQLite, named by its path, or a PostgreSQL, as postgresql://..."
        # What follows may have a password in it.
        raise InvalidPipeline(f"{where.partition('://')[0]} is no place for the state, which is {kept}")
    from tocsin.batch.state.sqlite import SqliteState  # noqa: PLC0415 -- loads its package only where used

    return SqliteState(Path(where), keeping)
