"""Watches that the writing session has read before, decoded, so that the next look costs no reading.

Whoever uses it says how it knows that they still stand so in the tables.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from tocsin.jobs.job import JobKey
from tocsin.jobs.run import Run
from tocsin.store.rows import Watch

# A job never heard of weighs little and a busy one much, so that a weight is bounded beside the number.
# One unit is about 300 bytes of memory: what an outcome takes.
MAX_WATCHES: Final = 20_000
MAX_WEIGHT: Final = 450_000
_TEXT_PER_UNIT: Final = 300


@dataclass(slots=True)
class Kept:
    """A watch as it stands in the tables; `mark` and `text` are what the store knows its row by."""

    watch: Watch
    mark: int
    text: str
    weight: int


class WatchCache:
    """The watches used last, by id and by key."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[int, Kept] = OrderedDict()
        # What is kept of a job that this transaction has used already: a call that costs no frame.
        self.peek: Final = self._by_id.get
        self._ids: dict[JobKey, int] = {}
        self._weight = 0

    def by_id(self, job_id: int) -> Kept | None:
        """Return what is kept of a job."""
        kept = self._by_id.get(job_id)
        if kept is not None:
            self._by_id.move_to_end(job_id)
        return kept

    def by_key(self, key: JobKey) -> Kept | None:
        """Return what is kept of a job."""
        job_id = self._ids.get(key)
        return None if job_id is None else self.by_id(job_id)

    def put(self, watch: Watch, mark: int, text: str = "") -> Kept:
        """Keep a watch as it now stands in the tables."""
        job_id = watch.job.id
        self.drop(job_id)
        kept = Kept(watch=watch, mark=mark, text=text, weight=_weight(watch))
        self._by_id[job_id] = kept
        self._ids[watch.job.key] = job_id
        self._weight += kept.weight
        return kept

    def id_of(self, key: JobKey) -> int | None:
        """Return the id of a job that is kept."""
        return self._ids.get(key)

    def renew(self, kept: Kept, watch: Watch) -> None:
        """Keep what the same job has become, without looking it up again."""
        weight = _weight(watch)
        self._weight += weight - kept.weight
        kept.watch = watch
        kept.weight = weight

    def shrink(self) -> None:
        """Drop what was used longest ago, down to the bounds; not while a transaction needs it."""
        while self._by_id and (len(self._by_id) > MAX_WATCHES or self._weight > MAX_WEIGHT):
            self.drop(next(iter(self._by_id)))

    def drop(self, job_id: int) -> None:
        """Forget a job."""
        kept = self._by_id.pop(job_id, None)
        if kept is not None:
            self._weight -= kept.weight
            if self._ids.get(kept.watch.job.key) == job_id:
                del self._ids[kept.watch.job.key]

    def clear(self) -> None:
        """Forget everything."""
        self._by_id.clear()
        self._ids.clear()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._by_id)


def _weight(watch: Watch) -> int:
    state = watch.state
    weight = 4 + 2 * len(state.occurrences) + len(state.recent)
    for run in state.open_runs:
        weight += _weight_of_run(run)
    for run in state.failures:
        weight += _weight_of_run(run)
    if state.last is not None:
        weight += _weight_of_run(state.last)
    return weight


def _weight_of_run(run: Run) -> int:
    detail = run.detail
    return 3 if detail is None else 3 + (len(detail.log_tail) + len(detail.metadata)) // _TEXT_PER_UNIT
