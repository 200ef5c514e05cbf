"""What past runs teach, taken up while time passes and never while a check-in waits for its answer."""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from msgspec.structs import replace

from tocsin.engine.apart import is_of_the_store
from tocsin.engine.draft import Teach
from tocsin.jobs.history import MAX_POINTS
from tocsin.jobs.run import Run
from tocsin.quality.learned import Learned, learns_at
from tocsin.quality.metrics import is_untaught, learn_metrics
from tocsin.store.base import Writing
from tocsin.store.rows import Watch

LOOK_BACK: Final = timedelta(days=91)
TRIED_AGAIN_AFTER: Final = timedelta(hours=1)
READ_AT_ONCE: Final = 8
RUNS: Final = ""
"""The series of the runs themselves; those of metrics are called like these."""
_Past = tuple[Mapping[str, bytes], list[Run]]


class Notebook(Protocol):
    """Where lessons are read from and written down: a `Draft`, or what stands for one."""

    writing: Writing
    now: datetime
    teach: Teach
    watches: dict[int, Watch]

    def keep_histories(self, job_id: int, kept: Mapping[str, bytes], gone: Iterable[str] = ()) -> None:
        """Keep what the past of a job has been, packed, by series, and nothing of those that are gone."""

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
        self._read: dict[int, _Past] = {}

    def take(self, watch: Watch) -> bool:
        """Learn from the runs of a job if it is due for that; return whether it was."""
        if not self._due or not _is_due(watch, self._draft.now):
            return False
        job_id = watch.job.id
        while self._due and job_id not in self._read:
            self._read_some()
        histories, ended = self._read.pop(job_id)
        try:
            learned, kept = self._learned(watch, histories, ended)
        except Exception as error:  # what cannot be learned from one job must not hold up the others
            if is_of_the_store(error):
                raise
            self._draft.put_off_learning(watch, error, self._draft.now + TRIED_AGAIN_AFTER)
            return True
        state = replace(watch.state, unlearned=None)
        self._draft.watches[job_id] = replace(watch, state=state, learned=learned)
        self._draft.keep_histories(job_id, kept, gone=histories.keys() - kept.keys())
        return True

    def _learned(
        self, watch: Watch, histories: Mapping[str, bytes], ended: list[Run]
    ) -> tuple[Learned, dict[str, bytes]]:
        """Return what is known of a job after a lesson, and its series as they are kept."""
        definition, unlearned = watch.job.definition, watch.state.unlearned
        is_new = RUNS not in histories or unlearned is None
        runs = ended if unlearned is None or is_new else [r for r in ended if r.order_at >= unlearned.from_at]
        history = histories.get(RUNS, b"")
        taught = self._draft.teach(watch.learned, history, runs, definition.timezone, self._draft.now)
        if not definition.checks and not watch.learned.metrics:
            return taught.learned, {RUNS: taught.history}
        of_data = learn_metrics(
            watch.learned.metrics,
            histories,
            ended,
            definition.checks,
            definition.timezone,
            new_from=self._draft.now if unlearned is None else unlearned.from_at,
        )
        learned = replace(taught.learned, metrics=of_data.metrics)
        return learned, {RUNS: taught.history} | of_data.histories

    def _read_some(self) -> None:
        watches = [self._due.popleft() for _ in range(min(READ_AT_ONCE, len(self._due)))]
        writing, now = self._draft.writing, self._draft.now
        histories: dict[int, dict[str, bytes]] = {watch.job.id: {} for watch in watches}
        for (job_id, series), points in writing.histories(histories).items():
            histories[job_id][series] = points
        since = {watch.job.id: _since(watch, now, histories[watch.job.id]) for watch in watches}
        ended = writing.ended_runs(since, MAX_POINTS)
        for job_id, known in histories.items():
            self._read[job_id] = known, ended.get(job_id, [])


def _is_due(watch: Watch, now: datetime) -> bool:
    at = learns_at(watch.learned, watch.state.unlearned)
    return at is not None and at <= now and not watch.unreadable and watch.job.paused_at is None


def _since(watch: Watch, now: datetime, histories: Mapping[str, bytes]) -> datetime:
    """Return from where on runs are read: as far back as counts, where any history is not there."""
    unlearned, checks = watch.state.unlearned, watch.job.definition.checks
    if unlearned is None or RUNS not in histories:
        return now - LOOK_BACK
    is_new = is_untaught(watch.learned.metrics, checks, histories)
    return min(now - LOOK_BACK, unlearned.from_at) if is_new else unlearned.from_at
