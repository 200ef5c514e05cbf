"""A statement that takes too long is stopped, and a command that checks data leaves others their memory."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Final, TypeVar

_T = TypeVar("_T")
TIMEOUT_SECONDS: Final = 600.0
HEARD_WITHIN_SECONDS: Final = 0.1
MOST_BYTES: Final = 4 * 2**30


def done_within(seconds: float, work: Callable[[], _T], stop: Callable[[], object]) -> _T:
    """Return what `work` gives, done in a thread of its own; `stop` is called when its time is over.

    So it is also when somebody interrupts the program: an engine in its own code would not hear of that.
    """
    with ThreadPoolExecutor(1) as alone:
        asked = alone.submit(work)
        try:
            if not wait([asked], seconds).done:
                stop()
            return asked.result()
        except BaseException:  # whoever interrupts it wants to go; what it has raised itself is over
            while not asked.done():
                stop()
                wait([asked], HEARD_WITHIN_SECONDS)
            raise


@contextmanager
def stopped_after(seconds: float, stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop`, from another thread, unless what is done within ends before."""
    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def took_too_long(seconds: float) -> str:
    """Return why a statement gave nothing."""
    return f"it took longer than {seconds:g} s and was stopped"


@contextmanager
def bounded_memory(most_bytes: int = MOST_BYTES) -> Iterator[None]:
    """Let the whole process have no more memory meanwhile, where the system can see to it.

    An engine has a limit of its own, but SQL can ask for a single text that is larger and not counted.
    """
    try:
        import resource  # noqa: PLC0415 -- not every system has it
    except ImportError:
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    lower = [one for one in (before, hard, most_bytes) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(lower), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))
