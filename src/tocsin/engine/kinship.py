"""Which jobs need which, walked up and down within bounds, as one transaction sees them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.state import JobState
from tocsin.store.base import Writing
from tocsin.store.rows import Watch

MAX_STEPS = 10
MAX_NEEDED = 50
MAX_NEEDING = 100

_Step = tuple[JobKey, tuple[JobState, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """A job that another needs, where it is known, with the states of the jobs on the way to it."""

    key: JobKey
    watch: Watch | None
    between: tuple[JobState, ...]


def needed_by(job: Job, find: Callable[[JobKey], Watch | None]) -> tuple[Above, ...]:
    """Return what a job needs, the nearest first, at most MAX_NEEDED of them and MAX_STEPS away."""
    found: dict[JobKey, Above] = {}
    names: list[_Step] = [(JobKey(job.environment, name), ()) for name in job.definition.upstream]
    for _ in range(MAX_STEPS):
        names = list(_step_up(names, found, job.key, find))
        if not names or len(found) >= MAX_NEEDED:
            break
    return tuple(found.values())


def _step_up(
    names: Iterable[_Step],
    found: dict[JobKey, Above],
    start: JobKey,
    find: Callable[[JobKey], Watch | None],
) -> Iterator[_Step]:
    for key, between in names:
        if key == start or key in found or len(found) >= MAX_NEEDED:
            continue
        watch = find(key)
        found[key] = Above(key=key, watch=watch, between=between)
        if watch is not None:
            further = (*between, watch.state)
            yield from ((JobKey(key.environment, name), further) for name in watch.job.definition.upstream)


class Kinship:
    """Finds the jobs around one; what it has read it remembers until `forget`."""

    def __init__(self, writing: Writing, loaded: Callable[[int], Watch | None]) -> None:
        self._writing = writing
        self._loaded = loaded
        self._known: dict[JobKey, Watch | None] = {}
        self._has_needs: bool | None = None

    @property
    def has_needs(self) -> bool:
        """Whether any job needs another; asked once, so that a storm where none does pays nothing."""
        if self._has_needs is None:
            self._has_needs = self._writing.has_needs()
        return self._has_needs

    def forget(self) -> None:
        """Read everything anew."""
        self._known.clear()

    def above(self, job: Job) -> tuple[Above, ...]:
        """Return what a job needs, the nearest first, at most MAX_NEEDED of them and MAX_STEPS away."""
        return needed_by(job, self.watch)

    def below(self, job: Job) -> tuple[tuple[Watch, ...], bool]:
        """Return the jobs that need one, at most MAX_NEEDING of them, and whether these are all."""
        found: dict[JobKey, Watch] = {}
        keys = [job.key]
        for _ in range(MAX_STEPS):
            if not keys:
                return tuple(found.values()), True
            nearer, keys = keys, []
            for key in nearer:
                room = MAX_NEEDING - len(found)
                for watch in self._writing.needing(key, room + 1):
                    if watch.job.key == job.key or watch.job.key in found:
                        continue
                    if len(found) >= MAX_NEEDING:
                        return tuple(found.values()), False
                    found[watch.job.key] = self._loaded(watch.job.id) or watch
                    keys.append(watch.job.key)
        return tuple(found.values()), not keys

    def watch(self, key: JobKey) -> Watch | None:
        """Return a job as it is by now, not to be saved."""
        if key not in self._known:
            watch = self._writing.peek(key)
            self._known[key] = watch
        watch = self._known[key]
        return watch and (self._loaded(watch.job.id) or watch)
