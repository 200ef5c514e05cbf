"""What a replay does for a job that has nothing to say: all that a transaction would, at half its cost.

Nearly all that happens is of this kind: no alert is open, none opens, and no other job is concerned.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast

from msgspec.structs import replace

from tocsin.engine.book import Book
from tocsin.engine.draft import SYSTEM_JOB, Teach
from tocsin.engine.learning import Lessons
from tocsin.engine.looking import NewId, look
from tocsin.engine.together import Heard, Together
from tocsin.jobs.checkin import Answer, CheckIn
from tocsin.jobs.folding import Folded, fold, run_named
from tocsin.jobs.job import JobKey
from tocsin.jobs.run import Run
from tocsin.quality.metrics import comparing
from tocsin.store.base import Writing
from tocsin.store.fleeting import FleetingWriting
from tocsin.store.rows import Watch


class _MoreToSayError(Exception):
    """An alert wants to know of groups or of other jobs, so that it takes a whole transaction."""


class _NotAsked:
    """Stands for groups and neighbours where nobody should want to know of them."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever is asked for, there is nothing
        raise _MoreToSayError(name)


_NOT_ASKED: Final[Any] = _NotAsked()


class _Lesson:
    """What is learned from one job that has nothing to say; what goes wrong is left to a transaction."""

    def __init__(self, tables: FleetingWriting, teach: Teach, now: datetime) -> None:
        self.writing = cast("Writing", tables)
        self.teach = teach
        self.now = now
        self.watches: dict[int, Watch] = {}
        self.histories: list[tuple[int, str, bytes]] = []
        self.gone: list[tuple[int, str]] = []

    def keep_histories(self, job_id: int, kept: Mapping[str, bytes], gone: Iterable[str] = ()) -> None:
        """Keep what the past of a job has been, packed, by series, and nothing of those that are gone."""
        self.histories += [(job_id, series, points) for series, points in kept.items()]
        self.gone += [(job_id, series) for series in gone]

    def put_off_learning(self, watch: Watch, error: Exception, until_at: datetime) -> None:  # noqa: ARG002 -- the protocol passes them
        """Leave it to a transaction to say what has failed."""
        raise _MoreToSayError from error


class Quietly:
    """Takes in check-ins, and lets time pass, where that brings nothing to say; says so where it may."""

    def __init__(self, tables: FleetingWriting, teach: Teach, new_id: NewId, together: Together) -> None:
        self._tables = tables
        self._teach = teach
        self._new_id = new_id
        self._together = together

    def take_in(self, check_in: CheckIn, book: Book, now: datetime) -> Answer | None:
        """Take in a check-in that brings nothing to say, and return the answer; None: it may bring more."""
        tables = self._tables
        watch = tables.peek(JobKey(check_in.environment, check_in.job))
        if watch is None or watch.alerting or watch.unreadable or _defines(check_in):
            return None
        run = run_named(watch.state, check_in)
        if run is None and check_in.run is not None:
            place = (watch.job.id, check_in.run)
            run = tables.runs((place,)).get(place)
        new_key = "" if run is not None or check_in.run is not None else self._new_id()
        try:
            folded = self._folded(Heard(watch, book, check_in, run, new_key))
            watch, runs = self._looked_at(replace(watch, state=folded.state), book, now)
        except Exception:  # noqa: BLE001 -- there is more to say, or a fault: a transaction takes care of either
            return None
        if folded.ended and watch.job.definition.upstream:
            return None
        if tables.has_needs() and tables.needing(watch.job.key, 1):
            return None
        tables.save((watch,))
        if folded.runs or runs:
            tables.save_runs((watch.job.id, run) for run in (*folded.runs, *runs))
        return Answer(status=folded.answered, run=folded.run)

    def pass_over(self, book: Book, now: datetime) -> bool:
        """Let time pass for the job that is due the longest; False: that may bring something to say."""
        tables = self._tables
        watch = tables.first_due()
        if watch is None or not _has_come(watch.due_at, now):
            return False
        if tables.has_wakes or _has_come(tables.next_group_due_at(), now):
            return False
        return self._pass(watch, book, now)

    def go_on(self, check_in: CheckIn, book: Book, now: datetime) -> datetime | None:
        """Take in a check-in of a job that no other may need, with all that comes to this job before.

        `now` is how far the job has come. Return how far it comes by that; None: there may be more to say at
        the next of its steps, so that it has to wait for what comes to others before.
        """
        tables, key = self._tables, JobKey(check_in.environment, check_in.job)
        watch = tables.peek(key)
        if watch is None or watch.job.definition.upstream:
            return None
        while watch.due_at is not None and watch.due_at <= check_in.received_at:
            now = max(now, watch.due_at)
            if not self._pass(watch, book, now):
                return None
            watch = tables.watch(watch.job.id)
            if _has_come(watch.due_at, now):
                return None
        now = max(now, check_in.received_at)
        return None if self.take_in(check_in, book, now) is None else now

    def _pass(self, watch: Watch, book: Book, now: datetime) -> bool:
        """Let an instant come to a job for which it may bring nothing to say; False: it may bring more."""
        if watch.alerting or watch.unreadable or watch.job.environment == SYSTEM_JOB.environment:
            return False
        tables = self._tables
        job_id, lesson = watch.job.id, _Lesson(tables, self._teach, now)
        try:
            Lessons(lesson, (watch,)).take(watch)
            watch, runs = self._looked_at(lesson.watches.get(job_id, watch), book, now)
        except Exception:  # noqa: BLE001 -- there is more to say, or a fault: a transaction takes care of either
            return False
        tables.save((watch,))
        if runs:
            tables.save_runs((job_id, run) for run in runs)
        if lesson.histories:
            tables.save_histories(lesson.histories)
            tables.forget_histories(lesson.gone)
        return True

    def _folded(self, heard: Heard) -> Folded:
        """Return what a check-in makes of what is known."""
        folded = self._together.folded(heard)
        if folded is None:
            watch, metrics = heard.watch, heard.watch.learned.metrics
            compare = comparing(metrics, watch.job.definition.timezone) if metrics else None
            folded = fold(
                watch.job,
                watch.state,
                heard.check_in,
                known=heard.run,
                new_key=heard.new_key,
                compare=compare,
            )
            self._together.keep_folded(heard, folded)
        return folded

    def _looked_at(self, watch: Watch, book: Book, now: datetime) -> tuple[Watch, tuple[Run, ...]]:
        """Look at a job that has no alert and, it seems, nothing to say; raises if it has."""
        known = self._together.looked_at(watch, book, now)
        if known is not None:
            return known, ()
        seen = look(watch, (), book, now, self._new_id, groups=_NOT_ASKED, neighbours=_NOT_ASKED)
        if seen.set_aside:
            raise _MoreToSayError
        self._together.keep_look(watch, book, now, seen)
        return seen.watch, seen.runs


def _has_come(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def _defines(check_in: CheckIn) -> bool:
    """Whether a check-in says what its job is, or is of our own environment."""
    is_ours = check_in.environment == SYSTEM_JOB.environment
    says_more = check_in.definition is not None or check_in.checks is not None or bool(check_in.labels)
    return is_ours or says_more
