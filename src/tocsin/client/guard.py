"""Keeps the client's own faults away from the job that it reports on."""

from __future__ import annotations

import functools

from tocsin.client.notice import say

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

_said: set[str] = set()


def harmless(method: Callable[P, R]) -> Callable[P, R | None]:
    """Return the method in a form that raises no Exception: it says so once on standard error instead."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return method(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 – reporting must not make a job fail, whatever happens in here
            if method.__qualname__ not in _said:
                _said.add(method.__qualname__)
                say(f"{method.__qualname__} did nothing: {type(error).__name__}: {error}")
            return None

    return guarded
