"""The key that links are signed with: made once, kept in the store, the same for all servers of a store."""

from typing import Final

from tocsin.engine.looking import NewId
from tocsin.store.base import Writing

NOTE: Final = "link_key"
IDS: Final = 8


def link_key(writing: Writing, new_id: NewId) -> bytes:
    """Return the kept key, or a new one that is kept from now on; an id brings at least 32 random bits."""
    kept = writing.note(NOTE)
    if kept is None:
        kept = "".join(new_id() for _ in range(IDS))
        writing.save_note(NOTE, kept)
    return kept.encode()
