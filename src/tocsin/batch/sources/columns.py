"""Names of columns, which become the keys of records."""

from collections import Counter
from collections.abc import Iterable

from tocsin.errors import InvalidPipeline


def keys_of(names: Iterable[object], where: str) -> tuple[str, ...]:
    """Return names as keys; raises InvalidPipeline where two are the same, for a record holds each once."""
    keys = tuple(map(str, names))
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise InvalidPipeline(f"{where}: more than one column is named {', '.join(map(repr, twice))}")
    return keys
