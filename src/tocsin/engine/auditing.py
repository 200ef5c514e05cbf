"""The audit: whether what the engine promises holds, asked of the store and not of who should have done it.

Nothing is told of on its first sight. What has moved by the next audit, however slowly, is work that goes on:
a backlog, a start, a clock that differs. What is found again in the same place is a trouble.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from tocsin.engine.apart import is_of_the_store
from tocsin.engine.configuration import Policy
from tocsin.engine.suspicion import Suspect, Suspicion
from tocsin.engine.sweeping import Sweep, again
from tocsin.engine.troubles import Check, Trouble
from tocsin.errors import StoreError
from tocsin.rules.wording import span
from tocsin.store.base import Reading, Store
from tocsin.store.rows import Lying

TICK: Final = timedelta(seconds=1)
LATE_AFTER: Final = 2 * TICK
BEHIND_AFTER: Final = timedelta(minutes=1)
SILENT_AFTER: Final = timedelta(minutes=1)
STUCK_SECONDS: Final = 30.0
TURNED_AFTER: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=2)
MAX_LYING: Final = 50
MAX_EXAMPLE: Final = 200

Ask = Callable[[], Iterable[Suspect]]

_log = logging.getLogger("tocsin.watchdog")
_ENGINE: Final = frozenset({Check.STORE, Check.JUDGING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """How the threads of this server do, as they say themselves; `store_fault` is empty without one.

    `clocks_apart` is by how much the clock of another server on the same store differs at least.
    """

    server: str
    store_fault: str = ""
    is_judging: bool = True
    since_tick_seconds: float = 0.0
    is_delivering: bool = True
    since_handing_out_seconds: float = 0.0
    clocks_apart: timedelta = timedelta()


class Auditor:
    """Remembers from one audit to the next what was suspicious; used by one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sweep = Sweep()
        self._suspicion = Suspicion()

    def audit(self, threads: Threads, policy: Policy, now: datetime) -> tuple[Trouble, ...]:
        """Return the troubles that stand: what the last audit has seen already.

        While the engine itself stands, what follows from that is not looked for and stays as it was.
        """
        suspects = list(_of_threads(threads))
        looked_for = frozenset({Check.DELIVERING, *_ENGINE})
        if not any(suspect.check in _ENGINE for suspect in suspects):
            try:
                with self._store.reading() as reading:
                    suspects += self._of_store(reading, threads, policy, now)
                looked_for = _looked_for(suspects)
            except StoreError as error:
                suspects.append(Suspect(check=Check.STORE, example=f"it cannot be read: {error}"))
        return self._suspicion.take(suspects, looked_for, now)

    @property
    def is_unsettled(self) -> bool:
        """Whether the last audit has seen something of which only the next one can say what it is."""
        return bool(self._suspicion.unsettled)

    def is_still_so(self, threads: Threads, policy: Policy, now: datetime) -> bool:
        """Whether any of that stands where it stood; a glance between two audits, which confirms nothing."""
        suspects = list(_of_threads(threads))
        if not self._suspicion.still(suspects):
            before = self._suspicion.suspects
            try:
                with self._store.reading() as reading:
                    suspects += _each(_of_rows(reading, threads, policy, now))
                    suspects += again(reading, before, now - threads.clocks_apart - LATE_AFTER)
            except StoreError:
                return True
        return self._suspicion.still(suspects)

    def _of_store(
        self, reading: Reading, threads: Threads, policy: Policy, now: datetime
    ) -> Iterator[Suspect]:
        late, before = now - threads.clocks_apart - LATE_AFTER, self._suspicion.suspects
        yield from _each(_of_rows(reading, threads, policy, now))
        yield from _each(
            (
                ("groups", lambda: self._sweep.groups(reading, before)),
                ("alerts", lambda: self._sweep.alerts(reading, before, late)),
            )
        )


def _looked_for(suspects: Iterable[Suspect]) -> frozenset[Check]:
    """Return what is over if it was not seen; nothing is while some of it could not be asked for."""
    seen = frozenset(suspect.check for suspect in suspects)
    return seen if Check.AUDIT in seen else frozenset(Check)


def _each(questions: Iterable[tuple[str, Ask]]) -> Iterator[Suspect]:
    """Return the answers to all questions; one that raises is suspicious itself, and costs no other."""
    for name, ask in questions:
        try:
            yield from list(ask())
        except Exception as error:  # whatever one question does, the others must be asked
            if is_of_the_store(error):
                raise
            _log.exception("the audit could not ask for %s", name)
            yield Suspect(check=Check.AUDIT, id=name, example=f"{name}: {error!r}"[:MAX_EXAMPLE])


def _of_rows(reading: Reading, threads: Threads, policy: Policy, now: datetime) -> Iterator[tuple[str, Ask]]:
    """Return what to ask for; what other servers have noted by slower clocks is given so much time."""
    present = now - threads.clocks_apart
    late = present - LATE_AFTER
    turned_by = present - policy.fallback_after - TURNED_AFTER
    ended_by = present - policy.give_up_after - LONGEST_PAUSE
    lying: dict[Check, Callable[[], list[Lying]]] = {
        Check.DUE_GROUPS: lambda: reading.lying_groups(late, MAX_LYING),
        Check.SET_ASIDE: lambda: reading.lying_aside(late, now, MAX_LYING),
        Check.UNCLAIMABLE: lambda: reading.unclaimable(late, MAX_LYING),
        Check.NO_FALLBACK: lambda: reading.without_fallback(turned_by, MAX_LYING),
        Check.OWED: lambda: reading.unfinished(ended_by, MAX_LYING),
    }
    if threads.is_delivering and threads.since_handing_out_seconds <= STUCK_SECONDS:
        lying[Check.UNCLAIMED] = lambda: reading.unclaimed(late, present)
    yield Check.DUE_JOBS.value, lambda: _of_due(reading, present)
    for check, ask in lying.items():
        yield check.value, partial(_lying, check, ask)
    yield Check.SIGN_OF_LIFE.value, lambda: _of_sign(reading, threads, now)


def _of_sign(reading: Reading, threads: Threads, now: datetime) -> Iterator[Suspect]:
    lived_at = reading.lived_at(threads.server)
    if lived_at is None or lived_at < now - SILENT_AFTER:
        yield Suspect(check=Check.SIGN_OF_LIFE, id=threads.server)


def _of_threads(threads: Threads) -> Iterator[Suspect]:
    if threads.store_fault:
        yield Suspect(check=Check.STORE, example=threads.store_fault)
    elif not threads.is_judging:
        yield Suspect(check=Check.JUDGING, example="its thread has ended")
    elif threads.since_tick_seconds > STUCK_SECONDS:
        ago = span(threads.since_tick_seconds)
        yield Suspect(check=Check.JUDGING, example=f"the clock was last looked at {ago} ago")
    if not threads.is_delivering:
        yield Suspect(check=Check.DELIVERING, example="its thread has ended")
    elif threads.since_handing_out_seconds > STUCK_SECONDS:
        ago = span(threads.since_handing_out_seconds)
        yield Suspect(check=Check.DELIVERING, example=f"the outbox was last looked at {ago} ago")


def _of_due(reading: Reading, present: datetime) -> Iterator[Suspect]:
    due = reading.lying_jobs(present - LATE_AFTER, MAX_LYING)
    yield from _lying(Check.DUE_JOBS, lambda: due)
    if due and due[0].at < present - BEHIND_AFTER:
        yield Suspect(check=Check.LATE)


def _lying(check: Check, ask: Callable[[], list[Lying]]) -> Iterator[Suspect]:
    return (Suspect(check=check, id=row.id, example=row.name) for row in ask())
