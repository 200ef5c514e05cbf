"""What keeps the faults of one step from the others: it costs itself alone, and leaves nothing half done.

A job or a group that raises is put off within its transaction. What is done for many at once has a name for
each of its parts: a chore of Tocsin's own, one drill, one digest. A part that raises ends the transaction, of
which nothing is kept; the writer sets it aside under its name, and does all the rest anew without it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from tocsin.engine.book import Book
from tocsin.errors import ChoreFailed, StoreError, StoreRefused, StoreUnreadable

EVERYTHING: Final = "*"
"""Under this name a job is set aside that cannot be judged at all."""
LEARNING: Final = "learning from past runs"
"""Under this name it is noted that nothing can be learned from the runs of a job."""
NO_JOB: Final = 0
TRIED_AGAIN_AFTER: Final = timedelta(minutes=5)
"""At most so long a chore or a group is put off: others than one job wait for it."""


def is_of_the_store(error: Exception) -> bool:
    """Whether an error is the store's, which concerns the whole transaction, and not that of one step."""
    return isinstance(error, StoreError) and not isinstance(error, StoreUnreadable)


def apart(book: Book, chore: str, now: datetime, do: Callable[[], object]) -> datetime | None:
    """Do a chore unless it is set aside; return until when it is. Raises ChoreFailed when it raises.

    The name of one of a kind is the kind, a colon, and which one.
    """
    until_at = book.is_set_aside(chore, NO_JOB, now)
    if until_at is None:
        with named(chore):
            do()
    return until_at


def counted_as(chore: str) -> str:
    """Return what a chore is counted under: "digest" for "digest: team/mail", so that there are few."""
    return chore.partition(": ")[0]


def asked_again(at: datetime | None) -> tuple[datetime, ...]:
    """Return an instant as what is asked for beside others, nothing where there is none."""
    return () if at is None else (at,)


@contextmanager
def named(chore: str, job_id: int = NO_JOB) -> Iterator[None]:
    """Give what is raised within the name of the chore that it costs, the innermost of several."""
    try:
        yield
    except ChoreFailed:
        raise
    except Exception as error:  # whatever one chore does, the others must be done
        if is_of_the_store(error) and not isinstance(error, StoreRefused):
            raise
        raise ChoreFailed(chore, job_id, told_of(error)) from error


def told_of(error: Exception) -> str:
    """Return an error in one line."""
    return f"{type(error).__name__}: {error}"[:500]
