"""Numbers the check-ins of one run, gives them their instant and hands them to the courier."""

from __future__ import annotations

import os
import threading

from tocsin import clock
from tocsin.client import wire
from tocsin.client.notice import say
from tocsin.client.spool import entry_name
from tocsin.client.values import Value

_MOST_SAID = 100
_said: set[tuple[str, str]] = set()

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Protocol
else:
    Protocol = object


class Letterbox(Protocol):
    """Takes encoded check-ins; the courier is one."""

    def put(self, name: str, body: bytes) -> None:
        """Keep a check-in under its name and have it sent."""

    def keep(self, name: str, body: bytes) -> None:
        """Keep a check-in under its name, to be sent with the next one or by `go`."""

    def go(self) -> None:
        """Have sent what was kept."""


class Who(Value):
    """Which run of which job reports; what is None or empty is not said."""

    job: str
    environment: str
    run: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    nominal_at: str | None = None
    partition: str | None = None
    backfill: bool = False


class Reporter:
    """Reports one run. In a forked child it is silent: the run belongs to the process that began it.

    Check-ins are numbered from 1. For a run id that came from outside they are numbered from the
    clock's microseconds, because another process may have reported under the same id before: an
    earlier attempt, or the same run started again by hand.
    """

    def __init__(self, letterbox: Letterbox, who: Who) -> None:
        """Nothing is sent yet."""
        now_us = int(clock.now().timestamp() * 1_000_000)
        self._who = _taken(who)
        self.run = self._who.run or os.urandom(16).hex()
        self._letterbox = letterbox
        self._started_us = now_us
        self._token = os.urandom(6).hex()
        self._seq = now_us if who.run else 0
        self._process = os.getpid()
        self._ended = False
        self._turn = threading.RLock()

    @property
    def is_ours(self) -> bool:
        """Whether this process began the run."""
        return self._process == os.getpid()

    def send(
        self,
        kind: str,
        fields: Mapping[str, object],
        *,
        at: datetime | None = None,
        ends: bool = False,
        waits: bool = False,
    ) -> None:
        """Report what happened; after the end of the run nothing more is said of it.

        What `waits` is sent with the next one, or by `go`.
        """
        if not self.is_ours:
            return
        with self._turn:
            if self._ended:
                return
            self._ended = ends
            self._seq += 1
            body = wire.encode({**self._identity(kind, at), **fields})
            hand_in = self._letterbox.keep if waits else self._letterbox.put
            hand_in(entry_name(self._started_us, self._token, self._seq, kind), body)

    def go(self) -> None:
        """Send what waits, if anything does."""
        if self.is_ours:
            self._letterbox.go()

    def _identity(self, kind: str, at: datetime | None) -> dict[str, object]:
        who = self._who
        return {
            "job": who.job,
            "kind": kind,
            "environment": who.environment,
            "run": self.run,
            "seq": self._seq,
            "at": (at or clock.now()).isoformat(),
            "labels": dict(who.labels) or None,
            "nominal_at": who.nominal_at,
            "partition": who.partition,
            "backfill": who.backfill or None,
        }


def _taken(who: Who) -> Who:
    """Return who reports in the form that the server takes; what it refuses would never be heard of."""
    return Who(
        job=_named("job", who.job),
        environment=_named("environment", who.environment),
        run=_named("run", who.run) if who.run else None,
        labels=who.labels,
        nominal_at=who.nominal_at,
        partition=None if who.partition in (None, "") else _named("partition", who.partition),
        backfill=bool(who.backfill),
    )


def _named(field: str, given: object) -> str:
    name = wire.name(given)
    if isinstance(given, str) and name != given and (field, name) not in _said and len(_said) < _MOST_SAID:
        _said.add((field, name))
        say(f"{field} {given[:60]!r} is not 1 to 200 characters without controls; told as {name[:60]!r}")
    return name
