"""Files of checks held against the columns that their data has."""

from collections.abc import Iterator
from typing import Final

from tocsin.config.grammar.data_checks import DataChecks
from tocsin.config.problems import Fault, Place, closest
from tocsin.measure.table import Column, called, columns_of

MOST_KNOWN: Final = 10
_OF_THE_FILE: Final = ("key", "sensitive")
_OF_A_CHECK: Final = ("column", "columns", "group_by")


def absent_columns(data: object, columns: tuple[Column, ...]) -> Iterator[Fault]:
    """Yield a fault for each name in a file, whatever else is wrong with it, that is of no column."""
    if not isinstance(data, dict):
        return
    yield from _absent(data, _OF_THE_FILE, (), columns)
    written = data.get("checks")
    checks = written if isinstance(written, list) else [written]
    for number, check in enumerate(checks):
        if isinstance(check, dict):
            yield from _absent(check, _OF_A_CHECK, ("checks", number), columns)


def unfit_columns(written: DataChecks, columns: tuple[Column, ...]) -> Iterator[Fault]:
    """Yield a fault for each check whose columns are all there, and cannot be measured so."""
    known = {column.name for column in columns}
    for number, check in enumerate(written.checks):
        measurement = check.measured("UTC").measurement
        why = columns_of(measurement, columns)
        if isinstance(why, str) and known.issuperset((*measurement.columns, *measurement.group_by)):
            yield Fault(place=("checks", number), message=why)


def _absent(
    part: dict[str, object], keys: tuple[str, ...], place: Place, columns: tuple[Column, ...]
) -> Iterator[Fault]:
    for key in keys:
        written = part.get(key)
        named = [((*place, key), written)]
        if isinstance(written, list):
            named = [((*place, key, number), name) for number, name in enumerate(written)]
        for where, name in named:
            if isinstance(name, str) and isinstance(called(name, columns), str):
                yield _fault(where, name, columns)


def _fault(place: Place, name: str, columns: tuple[Column, ...]) -> Fault:
    known = [column.name for column in columns]
    if name in known:
        return Fault(place=place, message=str(called(name, columns)))
    near, absent = closest(name, known), f"there is no column {name!r}"
    if near is None:
        more = f" and {len(known) - MOST_KNOWN} more" if len(known) > MOST_KNOWN else ""
        absent += f"; known are {', '.join(known[:MOST_KNOWN])}{more}"
    return Fault(place=place, message=absent, suggestion=near)
