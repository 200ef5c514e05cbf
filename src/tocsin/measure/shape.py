"""How the columns of a table differ from those that were expected."""

from collections.abc import Iterator

from tocsin.measure.table import Column
from tocsin.quality.measurement import Measurement, Reading, Shape


def drift(measurement: Measurement, table: tuple[Column, ...]) -> Reading:
    """Return how many columns differ from the expected ones, and which have vanished, appeared or changed.

    Types are compared without regard to case. Where order counts, each place that another column has taken is
    one difference, unless that column is new.
    """
    shape = measurement.detail
    if not isinstance(shape, Shape):
        return Reading(said="no columns are declared that it could be compared with", is_error=True)
    found = list(_differences(shape, table))
    return Reading(value=float(len(found)), said="; ".join(found))


def _differences(shape: Shape, table: tuple[Column, ...]) -> Iterator[str]:
    expected, there = dict(shape.columns), {column.name: column.type for column in table}
    for name, type_ in expected.items():
        if name not in there:
            yield f"{name} has vanished"
        elif type_ and type_.casefold() != there[name].casefold():
            yield f"{name} is {there[name]}, not {type_}"
    if not shape.may_grow:
        yield from (f"{name} has appeared ({type_})" for name, type_ in there.items() if name not in expected)
    if shape.in_order:
        yield from _out_of_order(
            [name for name in expected if name in there], [name for name in there if name in expected]
        )


def _out_of_order(expected: list[str], there: list[str]) -> Iterator[str]:
    for place, (one, other) in enumerate(zip(expected, there, strict=True), 1):
        if one != other:
            yield f"{other} stands where {one} was expected (column {place} of those known)"
