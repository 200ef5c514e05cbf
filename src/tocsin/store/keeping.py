"""What the writing session of either store keeps beside jobs and alerts: silences, overrides, credentials."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from tocsin.alerts.silence import Silence
from tocsin.jobs.job import JobKey
from tocsin.jobs.state import BlindWindow
from tocsin.oncall.override import Override
from tocsin.store.codec import instant, micros
from tocsin.store.door import OnDoor
from tocsin.store.rows import SetAside, Token
from tocsin.store.shapes import BLIND, OVERRIDE, SET_ASIDE, SILENCE, TOKEN

SILENCES: Final = "SELECT body FROM silences WHERE ends_at > ? ORDER BY ends_at, id"
OVERRIDES: Final = "SELECT body FROM overrides WHERE ends_at > ? ORDER BY ends_at, id"
ASIDE: Final = f"SELECT {SET_ASIDE.list} FROM set_aside WHERE at <= ? AND until_at > ? ORDER BY rule, job_id"  # noqa: S608 - our own columns
_SAVE_SILENCE: Final = (
    "INSERT INTO silences VALUES (?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at, body = excluded.body"
)
_SAVE_OVERRIDE: Final = (
    "INSERT INTO overrides VALUES (?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at, body = excluded.body"
)
_SAVE_TOKEN: Final = f"INSERT INTO tokens ({TOKEN.list}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own columns
_REVOKE: Final = "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
_SAVE_ASIDE: Final = (
    f"INSERT INTO set_aside ({SET_ASIDE.list}) VALUES (?, ?, ?, ?, ?, ?) "  # noqa: S608 - our own columns
    "ON CONFLICT (rule, job_id) DO UPDATE SET at = excluded.at, until_at = excluded.until_at, "
    "error = excluded.error, count = excluded.count"
)
_ALIVE: Final = (
    "INSERT INTO servers VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at"
)
_SAVE_NOTE: Final = "INSERT INTO notes VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_SAVE_BLIND: Final = "INSERT INTO blind_windows (from_at, to_at, hold_until) VALUES (?, ?, ?) RETURNING id"
_BLIND: Final = f"SELECT {BLIND.list} FROM blind_windows WHERE to_at >= ? ORDER BY to_at, id"  # noqa: S608 - our own columns
_AHEAD: Final = "SELECT min(to_at) FROM blind_windows WHERE to_at > ?"
_CUT_BLIND: Final = (
    "UPDATE blind_windows SET from_at = CASE WHEN from_at < ? THEN from_at ELSE ? END, "
    "to_at = ?, hold_until = ? WHERE to_at > ?"
)
_SAVE_UNKNOWN: Final = (
    "INSERT INTO unknown (window_id, job_id, what, at) VALUES (?, ?, ?, ?) ON CONFLICT (window_id, job_id) "
    "DO UPDATE SET what = excluded.what, known_at = NULL WHERE unknown.known_at IS NOT NULL"
)
_CLEAR_UNKNOWN: Final = (
    "UPDATE unknown SET known_at = ? WHERE job_id = ? AND known_at IS NULL RETURNING window_id"
)
_COUNT_UNKNOWN: Final = "SELECT count(*) FROM unknown WHERE window_id = ? AND known_at IS NULL"
_UNKNOWN_JOBS: Final = "SELECT DISTINCT job_id FROM unknown WHERE known_at IS NULL"
_UNKNOWN: Final = (
    "SELECT j.environment, j.name, u.what FROM unknown u JOIN jobs j ON j.id = u.job_id "
    "WHERE u.window_id = ? AND u.known_at IS NULL ORDER BY j.environment, j.name LIMIT ?"
)


class KeepingWriting(OnDoor):
    """What the writing session keeps beside jobs and alerts; none of it is much."""

    def take_up_shared(self) -> None:
        """Decide under what all jobs share as it stands now; where there is one server only it stays so."""

    def _share(self) -> None:
        """Note that this transaction changes what all jobs share."""

    def save_silence(self, silence: Silence) -> None:
        """Keep a silence, new or changed."""
        self._share()
        self._door.run(_SAVE_SILENCE, (silence.id, micros(silence.ends_at), SILENCE.encode(silence)))

    def silences(self, now: datetime) -> tuple[Silence, ...]:
        """Return the silences that have not ended."""
        return tuple(SILENCE.decode_all(self._door.all(SILENCES, (micros(now),))))

    def save_override(self, override: Override) -> None:
        """Keep an override, new or changed."""
        self._share()
        self._door.run(_SAVE_OVERRIDE, (override.id, micros(override.ends_at), OVERRIDE.encode(override)))

    def overrides(self, now: datetime) -> tuple[Override, ...]:
        """Return the overrides that have not ended."""
        return tuple(OVERRIDE.decode_all(self._door.all(OVERRIDES, (micros(now),))))

    def save_token(self, token: Token) -> None:
        """Keep a new credential."""
        self._door.run(_SAVE_TOKEN, TOKEN.row(token))

    def revoke_token(self, token_id: str, at: datetime) -> bool:
        """Let a credential open nothing any more; False when there is no such valid one."""
        return self._door.run(_REVOKE, (micros(at), token_id)) == 1

    def save_set_aside(self, item: SetAside) -> None:
        """Keep that a rule raised for a job, in place of what was known of the two."""
        self._door.run(_SAVE_ASIDE, SET_ASIDE.row(item))

    def set_aside(self, now: datetime) -> tuple[SetAside, ...]:
        """Return the rules that are set aside at this instant."""
        return tuple(SET_ASIDE.value(row) for row in self._door.all(ASIDE, (micros(now), micros(now))))

    def alive(self, server: str, now: datetime) -> dict[str, datetime]:
        """Note that a server lives at `now`; return when each last did so before, by its own clock."""
        rows = self._door.all("SELECT id, alive_at FROM servers")
        self._door.run(_ALIVE, (server, micros(now)))
        return {other: instant(at) for other, at in rows}

    def bury(self, servers: Iterable[str]) -> None:
        """Forget that these servers lived; who does live will say so again."""
        self._door.many("DELETE FROM servers WHERE id = ?", [(server,) for server in servers])

    def save_blind(self, from_at: datetime, to_at: datetime, hold_until: datetime) -> BlindWindow:
        """Keep a blind window and return it with its id."""
        self._share()
        row = self._door.all(_SAVE_BLIND, (micros(from_at), micros(to_at), micros(hold_until)))[0]
        return BlindWindow(id=row[0], from_at=from_at, to_at=to_at, hold_until=hold_until)

    def blind(self, since: datetime) -> tuple[BlindWindow, ...]:
        """Return the blind windows that ended since then, oldest first."""
        return tuple(BLIND.value(row) for row in self._door.all(_BLIND, (micros(since),)))

    def cut_blind(self, now: datetime, hold_until: datetime) -> datetime | None:
        """Let no blind window end later than now; return when the first that did would have ended."""
        at = micros(now)
        ahead = self._door.all(_AHEAD, (at,))[0][0]
        if ahead is None:
            return None
        self._share()
        self._door.run(_CUT_BLIND, (at, at, at, micros(hold_until), at))
        return instant(ahead)

    def save_unknown(self, window: int, job_id: int, what: str, at: datetime) -> None:
        """Note what of a job could not be told because of a blind window; what holds already stays."""
        self._share()
        self._door.run(_SAVE_UNKNOWN, (window, job_id, what, micros(at)))

    def clear_unknown(self, job_id: int, at: datetime) -> tuple[int, ...]:
        """List a job as unknown no more, for it was heard; return the windows it was listed under."""
        return tuple(sorted(window for (window,) in self._door.all(_CLEAR_UNKNOWN, (micros(at), job_id))))

    def unknown(self, window: int, limit: int) -> tuple[int, list[tuple[JobKey, str]]]:
        """Return how many jobs are listed under a window and the first of them with what is unknown."""
        rows = self._door.all(_UNKNOWN, (window, limit))
        count = self._door.all(_COUNT_UNKNOWN, (window,))[0][0]
        return count, [(JobKey(environment, name), what) for environment, name, what in rows]

    def unknown_jobs(self) -> frozenset[int]:
        """Return the ids of the jobs that are listed under any window."""
        return frozenset(job_id for (job_id,) in self._door.all(_UNKNOWN_JOBS))

    def note(self, name: str) -> str | None:
        """Return a small durable value by name."""
        row = self._door.one("SELECT value FROM notes WHERE name = ?", (name,))
        return None if row is None else str(row[0])

    def save_note(self, name: str, value: str) -> None:
        """Keep a small durable value by name."""
        self._door.run(_SAVE_NOTE, (name, value))
