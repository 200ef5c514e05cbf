"""What every writing session keeps of what jobs report, and of their past."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run


class Reported(Protocol):
    """Runs, decided occurrences, the log of check-ins, and the packed history of past runs."""

    def runs(self, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Run]:
        """Return those runs, by job id and run key, that are kept."""
        ...

    def save_runs(self, rows: Iterable[tuple[int, Run]]) -> None:
        """Keep runs of the jobs with these ids, the newest reading of each."""

    def ended_runs(self, since: Mapping[int, datetime], limit: int) -> dict[int, list[Run]]:
        """Return the newest ended runs of jobs that are placed at or after an instant, oldest first."""
        ...

    def histories(self, job_ids: Iterable[int]) -> dict[tuple[int, str], bytes]:
        """Return what is kept of the past of these jobs, by job id and series; "" are the runs themselves."""
        ...

    def save_histories(self, rows: Iterable[tuple[int, str, bytes]]) -> None:
        """Keep points of the past, by job id and series."""

    def forget_histories(self, rows: Iterable[tuple[int, str]]) -> None:
        """Keep nothing more of these series, by job id and series."""

    def save_occurrences(self, rows: Iterable[tuple[int, Occurrence]]) -> None:
        """Keep how expected runs were decided, by job id and nominal instant."""

    def decided(self, job_id: int, until: datetime, limit: int) -> list[Occurrence]:
        """Return the newest decided occurrences of a job up to a nominal instant, newest first."""
        ...

    def append(self, rows: Iterable[tuple[int, CheckIn]]) -> None:
        """Add check-ins to the log of the jobs with these ids."""
