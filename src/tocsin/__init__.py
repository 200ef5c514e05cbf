"""Tocsin watches batch jobs and tells the right person, once, when one goes wrong."""

# Spelled by hand: importing typing for its constant would cost every start 3 ms. Type checkers know the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from tocsin.client.client import Client
    from tocsin.client.job import Job, current_run, job
    from tocsin.client.run import Run

__all__ = ["Client", "Job", "Run", "current_run", "job"]

_ROOMS = {
    "Client": ("tocsin.client.client", "Client"),
    "Job": ("tocsin.client.job", "Job"),
    "Run": ("tocsin.client.run", "Run"),
    "current_run": ("tocsin.client.job", "current_run"),
    "job": ("tocsin.client.job", "job"),
}


if not TYPE_CHECKING:  # or any word would pass as a part of the front door

    def __getattr__(name: str) -> object:
        """Load a part of the front door when it is first asked for."""
        if name not in _ROOMS:
            raise AttributeError(f"module 'tocsin' has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 – only who asks for a part pays for finding it

        module, attribute = _ROOMS[name]
        found: object = getattr(import_module(module), attribute)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """Return what the front door offers."""
    return sorted({*globals(), *__all__})
