"""Which keys a place of the file may have, read off the models themselves."""

import types
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from tocsin.config.grammar.base import Part
from tocsin.config.grammar.words import words_of
from tocsin.config.problems import Place

TOP = "the top level"
EACH = "*"

_Kind = object


class GrammarKeys:
    """The known keys of every place of a kind of file."""

    def __init__(self, root: type[Part]) -> None:
        self._root = root

    def at(self, place: Place) -> tuple[str, ...]:
        """Return the keys that the mapping at this place may have; none where any name goes."""
        kinds: list[_Kind] = [self._root]
        for step in place:
            kinds = [inner for kind in kinds for inner in _inside(kind, step)]
        return tuple(key for part in _parts_of(kinds) for key, _ in _fields(part))

    def homes_of(self, key: str) -> tuple[str, ...]:
        """Return the places that may have this key, the outermost first."""
        return _homes(self._root).get(key, ())


def every_key(root: type[Part]) -> tuple[tuple[str, str], ...]:
    """Return every key as a path, `jobs.*.deadline`, with what it means, in the order of the grammar."""
    return tuple((".".join(path), meaning) for path, meaning in _walk(root, (), ()))


@cache
def _homes(root: type[Part]) -> dict[str, tuple[str, ...]]:
    homes: dict[str, list[str]] = {}
    for path, _ in every_key(root):
        home, _, key = path.rpartition(".")
        homes.setdefault(key, []).append(f"'{home}'" if home else TOP)
    return {key: tuple(sorted(places, key=lambda home: home.count("."))) for key, places in homes.items()}


def _walk(
    part: type[Part], path: tuple[str, ...], seen: tuple[type[Part], ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if part in seen:
        return
    words = words_of(part)
    for name, field in part.model_fields.items():
        key = field.alias or name
        yield (*path, key), words.get(name, "")
        for inner, deeper in _parts_below(field.annotation, (*path, key)):
            yield from _walk(inner, deeper, (*seen, part))


def _parts_below(annotation: _Kind, path: tuple[str, ...]) -> Iterator[tuple[type[Part], tuple[str, ...]]]:
    kinds = _kinds(annotation)
    yield from ((part, path) for part in _parts_of(kinds))
    for kind in kinds:
        if get_origin(kind) is list:
            yield from _parts_below(get_args(kind)[0], path)
        elif get_origin(kind) is dict:
            yield from _parts_below(get_args(kind)[1], (*path, EACH))


def _inside(kind: _Kind, step: str | int) -> Iterator[_Kind]:
    """Return what a step leads to; a list's only item may stand without the list."""
    for part in _parts_of([kind]):
        for key, field in _fields(part):
            yield from _kinds(field.annotation) if key == step else ()
    if get_origin(kind) is dict:
        yield from _kinds(get_args(kind)[1])
    elif get_origin(kind) is list:
        for inner in _kinds(get_args(kind)[0]):
            yield from [inner] if isinstance(step, int) else _inside(inner, step)


def _fields(part: type[Part]) -> Iterator[tuple[str, FieldInfo]]:
    return ((field.alias or name, field) for name, field in part.model_fields.items())


def _kinds(annotation: _Kind) -> list[_Kind]:
    """Return what an annotation may be, without its decoration."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [kind for choice in get_args(annotation) for kind in _kinds(choice)]
    return [annotation]


def _parts_of(kinds: Iterable[_Kind]) -> Iterator[type[Part]]:
    return (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Part))
