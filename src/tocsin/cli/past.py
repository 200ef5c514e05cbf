"""The past as it is replayed: the check-ins of an exported history, in the order in which they came.

Where only runs are kept any more, such as after thirty days, check-ins are made from them.
"""

import heapq
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn

from tocsin.cli.api import Api
from tocsin.cli.carrying import portions
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.history_file import lines_of
from tocsin.cli.progress import Progress
from tocsin.clock import now
from tocsin.errors import InvalidMatcher
from tocsin.jobs.checkin import CheckIn, CheckInKind
from tocsin.jobs.job import Job
from tocsin.jobs.retelling import check_ins_of
from tocsin.rules.pattern import compile_pattern
from tocsin.web.lines import BadLineError, Header, OccurrenceOf, RunOf, Told, read_line

WINDOW: Final = 50_000
"""So many check-ins made from runs are put in order at a time; runs are kept nearly in order already."""
LONGEST_RUN: Final = timedelta(days=1)
"""So long after the log begins it is looked whether a run had said something before."""
MOST_BACK: Final = timedelta(days=1)
"""By so much a check-in may have come before the one on the line above it."""
MOST_AHEAD: Final = timedelta(days=1)
"""So far ahead of this machine's clock may have been that of the server that was exported."""
_BEGINNINGS: Final = frozenset({CheckInKind.SCHEDULED, CheckInKind.QUEUED, CheckInKind.START})
_CHECK_IN: Final = b'{"type":"check_in"'


class Past:
    """A file of exported history, read as often as it takes; `jobs` is the pattern of the names wanted."""

    def __init__(self, path: Path, jobs: str = "") -> None:
        self._path = path
        try:
            self._pattern = compile_pattern(jobs)
        except InvalidMatcher as error:
            give_up(f"--jobs: {error}", Exit.USAGE)
        self._log_begins_at: datetime | None = None
        self._last_at: datetime | None = None
        self._first_words: dict[tuple[str, str, str], CheckInKind] = {}
        self._look_ahead()

    def _look_ahead(self) -> None:
        """See from when on check-ins are kept, and which runs it finds on their way; before are only runs."""
        for number, line in lines_of(self._path):
            if number == 1 and not isinstance(self._read(number, line), Header):
                give_up(
                    f"{self._path}, line 1: is not of a history; write one with: tocsin export", Exit.FAILED
                )
            told = self._read(number, line) if line.startswith(_CHECK_IN) else None
            if not isinstance(told, CheckIn):
                continue
            self._log_begins_at = self._log_begins_at or told.received_at
            if told.received_at - self._log_begins_at > LONGEST_RUN:
                return
            self._first_words.setdefault((told.environment, told.job, told.run or ""), told.kind)

    def told(self) -> Iterator[Job | CheckIn]:
        """Return the jobs, and then the check-ins in the order of their arrival."""
        self._last_at = None
        window: list[tuple[datetime, int, CheckIn]] = []
        for number, line in lines_of(self._path):
            told = self._read(number, line)
            if not self._is_wanted(told):
                continue
            if isinstance(told, RunOf):
                for place, check_in in enumerate(self._made_of(told)):
                    heapq.heappush(window, (check_in.received_at, 10 * number + place, check_in))
                while len(window) > WINDOW:
                    yield heapq.heappop(window)[-1]
            elif isinstance(told, CheckIn):
                while window:
                    yield heapq.heappop(window)[-1]
                self._in_its_order(number, told)
                yield told
            elif isinstance(told, Job):
                yield told
        while window:
            yield heapq.heappop(window)[-1]

    def _in_its_order(self, number: int, told: CheckIn) -> None:
        """Give up on what cannot have come when it says; a clock may have been set back by some hours."""
        at = told.received_at
        if at > now() + MOST_AHEAD:
            self._give_up(number, f"came at {at:%Y-%m-%d %H:%M} UTC, which is still to come")
        if self._last_at is not None and at < self._last_at - MOST_BACK:
            last = f"{self._last_at:%Y-%m-%d %H:%M} UTC"
            self._give_up(
                number, f"came at {at:%Y-%m-%d %H:%M} UTC, before one that came at {last}; sort them"
            )
        self._last_at = at

    def _give_up(self, number: int, fault: str) -> NoReturn:
        give_up(f"{self._path}, line {number}: {fault}", Exit.FAILED)

    def _is_wanted(self, told: Told) -> bool:
        if isinstance(told, Header | OccurrenceOf):
            return False
        name = told.job.name if isinstance(told, RunOf) else told.name if isinstance(told, Job) else told.job
        return self._pattern.match(name) is not None

    def _made_of(self, told: RunOf) -> Iterator[CheckIn]:
        """Make what a run has said before check-ins were kept; nothing where its beginning is kept."""
        until = self._log_begins_at
        if self._first_words.get((*told.job, told.run.key)) in _BEGINNINGS:
            return iter(())
        return (one for one in check_ins_of(told.job, told.run) if until is None or one.received_at < until)

    def _read(self, number: int, line: bytes) -> Told:
        try:
            return read_line(line)
        except BadLineError as error:
            self._give_up(number, str(error))


@contextmanager
def past_of(path: Path | None, api: Api, *, since: str | None, jobs: str) -> Iterator[Past]:
    """Give the past in a file, or without one what the server keeps, in a file that goes afterwards."""
    if path is not None:
        yield Past(path, jobs)
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-past-") as folder:
        fetched = Path(folder) / "history of the server"
        progress, count = Progress("lines of history"), 0
        with fetched.open("wb") as file:
            for portion in portions(api, since, jobs):
                file.write(portion)
                count += portion.count(b"\n")
                progress.show(count)
        progress.end()
        yield Past(fetched, jobs)
