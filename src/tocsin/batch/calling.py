"""Functions of the user: whether one can be called as it will be, and in which words it has failed."""

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


def raised(error: BaseException) -> str:
    """Return an error in words; its name alone where it says nothing, or raises when it is asked."""
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 -- the error to be told is the first one
        said = ""
    return f"{name}: {said}" if said else name
