"""The state in the tables of a database, the same in each that has a door."""

import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tocsin.batch.state import rows
from tocsin.batch.state.base import (
    MAX_IDS,
    BatchRow,
    Checkpoint,
    DeadLetter,
    DeadLetterQuery,
    RunRow,
    RunStatus,
    Settled,
)
from tocsin.batch.state.door import Door
from tocsin.batch.state.reading import TablesReading
from tocsin.batch.state.redaction import redacted
from tocsin.errors import DeadLettersFull, RunTaken, StoreError, StoreRefused

LEARNED_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How much is kept, and for how long.

    `max_dead_letters`: of one pipeline, that nobody has replayed or discarded; with more its run stops, for
    none is dropped. `batches_for`, `settled_for`, `runs_for`: how long batches of the history, dead letters
    that were replayed or discarded, and runs that have ended are kept. `tidy_every`: how often it is looked
    for what is older, and so many rows at most are taken away at a time: `tidy_rows`. `redact_stored`:
    fields that a pipeline redacts are not even kept, so that its dead letters cannot be replayed.
    """

    max_dead_letters: int = 1_000_000
    batches_for: timedelta = timedelta(days=30)
    settled_for: timedelta = timedelta(days=30)
    runs_for: timedelta = timedelta(days=400)
    tidy_every: timedelta = timedelta(minutes=5)
    tidy_rows: int = 50_000
    redact_stored: bool = False


_BEGIN: Final = (
    f"INSERT INTO batch_runs ({rows.RUN}, owner, begun) VALUES ({rows.marks(rows.RUN)}, ?, "  # noqa: S608 - our own columns
    "(SELECT COALESCE(MAX(begun), 0) + 1 FROM batch_runs)) "
    "ON CONFLICT (id) DO UPDATE SET status = excluded.status, ended_at = NULL, reason = '', "
    "host = excluded.host, pid = excluded.pid, owner = excluded.owner, allowed_rps = excluded.allowed_rps, "
    "error_threshold_percent = excluded.error_threshold_percent, saved_at = excluded.saved_at"
)
_SAVE: Final = (
    "UPDATE batch_runs SET saved_at = ?, low_water = ?, ranges = ?, n_read = ?, delivered = ?, skipped = ?, "
    "dead = ?, live = ? WHERE id = ? AND owner = ?"
)
_FINISH: Final = (
    "UPDATE batch_runs SET status = ?, ended_at = ?, reason = ?, report = ? WHERE id = ? AND owner = ?"
)
_ADD_LETTER: Final = (
    f"INSERT INTO batch_dead_letters ({rows.LETTER}) VALUES ({rows.marks(rows.LETTER)}) "  # noqa: S608 - our own columns
    "ON CONFLICT (run_id, ordinal, record_id) DO UPDATE SET payload = excluded.payload, "
    "reason = excluded.reason, category = excluded.category, last_at = excluded.last_at, "
    "attempts = excluded.attempts, is_encoded = excluded.is_encoded, is_redacted = excluded.is_redacted, "
    "redact = excluded.redact, record_key = excluded.record_key, settled_at = NULL, settled = NULL"
)
_ADD_BATCH: Final = (
    f"INSERT INTO batch_operations ({rows.BATCH}) VALUES ({rows.marks(rows.BATCH)}) "  # noqa: S608 - our own columns
    "ON CONFLICT (run_id, batch_id) DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}"
        for name in rows.BATCH.split(", ")
        if name[-3:] != "_id" and name != "cpu_seconds"
    )
    # Where it was tried more than once, all of it was used for this batch.
    + ", cpu_seconds = batch_operations.cpu_seconds + excluded.cpu_seconds"
)
_CANCEL_BATCHES: Final = (
    "UPDATE batch_operations SET status = 'cancelled', completed_at = ? "
    "WHERE run_id = ? AND status IN ('pending', 'processing')"
)
_SETTLE: Final = (
    "UPDATE batch_dead_letters SET settled_at = ?, settled = ? WHERE settled_at IS NULL AND id IN ({})"
)
_LEARN: Final = (
    "INSERT INTO batch_learned (scope, value, at) VALUES (?, ?, ?) "
    "ON CONFLICT (scope) DO UPDATE SET value = excluded.value, at = excluded.at"
)
_OLD: Final = (
    """
    DELETE FROM batch_operations WHERE (run_id, batch_id) IN (
        SELECT run_id, batch_id FROM batch_operations WHERE completed_at < ? ORDER BY completed_at LIMIT ?)
    """,
    """
    DELETE FROM batch_dead_letters WHERE id IN (
        SELECT id FROM batch_dead_letters WHERE settled_at < ? ORDER BY settled_at LIMIT ?)
    """,
    """
    DELETE FROM batch_runs WHERE id IN (
        SELECT id FROM batch_runs r WHERE saved_at < ?
        AND NOT EXISTS (SELECT 1 FROM batch_dead_letters d WHERE d.run_id = r.id) LIMIT ?)
    """,
)


class TablesState(TablesReading):
    """The state behind one door; `keeping` says how much is kept and for how long."""

    def __init__(self, door: Door, keeping: Keeping | None = None) -> None:
        super().__init__(door)
        self._keeping = keeping or Keeping()
        self._owner = secrets.token_hex(8)
        self._held: set[str] = set()
        self._replayed: set[str] = set()
        self._open_letters: dict[str, int] = {}
        self._tidied_at: datetime | None = None

    def begin(self, run: RunRow) -> Checkpoint:
        """Keep a new run, or take up one that is known, and return how far it has come."""
        with self._turn:
            if run.id in self._held or not self._door.hold(run.id):
                raise RunTaken(self._taken(run.id))
            self._held.add(run.id)
            try:
                values = rows.run_row(run, socket.gethostname(), os.getpid())
                with self._door.transaction():
                    self._door.run(_BEGIN, (*values, self._owner))
                    # What a process had under way that was killed is put together anew.
                    self._door.run(_CANCEL_BATCHES, (rows.micros(run.checkpoint.at), rows.text(run.id)))
                kept = self.run(run.id)
            except BaseException:  # the hold is given back whatever happened; raised on
                self._let_go(run.id)
                raise
            return run.checkpoint if kept is None else kept.checkpoint

    @contextmanager
    def replaying(self, pipeline: str, source: str) -> Iterator[None]:
        """Have the dead letters of a pipeline for oneself."""
        with self._turn:
            if source in self._held or not self._door.hold(source):
                raise RunTaken(self._replayed_by(pipeline, source))
            self._held.add(source)
            self._replayed.add(source)
        try:
            yield
        finally:
            with self._turn:
                self._let_go(source)

    def save_checkpoint(
        self,
        run_id: str,
        checkpoint: Checkpoint,
        letters: Sequence[DeadLetter] = (),
        batches: Sequence[BatchRow] = (),
        settled: Sequence[int] = (),
    ) -> None:
        """Keep all of it or nothing."""
        if self._keeping.redact_stored:
            letters = [redacted(letter) for letter in letters]
        with self._turn:
            self._see_that_there_is_room(letters)
            with self._door.transaction():
                self._mine(_SAVE, run_id, rows.progress(checkpoint))
                if settled and not all(map(self._door.holds, self._replayed)):
                    raise RunTaken(f"{self.where}: while it was away another process began to replay as well")
                if letters:
                    self._door.many(_ADD_LETTER, [rows.letter_row(one) for one in letters])
                if batches:
                    self._door.many(_ADD_BATCH, [rows.batch_row(one) for one in batches])
                self._settle(settled, Settled.REPLAYED, checkpoint.at)
            for letter in letters:
                self._open_letters[letter.pipeline] = self._open_letters.get(letter.pipeline, 0) + 1
            self._tidy(checkpoint.at)

    def finish(
        self, run_id: str, *, status: RunStatus, at: datetime, reason: str = "", report: bytes = b""
    ) -> None:
        """Say how a run has ended."""
        with self._turn:
            try:
                with self._door.transaction():
                    self._mine(_FINISH, run_id, (status.value, rows.micros(at), rows.reason(reason), report))
                    self._door.run(_CANCEL_BATCHES, (rows.micros(at), rows.text(run_id)))
            finally:
                self._let_go(run_id)

    def keep_learned(self, scope: str, value: bytes, at: datetime) -> None:
        """Keep what was learned of a sink; StoreRefused where it is larger than that can be."""
        if len(value) > LEARNED_BYTES:
            raise StoreRefused(
                f"what was learned of {scope!r} has {len(value)} bytes, at most {LEARNED_BYTES} are kept"
            )
        with self._turn, self._door.transaction():
            self._door.run(_LEARN, (rows.text(scope), value, rows.micros(at)))

    def settle_dead_letters(self, ids: Sequence[int], how: Settled, at: datetime) -> int:
        """Say what became of dead letters, and return of how many this was not known yet."""
        with self._turn, self._door.transaction():
            return self._settle(ids, how, at)

    def close(self) -> None:
        """Let go of everything; never raises."""
        with self._turn:
            self._door.close()

    def _mine(self, statement: str, run_id: str, values: Sequence[object]) -> None:
        """Change a run; another process that has taken it up meanwhile ends ours."""
        if not self._door.run(statement, (*values, rows.text(run_id), self._owner)):
            raise RunTaken(self._taken(run_id))

    def _let_go(self, name: str) -> None:
        self._held.discard(name)
        self._replayed.discard(name)
        # What cannot be let go of now ends with the connection that held it.
        with suppress(StoreError):
            self._door.let_go(name)

    def _taken(self, run_id: str) -> str:
        run = self.run(run_id)
        if run is None:
            return f"there is no run {run_id!r} in {self.where}"
        return (
            f"run {run_id} of {run.pipeline!r} is in the hands of process {run.pid} on {run.host}, last "
            f"heard of at {run.checkpoint.at:%Y-%m-%d %H:%M:%S} UTC: wait until it has ended, or stop it"
        )

    def _replayed_by(self, pipeline: str, source: str) -> str:
        run = self.last_unfinished(pipeline, source)
        who = "another process" if run is None else f"process {run.pid} on {run.host}"
        return f"{source} are being replayed by {who}: wait until that has ended, or stop it"

    def _settle(self, ids: Sequence[int], how: Settled, at: datetime) -> int:
        count = 0
        for start in range(0, len(ids), MAX_IDS):
            some = ids[start : start + MAX_IDS]
            statement = _SETTLE.format(", ".join("?" * len(some)))
            count += self._door.run(statement, (rows.micros(at), how.value, *some))
        if count:
            # Whoever is at work counts anew, as others may have made room too.
            self._open_letters.clear()
        return count

    def _see_that_there_is_room(self, letters: Sequence[DeadLetter]) -> None:
        most = self._keeping.max_dead_letters
        for pipeline in {letter.pipeline for letter in letters}:
            more = sum(letter.pipeline == pipeline for letter in letters)
            if pipeline not in self._open_letters or self._open_letters[pipeline] + more > most:
                self._open_letters[pipeline] = self.count_dead_letters(DeadLetterQuery(pipeline=pipeline))
            if self._open_letters[pipeline] + more > most:
                raise DeadLettersFull(
                    f"{pipeline!r} has {self._open_letters[pipeline]} dead letters in {self.where} and may "
                    f"have {most}: replay or discard some (see tocsin batch dead-letters), then resume"
                )

    def _tidy(self, now: datetime) -> None:
        """Forget what is too old, now and then; where much is, the rest the next time."""
        if self._tidied_at is not None and now < self._tidied_at + self._keeping.tidy_every:
            return
        self._tidied_at = now
        kept = (self._keeping.batches_for, self._keeping.settled_for, self._keeping.runs_for)
        for statement, kept_for in zip(_OLD, kept, strict=True):
            with self._door.transaction():
                self._door.run(statement, (rows.micros(now - kept_for), self._keeping.tidy_rows))
