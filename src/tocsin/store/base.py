"""What every store can do; the one suite in `tests/contracts` runs against each of them.

Instants are stored as whole microseconds since 1970 in UTC. A store decides nothing: it keeps what
it is given and finds what is due. SQL never asks the database for the time; every `now` is passed in.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from tocsin.alerts.alert import Alert, AlertState, Entry
from tocsin.alerts.drill import Drill
from tocsin.alerts.group import Group
from tocsin.alerts.silence import Silence
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.jobs.state import BlindWindow
from tocsin.oncall.override import Override
from tocsin.store.audits import Audits
from tocsin.store.exports import Exports
from tocsin.store.hastening import Hastening
from tocsin.store.past import Past
from tocsin.store.relations import Relations
from tocsin.store.reported import Reported
from tocsin.store.rows import Counts, Delivery, LogLine, Notification, SetAside, Token, Watch


class Writing(Relations, Reported, Hastening, Protocol):
    """The one session of a server process that writes; used by one thread.

    Every method but `begin`, `commit` and `rollback` is called between them. StoreUnavailable from
    any of them means that nothing of the transaction was kept.
    """

    def begin(self) -> None:
        """Open a transaction."""

    def commit(self) -> None:
        """Make it durable: on disk, or with the shared store's own promise of it."""

    def rollback(self) -> None:
        """Forget it; never raises."""

    def watches(self, keys: Iterable[JobKey]) -> dict[JobKey, Watch]:
        """Return, locked, the watches of those jobs that exist."""
        ...

    def watches_by_id(self, ids: Iterable[int]) -> list[Watch]:
        """Return, locked, the watches of those jobs that exist."""
        ...

    def register(self, jobs: Iterable[Job]) -> dict[JobKey, Watch]:
        """Add jobs that do not exist, and return the locked watches of all of them, with their ids."""
        ...

    def due(self, now: datetime, limit: int) -> list[Watch]:
        """Return, locked, watches whose `due_at` has come, earliest first, passing over locked ones."""
        ...

    def next_due_at(self) -> datetime | None:
        """Return the earliest `due_at` of all."""
        ...

    def due_before(self, instant: datetime) -> bool:
        """Whether any job but the system's own (environment "tocsin") has a `due_at` before this instant."""
        ...

    def mark_due(self, ids: Iterable[int], at: datetime) -> None:
        """Bring `due_at` of these jobs forward to `at` where it is later or not set."""

    def outdated(self, version: int, limit: int) -> list[Watch]:
        """Return, locked, watches that were not judged under this version of the configuration."""
        ...

    def save(self, watches: Iterable[Watch]) -> None:
        """Keep watches that were loaded in this transaction."""

    def rename(self, job_id: int, name: str) -> bool:
        """Give a job another name; False when another job of its environment has it."""
        ...

    def delete(self, job_id: int) -> None:
        """Remove a job with its runs and check-ins; its alerts stay as history."""

    def alerts(self, job_ids: Iterable[int], remembered_since: datetime) -> dict[int, tuple[Alert, ...]]:
        """Return each job's open alerts and those resolved since that instant, oldest first."""
        ...

    def alert(self, alert_id: str) -> Alert | None:
        """Return one alert."""
        ...

    def alerts_since(self, instant: datetime, limit: int) -> list[Alert]:
        """Return the alerts that were open at any moment since: open ones first, then the worst."""
        ...

    def open_alerts_held_back(self) -> list[Alert]:
        """Return the open alerts of which something is held back (`held_back_until`)."""
        ...

    def save_alerts(self, alerts: Iterable[Alert]) -> None:
        """Keep alerts; the store refuses a second open one of the same fingerprint (StoreBroken)."""

    def lock_groups(self) -> None:
        """Let no other server change groups until the end of the transaction."""

    def group_of(self, key: str) -> Group | None:
        """Return the open group of a key."""
        ...

    def group(self, group_id: str) -> Group | None:
        """Return one group."""
        ...

    def alerts_of_group(self, group_id: str, *, after: str, limit: int) -> list[Alert]:
        """Return alerts that were ever handed to a group, in the order of their ids, from behind `after`."""
        ...

    def due_groups(self, now: datetime, limit: int) -> list[Group]:
        """Return groups whose `due_at` has come, earliest first."""
        ...

    def jobs_of_lost_groups(self) -> list[int]:
        """Return, once, the jobs with open alerts that a group which cannot be read has spoken for."""
        ...

    def next_group_due_at(self) -> datetime | None:
        """Return the earliest `due_at` of all groups."""
        ...

    def save_groups(self, groups: Iterable[Group]) -> None:
        """Keep groups; the store refuses a second open one of the same key (StoreBroken)."""

    def forget_groups(self, ids: Iterable[str]) -> None:
        """Let go of groups of which nothing was ever told as one."""

    def add_to_groups(self, members: Iterable[tuple[str, str]]) -> None:
        """Note which alerts, by id, belong to which group: pairs of group and alert."""

    def record(self, entries: Iterable[Entry]) -> None:
        """Add lines to the alerts' histories."""

    def enqueue(self, notifications: Iterable[Notification]) -> None:
        """Add rows to the outbox; a key that is there already is left as it is."""

    def cancel(self, alert_id: str, kinds: Iterable[str], now: datetime) -> int:
        """Cancel an alert's pending notifications of these kinds; return how many there were."""
        ...

    def claim(
        self, now: datetime, *, lease_for: timedelta, limit: int, busy: Iterable[str]
    ) -> list[Notification]:
        """Take due notifications for sending, most severe and oldest first, each with a new lease.

        Not of the targets in `busy`; never one before an earlier unfinished one of the same alert and
        target; also those whose lease has run out.
        """
        ...

    def finish(self, deliveries: Iterable[Delivery]) -> set[str]:
        """Record tries and set the notifications' states; return the keys whose lease still held."""
        ...

    def mark_undelivered(self, key: str, reference: str, *, detail: str, at: datetime) -> Notification | None:
        """Let one that was sent under this reference, or may have been, be dead; None if it is neither."""
        ...

    def next_delivery_at(self) -> datetime | None:
        """Return when the outbox wants to be looked at next: earliest `due_at` or end of a lease."""
        ...

    def overdue(self, created_before: datetime, limit: int) -> list[Notification]:
        """Return what has no fallback and is none: dead ones, and unfinished ones made before then."""
        ...

    def set_fallback(self, key: str, fallback_key: str) -> None:
        """Note that another notification stands in for this one."""

    def owed(self, alert_id: str) -> list[Notification]:
        """Return what was owed to whom about an alert, oldest first."""
        ...

    def save_drill(self, drill: Drill) -> None:
        """Keep a drill, new or changed."""

    def drills_under_way(self, limit: int) -> list[Drill]:
        """Return drills that are not over, oldest first; one that cannot be read is left out."""
        ...

    def take_up_shared(self) -> None:
        """Decide under what all jobs share as it stands now.

        Silences, overrides, blind windows and unknown jobs. Once another server has changed any of these,
        the next `save` of what was decided without it is StoreContended.
        """

    def save_silence(self, silence: Silence) -> None:
        """Keep a silence, new or changed."""

    def silences(self, now: datetime) -> tuple[Silence, ...]:
        """Return the silences that have not ended."""
        ...

    def save_override(self, override: Override) -> None:
        """Keep an override of an on-call schedule, new or changed."""

    def overrides(self, now: datetime) -> tuple[Override, ...]:
        """Return the overrides that have not ended, those that end first first."""
        ...

    def save_token(self, token: Token) -> None:
        """Keep a new credential."""

    def revoke_token(self, token_id: str, at: datetime) -> bool:
        """Let a credential open nothing any more; False when there is no such valid one."""
        ...

    def save_set_aside(self, item: SetAside) -> None:
        """Keep that a rule raised for a job."""

    def set_aside(self, now: datetime) -> tuple[SetAside, ...]:
        """Return the rules that are set aside at this instant."""
        ...

    def alive(self, server: str, now: datetime) -> dict[str, datetime]:
        """Note that a server lives at `now`; return when each last did so before, by its own clock."""
        ...

    def bury(self, servers: Iterable[str]) -> None:
        """Forget that these servers lived; who does live will say so again."""

    def save_blind(self, from_at: datetime, to_at: datetime, hold_until: datetime) -> BlindWindow:
        """Keep a blind window and return it with its id."""
        ...

    def cut_blind(self, now: datetime, hold_until: datetime) -> datetime | None:
        """Let no blind window end later than now; return when the first that did would have ended."""
        ...

    def blind(self, since: datetime) -> tuple[BlindWindow, ...]:
        """Return the blind windows that ended since then, oldest first."""
        ...

    def save_unknown(self, window: int, job_id: int, what: str, at: datetime) -> None:
        """Note what of a job could not be told because of a blind window; once for each pair."""

    def clear_unknown(self, job_id: int, at: datetime) -> tuple[int, ...]:
        """List a job as unknown no more, for it was heard; return the windows it was listed under."""
        ...

    def unknown(self, window: int, limit: int) -> tuple[int, list[tuple[JobKey, str]]]:
        """Return how many jobs are listed under a window and the first of them with what is unknown."""
        ...

    def unknown_jobs(self) -> frozenset[int]:
        """Return the ids of the jobs that are listed under any window."""
        ...

    def note(self, name: str) -> str | None:
        """Return a small durable value by name."""
        ...

    def save_note(self, name: str, value: str) -> None:
        """Keep a small durable value by name."""

    def prune(self, *, logs_before: datetime, runs_before: datetime, limit: int) -> int:
        """Delete some of what is older than that; return how many rows went."""
        ...


class Reading(Past, Audits, Exports, Protocol):
    """A session that reads a consistent state; any thread may hold its own."""

    def job(self, key: JobKey) -> Watch | None:
        """Return one job's watch."""
        ...

    def jobs(self, *, after: JobKey | None, limit: int, search: str = "") -> list[Watch]:
        """Return watches in order of environment and name, from behind `after`, names containing `search`."""
        ...

    def recent_runs(self, job_ids: Sequence[int], limit: int) -> dict[int, list[Run]]:
        """Return the newest runs of each job, newest first."""
        ...

    def recent_occurrences(self, job_ids: Sequence[int], limit: int) -> dict[int, list[Occurrence]]:
        """Return the newest decided occurrences of each job, newest first."""
        ...

    def past_of(self, job_id: int, series: str) -> bytes:
        """Return what is kept of a series of a job's past, packed; nothing where nothing is kept."""
        ...

    def run(self, job_id: int, run: str) -> Run | None:
        """Return one run."""
        ...

    def log(self, job_id: int, *, before: int | None, limit: int) -> list[LogLine]:
        """Return a job's check-ins, newest first, with ids below `before`."""
        ...

    def alert(self, alert_id: str) -> Alert | None:
        """Return one alert."""
        ...

    def alerts(
        self,
        *,
        states: Iterable[AlertState],
        job_id: int | None = None,
        before: datetime | None = None,
        limit: int,
    ) -> list[Alert]:
        """Return alerts in these states, most severe open ones first, then newest."""
        ...

    def history(self, alert_id: str) -> list[Entry]:
        """Return an alert's history, oldest first."""
        ...

    def group(self, group_id: str) -> Group | None:
        """Return one group of alerts."""
        ...

    def groups(self, limit: int, *, after: str = "") -> list[Group]:
        """Return the groups that are not closed, in the order of their ids, from behind `after`."""
        ...

    def alerts_of_group(self, group_id: str, *, after: str, limit: int) -> list[Alert]:
        """Return alerts that were ever handed to a group, in the order of their ids, from behind `after`."""
        ...

    def notifications(self, alert_id: str) -> list[Notification]:
        """Return what was owed to whom about an alert, oldest first."""
        ...

    def deliveries(self, keys: Iterable[str]) -> list[Delivery]:
        """Return the tries of these notifications, oldest first."""
        ...

    def drill(self, drill_id: str) -> Drill | None:
        """Return one drill."""
        ...

    def drills(self, limit: int) -> list[Drill]:
        """Return drills, newest first."""
        ...

    def silences(self, *, ended_since: datetime) -> list[Silence]:
        """Return silences that have not ended, and those that ended since then."""
        ...

    def overrides(self, *, ended_since: datetime) -> list[Override]:
        """Return overrides that have not ended, and those that ended since then."""
        ...

    def tokens(self) -> list[Token]:
        """Return all credentials that are not revoked."""
        ...

    def set_aside(self, now: datetime) -> list[SetAside]:
        """Return the rules that are set aside at this instant."""
        ...

    def counts(self) -> Counts:
        """Return how many there are of what."""
        ...


class Store(Protocol):
    """The tables, opened: migrations are applied before the first session."""

    def writing(self) -> Writing:
        """Return the writing session; there is one for each process."""
        ...

    def reading(self) -> AbstractContextManager[Reading]:
        """Return a reading session for the length of a `with` block."""
        ...

    def backup(self, path: str) -> None:
        """Write a consistent copy while others write; StoreError where the store has a tool of its own."""

    def close(self) -> None:
        """Let go of every connection."""
