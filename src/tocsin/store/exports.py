"""All that was reported and decided, in the order in which it was written: what an export pages through."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar

from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.store.codec import Codec, micros
from tocsin.store.door import OnDoor
from tocsin.store.shapes import CHECK_IN, OCCURRENCE, RUN

T = TypeVar("T")

_RUNS: Final = (
    "SELECT r.id, j.environment, j.name, r.body FROM runs r JOIN jobs j ON j.id = r.job_id "
    "WHERE r.id > ? AND (r.ended_at IS NULL OR r.ended_at >= ?) ORDER BY r.id LIMIT ?"
)
_OCCURRENCES: Final = (
    "SELECT o.id, j.environment, j.name, o.body FROM occurrences o JOIN jobs j ON j.id = o.job_id "
    "WHERE o.id > ? AND o.nominal_at >= ? ORDER BY o.id LIMIT ?"
)
_CHECK_INS: Final = (
    "SELECT c.id, j.environment, j.name, c.body FROM check_ins c JOIN jobs j ON j.id = c.job_id "
    "WHERE c.id > ? AND c.received_at >= ? ORDER BY c.id LIMIT ?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Generic[T]):
    """One thing of a job, and its place in the order of writing; `value` is None where it cannot be read."""

    id: int
    job: JobKey
    value: T | None


class Exports(Protocol):
    """What a reading session gives to whoever takes the history elsewhere.

    What belongs to a job that was deleted is left out. Each list begins behind the place `after`, 0 for the
    beginning, and is shorter than `limit` only at its end.
    """

    def runs_from(self, after: int, since: datetime, limit: int) -> list[Kept[Run]]:
        """Return runs that have not ended before `since`."""
        ...

    def occurrences_from(self, after: int, since: datetime, limit: int) -> list[Kept[Occurrence]]:
        """Return decided expected runs of since then."""
        ...

    def check_ins_from(self, after: int, since: datetime, limit: int) -> list[Kept[CheckIn]]:
        """Return check-ins that were received since then."""
        ...


class ExportReading(OnDoor):
    """The history in a reading session of either store."""

    def runs_from(self, after: int, since: datetime, limit: int) -> list[Kept[Run]]:
        """Return runs that have not ended before `since`."""
        return list(self._kept(_RUNS, RUN, after, since, limit))

    def occurrences_from(self, after: int, since: datetime, limit: int) -> list[Kept[Occurrence]]:
        """Return decided expected runs of since then."""
        return list(self._kept(_OCCURRENCES, OCCURRENCE, after, since, limit))

    def check_ins_from(self, after: int, since: datetime, limit: int) -> list[Kept[CheckIn]]:
        """Return check-ins that were received since then."""
        return list(self._kept(_CHECK_INS, CHECK_IN, after, since, limit))

    def _kept(
        self, statement: str, codec: Codec[T], after: int, since: datetime, limit: int
    ) -> Iterator[Kept[T]]:
        for id_, environment, name, body in self._door.all(statement, (after, micros(since), limit)):
            found = codec.decode_all([(body,)])
            yield Kept(id=id_, job=JobKey(environment, name), value=found[0] if found else None)
