"""Whether a function of the user can be called as it will be, said before it is."""

import inspect
from collections.abc import Callable


def call_fault(function: Callable[..., object], what: str) -> str:
    """Return why a function cannot be called with one thing; empty where it can, or where nobody knows."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind(None)
    except TypeError as error:
        return f"cannot be called with {what}: {error}"
    return ""
