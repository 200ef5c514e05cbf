"""What past runs teach, taken up while time passes and never while a check-in waits for its answer."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol

from msgspec.structs import replace

from tocsin.engine.apart import is_of_the_store
from tocsin.engine.draft import Teach
from tocsin.jobs.history import MAX_POINTS
from tocsin.jobs.run import Run
from tocsin.quality.learned import learns_at
from tocsin.store.base import Writing
from tocsin.store.rows import Watch

LOOK_BACK: Final = timedelta(days=91)
TRIED_AGAIN_AFTER: Final = timedelta(hours=1)
READ_AT_ONCE: Final = 8
RUNS: Final = ""
"""The series of the runs themselves."""


class Notebook(Protocol):
    """Where lessons are read from and written down: a `Draft`, or what stands for one."""

    writing: Writing
    now: datetime
    teach: Teach
    watches: dict[int, Watch]

    def keep_history(self, job_id: int, series: str, points: bytes) -> None:
        """Keep what the past of a job has been, packed."""

    def put_off_learning(self, watch: Watch, error: Exception, until_at: datetime) -> None:
        """Try again later to learn from a job."""


class Lessons:
    """Learns from the runs of loaded jobs, one job after the other, in the order in which they are looked at.

    The past of a few of them is read at once. A job of which learning fails is judged by what was known
    before, and tried again later.
    """

    def __init__(self, draft: Notebook, watches: Iterable[Watch]) -> None:
        self._draft = draft
        self._due = deque(watch for watch in watches if _is_due(watch, draft.now))
        self._read: dict[int, tuple[bytes, list[Run]]] = {}

    def take(self, watch: Watch) -> bool:
        """Learn from the runs of a job if it is due for that; return whether it was."""
        if not self._due or not _is_due(watch, self._draft.now):
            return False
        job_id = watch.job.id
        while self._due and job_id not in self._read:
            self._read_some()
        history, ended = self._read.pop(job_id)
        try:
            taught = self._draft.teach(
                watch.learned, history, ended, watch.job.definition.timezone, self._draft.now
            )
        except Exception as error:  # what cannot be learned from one job must not hold up the others
            if is_of_the_store(error):
                raise
            self._draft.put_off_learning(watch, error, self._draft.now + TRIED_AGAIN_AFTER)
            return True
        state = replace(watch.state, unlearned=None)
        self._draft.watches[job_id] = replace(watch, state=state, learned=taught.learned)
        self._draft.keep_history(job_id, RUNS, taught.history)
        return True

    def _read_some(self) -> None:
        watches = [self._due.popleft() for _ in range(min(READ_AT_ONCE, len(self._due)))]
        writing, now = self._draft.writing, self._draft.now
        histories = writing.histories(watch.job.id for watch in watches)
        since = {w.job.id: _since(w, now, is_new=(w.job.id, RUNS) not in histories) for w in watches}
        ended = writing.ended_runs(since, MAX_POINTS)
        for watch in watches:
            job_id = watch.job.id
            self._read[job_id] = histories.get((job_id, RUNS), b""), ended.get(job_id, [])


def _is_due(watch: Watch, now: datetime) -> bool:
    at = learns_at(watch.learned, watch.state.unlearned)
    return at is not None and at <= now and not watch.unreadable and watch.job.paused_at is None


def _since(watch: Watch, now: datetime, *, is_new: bool) -> datetime:
    """Return from where on runs are read: as far back as counts, where there is no history."""
    unlearned = watch.state.unlearned
    return now - LOOK_BACK if is_new or unlearned is None else unlearned.from_at
