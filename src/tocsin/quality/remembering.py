"""Answers that are kept while the same is asked again, found by the one object that most of it hangs on."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

_First = TypeVar("_First")
_Rest = ParamSpec("_Rest")
_Answer = TypeVar("_Answer")


def by_identity(
    most: int,
) -> Callable[[Callable[Concatenate[_First, _Rest], _Answer]], Callable[Concatenate[_First, _Rest], _Answer]]:
    """Remember up to `most` answers of a pure function by which object its first argument is.

    The others are compared as they are; what is asked with a name is answered, and not remembered. What is
    asked of one model again and again is found without comparing the model, which takes longer than many an
    answer.
    """

    def remembering(
        function: Callable[Concatenate[_First, _Rest], _Answer],
    ) -> Callable[Concatenate[_First, _Rest], _Answer]:
        # The object is kept with its answers, so that its identity is nobody else's meanwhile.
        known: dict[object, tuple[_First, _Answer]] = {}

        @wraps(function)
        def ask(first: _First, /, *rest: _Rest.args, **named: _Rest.kwargs) -> _Answer:
            if named:
                return function(first, *rest, **named)
            key = (id(first), *rest)
            found = known.get(key)
            if found is not None:
                return found[1]
            answer = function(first, *rest, **named)
            if len(known) >= most:
                known.clear()
            known[key] = (first, answer)
            return answer

        return ask

    return remembering
