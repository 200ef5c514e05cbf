"""Values with names, as typing.NamedTuple makes them, for a start that cannot wait for `typing`.

That module and the making of a dozen such classes were a seventh of what `tocsin run` costs a cron job.
"""

from operator import itemgetter

__all__ = ["Value"]

# Spelled by hand for the same reason; type checkers know the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NamedTuple as Value
else:

    class Value(tuple):
        """A tuple whose items have the names, and the defaults, that the class body gives them."""

        __slots__ = ()

        def __init_subclass__(cls) -> None:
            cls._fields = tuple(cls.__annotations__)
            cls._field_defaults = {name: cls.__dict__[name] for name in cls._fields if name in cls.__dict__}
            for index, name in enumerate(cls._fields):
                setattr(cls, name, property(itemgetter(index)))

        def __new__(cls, *given: object, **named: object) -> "Value":  # noqa: PYI034 -- Self is of typing
            """Return one from its items, in order or by name."""
            known = {**cls._field_defaults, **dict(zip(cls._fields, given, strict=False)), **named}
            has_two = any(name in named for name in cls._fields[: len(given)])
            if has_two or len(given) > len(cls._fields) or known.keys() != set(cls._fields):
                raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}")
            return tuple.__new__(cls, [known[name] for name in cls._fields])

        def __repr__(self) -> str:
            pairs = zip(self._fields, self, strict=True)
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"

        def _replace(self, **changes: object) -> "Value":
            """Return one that differs in some items."""
            return type(self)(**{**dict(zip(self._fields, self, strict=True)), **changes})
