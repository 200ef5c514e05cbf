"""The file as it was written: what can be found in it though no part of it need be of the right kind."""

from collections.abc import Iterable, Iterator, Mapping

from tocsin.config.problems import MAX_SHOWN, Fault, Place, closest, written


def items(value: object, place: Place) -> Iterator[tuple[Place, Mapping[str, object]]]:
    """Return the mappings of a list, each with its place."""
    for number, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield (*place, number), item


def named(value: object, place: Place, key: str = "name") -> Iterator[tuple[Place, str]]:
    """Return the names of the mappings of a list, each with its place."""
    for at, item in items(value, place):
        name = item.get(key)
        if isinstance(name, str):
            yield (*at, key), name


def words(value: object, place: Place) -> Iterator[tuple[Place, str]]:
    """Return the words of a list that may be written as its only item."""
    if isinstance(value, str):
        yield place, value
    for number, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield (*place, number), item


def twice(names: Iterable[tuple[Place, str]], what: str) -> Iterator[Fault]:
    """Return a fault for each name that another has already."""
    first: dict[str, Place] = {}
    for place, name in names:
        if name in first:
            message = f"{what} {name[:MAX_SHOWN]!r} exists already: {written(first[name][:-1])}"
            yield Fault(place=place, message=message)
        first.setdefault(name, place)


def nothing_called(name: str, what: str, place: Place, known: Iterable[str]) -> Fault:
    """Return the fault of a name that nothing of this kind has."""
    message = f"no {what} is called {name[:MAX_SHOWN]!r}"
    return Fault(place=place, message=message, suggestion=closest(name, known))
