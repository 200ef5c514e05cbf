"""What a pipeline is defined with, looked at before anything is read: every mistake is told at once."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tocsin.batch.answering import OnReject
from tocsin.batch.calling import call_fault
from tocsin.batch.config import BatchConfig
from tocsin.batch.words import a_kind
from tocsin.errors import InvalidPipeline

MAX_LANES: Final = 256
MAX_SHOWN: Final = 80
WHOLE: Final = 100.0
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PERCENT: Final = re.compile(r" *([0-9]+(?:\.[0-9]+)?) *% *")
_OF_A_SINK: Final = ("name", "limits", "framing", "encode", "send", "__aenter__", "__aexit__")
_OF_A_STATE: Final = ("begin", "save_checkpoint", "finish")


def check(given: Mapping[str, object]) -> None:
    """Look at the arguments of a pipeline by their names; raises InvalidPipeline with all that is wrong."""
    faults = [fault for name, look in _LOOKS.items() for fault in look(name, given[name])]
    if given["on_reject"] == OnReject.HOLD_KEY and given["key"] is None:
        faults.append('on_reject is "hold_key", and no key is given')
    if faults:
        raise InvalidPipeline("; ".join(faults))


class MayFail(NamedTuple):
    """So many records may fail before a run ends, where that is a number, and so many percent of them."""

    records: int | None
    percent: float


ALL_MAY_FAIL: Final = MayFail(None, WHOLE)


def may_fail(max_rejects: str | int | None, error_threshold_percent: float) -> MayFail:
    """Return how many records may fail."""
    if max_rejects is None:
        return MayFail(None, error_threshold_percent)
    if isinstance(max_rejects, int):
        return MayFail(max_rejects, WHOLE)
    return MayFail(None, float(max_rejects.strip(" %")))


def _name(_name: str, value: object) -> Iterator[str]:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        yield f"{_shown(value)} is no name for a pipeline: letters, digits, . _ - up to 100"


def _sink(name: str, value: object) -> Iterator[str]:
    lacks = [one for one in _OF_A_SINK if not hasattr(value, one)]
    if isinstance(value, type):
        yield f"{name} is the class {value.__name__}; give one of it: {value.__name__}(...)"
    elif inspect.isroutine(value):
        yield f"{name} is a function; write @sink() above it, which makes a sink of it"
    elif lacks:
        yield f"{name} is {a_kind(value)}, which has no {', '.join(lacks)}"


def _function(name: str, value: object) -> Iterator[str]:
    if value is None:
        return
    if not callable(value):
        yield f"{name} is {_shown(value)}; it is a function"
    elif inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value):
        yield f"{name} is a coroutine function; records are mapped in a thread, where nothing is awaited"
    elif inspect.isgeneratorfunction(value):
        yield f"{name} is a generator function; return a list in place of it"
    elif fault := call_fault(value, "a record"):
        yield f"{name} {fault}"


def _of(name: str, value: object) -> Iterator[str]:
    """Look at what names a field, or is a function of the record."""
    if callable(value):
        yield from _function(name, value)
    elif value is not None and not (isinstance(value, str) and value):
        yield f"{name} is {_shown(value)}; it is the name of a field, or a function"


def _on_reject(name: str, value: object) -> Iterator[str]:
    if value not in set(OnReject):
        yield f"{name} is {_shown(value)}; it is one of {', '.join(OnReject)}"


def _lanes(name: str, value: object) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_LANES:
        yield f"{name} is {_shown(value)}; it is a whole number between 1 and {MAX_LANES}"


def _max_rejects(name: str, value: object) -> Iterator[str]:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    share = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    is_share = share is not None and float(share[1]) <= WHOLE
    if value is not None and not is_count and not is_share:
        yield f'{name} is {_shown(value)}; it is a number such as 50 or a share such as "2%"'


def _config(name: str, value: object) -> Iterator[str]:
    if value is not None and not isinstance(value, BatchConfig):
        yield f"{name} is {a_kind(value)}; it is a BatchConfig"


def _redact(name: str, value: object) -> Iterator[str]:
    # A word is a sequence of letters, and hiding the fields "e", "m" and "a" hides no email.
    if isinstance(value, str):
        yield f"{name} is {_shown(value)}; it is a list of fields: [{_shown(value)}]"
    elif not isinstance(value, tuple | list) or not all(isinstance(one, str) for one in value):
        yield f"{name} is {_shown(value)}; it is a list of fields"


def _state(name: str, value: object) -> Iterator[str]:
    is_place = value is None or isinstance(value, str | Path)
    if not is_place and not all(hasattr(value, one) for one in _OF_A_STATE):
        wanted = "a path, an address of PostgreSQL, or what open_state has returned"
        yield f"{name} is {_shown(value)}; it is {wanted}"


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= MAX_SHOWN else f"{shown[: MAX_SHOWN - 1]}…"


_LOOKS: Final[dict[str, Callable[[str, object], Iterator[str]]]] = {
    "name": _name,
    "sink": _sink,
    "map": _function,
    "sanitize": _function,
    "validate": _function,
    "key": _of,
    "id": _of,
    "on_reject": _on_reject,
    "max_rejects": _max_rejects,
    "lanes": _lanes,
    "config": _config,
    "redact": _redact,
    "state": _state,
}
