"""Instants of a rule test that is not read any further: what is none is told with its other mistakes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from tocsin.config.grammar.rule_tests import MAX_LINES, CheckInItem, CheckInLine, Expectation, ExpectationItem
from tocsin.config.problems import Fault, Place
from tocsin.config.rule_test_times import check_when, day_and_time, read_length
from tocsin.errors import InvalidSchedule

_LINES: Final[Mapping[str, TypeAdapter[CheckInLine] | TypeAdapter[Expectation]]] = {
    "check_ins": TypeAdapter(CheckInItem),
    "expect": TypeAdapter(ExpectationItem),
}
_OF_TEST: Final[Mapping[str, Callable[[str], object]]] = {"now": day_and_time, "until": check_when}
_OF_LINE: Final[Mapping[str, Callable[[str], object]]] = {
    "at": check_when,
    "start": check_when,
    "until": check_when,
    "nominal_at": check_when,
    "every": read_length,
    "runs": read_length,
}


def unreadable_instants(written: object, place: Place) -> Iterator[Fault]:
    """Return what is no instant, or no length, of a test whose mistakes keep it from being read.

    Lines that have such a mistake themselves are left out.
    """
    if not isinstance(written, dict):
        return
    for key, reader in _OF_TEST.items():
        yield from _unreadable(written.get(key), reader, (*place, key))
    for key, grammar in _LINES.items():
        lines = written.get(key)
        for number, item in enumerate(lines[:MAX_LINES] if isinstance(lines, list) else ()):
            try:
                line = grammar.validate_python(item)
            except ValidationError:
                continue
            for name, reader in _OF_LINE.items():
                yield from _unreadable(getattr(line, name, None), reader, (*place, key, number))


def _unreadable(value: object, reader: Callable[[str], object], place: Place) -> Iterator[Fault]:
    if isinstance(value, str):
        try:
            reader(value)
        except InvalidSchedule as error:
            yield Fault(place=place, message=str(error))
