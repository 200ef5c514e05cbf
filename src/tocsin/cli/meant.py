"""Ids as people type them: the beginning of one will do."""

from collections.abc import Iterable, Mapping

from tocsin.cli.exits import Exit, give_up

SHORTEST_BEGINNING = 4
MOST_LISTED = 1_000
_MOST_TOLD = 5


def meant_id(beginning: str, listed: Iterable[Mapping[str, object]], what: str) -> str | None:
    """Return the only one of the listed ids that begins so, None if none does; of several ask for more."""
    ids = [str(item.get("id")) for item in listed]
    found = [one for one in ids if one.startswith(beginning)]
    if len(found) > 1:
        give_up(f"{beginning!r} begins several {what}: {', '.join(found[:_MOST_TOLD])}", Exit.REFUSED)
    return found[0] if found else None
