"""What can be used of a file with faults, so that all that is wrong or unwise in it is told at once."""

import copy
from collections.abc import Callable, Iterable
from typing import TypeVar

from pydantic import ValidationError

from tocsin.config.problems import Place

T = TypeVar("T")
_ATTEMPTS = 4


def salvaged(data: object, validate: Callable[[object], T]) -> T | None:
    """Return a file without those parts of it that cannot be used; None where too much would be lost.

    First the faulty values are left out, then what holds them, and so on.
    """
    kept = copy.deepcopy(data)
    for attempt in range(_ATTEMPTS):
        try:
            return validate(kept)
        except ValidationError as error:
            places = [tuple(detail["loc"]) for detail in error.errors(include_url=False)]
        _leave_out(kept, [place[: max(1, len(place) - attempt)] for place in places])
    return None


def _leave_out(data: object, places: Iterable[Place]) -> None:
    """Take out what stands at these places, of lists from their ends on, so that numbers stay true."""
    listed: list[tuple[int, list[object]]] = []
    for place in places:
        path = _path(data, place)
        holder, key = path[-1] if path else (None, "")
        if isinstance(holder, dict):
            holder.pop(key, None)
        elif isinstance(holder, list):
            listed.append((int(key), holder))
    for number, items in sorted(listed, key=lambda one: -one[0]):
        if number < len(items):
            del items[number]


def _path(data: object, place: Place) -> list[tuple[object, str | int]]:
    """Return the way to a place as far as it is there: each holder, and the key or number that leads on.

    A list's only item may stand without the list.
    """
    path: list[tuple[object, str | int]] = []
    for step in place:
        below = _below(data, step)
        if below:
            path.append((data, step))
            data = below[0]
        elif not isinstance(step, int):
            break
    return path


def _below(data: object, step: str | int) -> list[object]:
    """Return what a step leads to, as a list of it alone; empty where it leads nowhere."""
    if isinstance(data, dict):
        return [data[step]] if step in data else []
    return data[step : step + 1] if isinstance(data, list) and isinstance(step, int) else []
