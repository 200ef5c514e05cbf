"""What an answer of the sink means for a batch: settled, taken apart, tried again, given up."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, cast

from tocsin.batch.batcher import Batcher, Parcel
from tocsin.batch.config import BatchConfig, ErrorHandling
from tocsin.batch.entries import Entries, Entry
from tocsin.batch.fate import Fate, fate_of
from tocsin.batch.ledger import Buried, Ledger
from tocsin.batch.outcome import Category, Delivered, Kind, Outcome, Partial, Refused
from tocsin.batch.pace import Pace
from tocsin.batch.preparing import Reject
from tocsin.batch.state.base import BatchStatus, RunStatus
from tocsin.batch.suspects import Suspicion, after_delivery, after_refusal, suspect
from tocsin.batch.tally import Tally

MAX_TOLD: Final = 500


class OnReject(StrEnum):
    """What becomes of a record that cannot be delivered, and of those after it.

    STOP: the run stops, and meets the record again when it is resumed. HOLD_KEY: it becomes a dead letter,
    and so do all later ones of its key, so that nothing overtakes it.
    """

    DEAD_LETTER = "dead_letter"
    STOP = "stop"
    HOLD_KEY = "hold_key"


Note = Callable[[Parcel, BatchStatus, int, int, float], None]
"""Takes down a request: how many of its records were delivered, how many failed, how many seconds it took."""


@dataclass(slots=True, kw_only=True)
class Answering:
    """Takes every answer of the sink; `stop` says that the run must not go on, and why.

    `free` is told how many bytes need no memory any more, `note` what became of each request. `held_since`
    are the keys that are held back, each with the ordinal of its record that was not delivered.
    """

    batcher: Batcher
    ledger: Ledger
    pace: Pace
    tally: Tally
    config: BatchConfig
    free: Callable[[int], None]
    note: Note
    on_reject: OnReject = OnReject.DEAD_LETTER
    held_since: dict[str, int] = field(default_factory=dict)
    stop: tuple[RunStatus, str] | None = None
    last_reason: str = ""

    @property
    def stops_at_first(self) -> bool:
        """Whether one record that cannot be delivered ends the run."""
        return self.on_reject is OnReject.STOP or self.config.error_handling is ErrorHandling.FAIL_FAST

    def refuse(self, rejects: Sequence[Reject]) -> list[Reject]:
        """Take records that cannot be sent at all; return those of them that become dead letters."""
        if rejects and self.stops_at_first:
            first = rejects[0]
            self._stop(RunStatus.FAILED, f"record {first.record_id} cannot be sent: {first.reason}")
            return []
        if self.on_reject is OnReject.HOLD_KEY:
            for one in rejects:
                self._hold(one.key, one.ordinal)
        return list(rejects)

    def sieve(self, parcel: Parcel) -> bool:
        """Take out what is held back with its key; return whether anything is left to be sent."""
        if not self.held_since:
            return True
        held = [place for place, entry in enumerate(parcel.entries) if self._is_held(entry)]
        if held:
            why = "held back: an earlier record of its key was not delivered"
            self._bury(parcel.entries.pick(held), why, parcel)
            parcel.entries = parcel.entries.without(frozenset(held))
            parcel.size = parcel.entries.size
            if not parcel.entries:
                self.batcher.settle(parcel)
        return bool(parcel.entries)

    def take(self, parcel: Parcel, outcome: object, sent_at: float, now: float) -> None:
        """Take up what became of a batch."""
        match understood(outcome):
            case Delivered():
                self._delivered(parcel, sent_at, now)
            case Partial() as partial:
                self._partial(parcel, partial, sent_at, now)
            case Refused() as refused:
                self._refused(parcel, refused, sent_at, now)

    def _delivered(self, parcel: Parcel, sent_at: float, now: float) -> None:
        self.pace.delivered(parcel, sent_at, now)
        self._resize()
        self.note(parcel, BatchStatus.COMPLETED, len(parcel), 0, now - sent_at)
        self.ledger.deliver(parcel.entries)
        self.tally.batches += 1
        self.free(parcel.size)
        if parcel.is_suspect:
            self._go_on(parcel, after_delivery(parcel), now)
        else:
            self.batcher.settle(parcel)

    def _partial(self, parcel: Parcel, partial: Partial, sent_at: float, now: float) -> None:
        count, rejected = len(parcel), dict(partial.rejected)
        again = frozenset(partial.again)
        wrong = [one for one in (*rejected, *again) if not _is_index(one, count)]
        if wrong:
            what = f"the sink speaks of record {wrong[0]!r}, and was sent records 0 to {count - 1}"
            self._refused(parcel, Refused(Kind.UNKNOWN, what), sent_at, now)
            return
        self.pace.delivered(parcel, sent_at, now)
        self._resize()
        status = BatchStatus.RETRYING if again else BatchStatus.COMPLETED
        left = len(again - rejected.keys())
        self.note(parcel, status, count - len(rejected) - left, len(rejected), now - sent_at)
        self.tally.batches += 1
        entries = parcel.entries
        taken = entries.without(rejected.keys() | again)
        self.ledger.deliver(taken)
        self.free(taken.size)
        for index, reason in rejected.items():
            self._give_up(entries.pick([index]), str(reason), Category.VALIDATION, parcel)
        self._end_search(parcel, now)
        waiting = entries.pick(sorted(again - rejected.keys()))
        if waiting:
            parcel.entries, parcel.size = waiting, waiting.size
            later = Refused(Kind.TRANSIENT, "the sink did not take it for now")
            self._meet(self._fate_of(parcel, later, sent_at), parcel, later, now)
        else:
            self.batcher.settle(parcel)

    def _refused(self, parcel: Parcel, refused: Refused, sent_at: float, now: float) -> None:
        self.last_reason = refused.reason or refused.kind.value
        kind, fate = refused.kind, None
        if kind in {Kind.TRANSIENT, Kind.UNKNOWN}:
            self.pace.failed(parcel, refused, sent_at, now)
            self._resize()
            fate = self._fate_of(parcel, refused, sent_at)
        parcel.error = kind.category.value
        failed = len(parcel) if _is_the_end_of(parcel, kind, fate) else 0
        ends_it = failed or fate is Fate.STOP or kind is Kind.UNAUTHORIZED
        self.note(parcel, BatchStatus.FAILED if ends_it else BatchStatus.RETRYING, 0, failed, now - sent_at)
        self.tally.retries[kind.category] += 1
        if kind is Kind.THROTTLED:
            parcel.throttled += 1
            self.batcher.again(parcel, self.pace.throttled(parcel, refused, sent_at, now))
        elif kind is Kind.UNAUTHORIZED:
            self.batcher.again(parcel, now)
            why = f"nothing gets through like this: {self.last_reason}; nothing is lost, resume once it does"
            self._stop(RunStatus.FAILED, why)
        elif kind is Kind.TOO_LARGE:
            self.pace.too_large(parcel, sent_at, now)
            self._resize()
            self._take_apart(parcel, refused, now)
        elif kind is Kind.INVALID:
            self.pace.answered(sent_at, now)
            parcel.reason = self.last_reason
            going_on = after_refusal(parcel) if parcel.is_suspect else suspect(parcel.entries)
            self._go_on(parcel, going_on, now)
        elif fate is not None:
            self._meet(fate, parcel, refused, now)

    def _resize(self) -> None:
        self.batcher.max_records, self.batcher.max_bytes = self.pace.records, self.pace.bytes

    def _fate_of(self, parcel: Parcel, refused: Refused, sent_at: float) -> Fate:
        return fate_of(parcel, refused, self.config.error_handling, self.pace, sent_at)

    def _take_apart(self, parcel: Parcel, refused: Refused, now: float) -> None:
        if len(parcel) > 1:
            self.batcher.split(parcel, now)
            return
        self._give_up(parcel.entries, self.last_reason, refused.kind.category, parcel)
        self._go_on(parcel, Suspicion(freed=parcel.rest), now)

    def _go_on(self, parcel: Parcel, found: Suspicion, now: float) -> None:
        """Go on with the search for a bad record, or end it."""
        self.batcher.put_back(parcel.lane, found.freed, now)
        if found.guilty:
            self._give_up(found.guilty, parcel.reason, Category.VALIDATION, parcel)
        if found.test:
            self.tally.tests += 1
            self.batcher.again(self.batcher.tested(parcel, found.test, found.waiting, now), now)
        else:
            self.batcher.settle(parcel)

    def _end_search(self, parcel: Parcel, now: float) -> None:
        """Let both halves go on by themselves, after a test that has not told in which the bad record is.

        So the other half need not wait until this one may be sent again; whichever has it is searched then.
        """
        if parcel.is_suspect:
            self.batcher.put_first(parcel.lane, parcel.rest, now)
            parcel.rest, parcel.is_suspect = Entries(), False

    def _meet(self, fate: Fate, parcel: Parcel, refused: Refused, now: float) -> None:
        """Do to a batch that did not get through what becomes of it."""
        parcel.failed_at = now
        if fate is Fate.AWAY:
            self.pace.nothing_gets_through(now)
            fate = Fate.WAIT if len(parcel) == 1 else Fate.APART
        if fate is Fate.APART:
            self.batcher.split(parcel, now)
        elif fate is Fate.GIVE_UP:
            self._give_up(parcel.entries, self.last_reason, refused.kind.category, parcel)
            self._go_on(parcel, Suspicion(freed=parcel.rest), now)
        elif fate is Fate.STOP:
            self.batcher.again(parcel, now)
            tries = f"{parcel.attempts + 1} tries were of no use" if parcel.attempts else "a request failed"
            self._stop(RunStatus.SUSPENDED, f"{tries}: {self.last_reason}")
        else:
            self._end_search(parcel, now)
            parcel.attempts += fate is Fate.AGAIN
            self.batcher.again(parcel, self.pace.again_at(parcel, refused, now))

    def _give_up(self, entries: Entries, reason: str, category: Category, parcel: Parcel) -> None:
        if self.stops_at_first:
            self.batcher.put_back(parcel.lane, entries, parcel.made_at)
            self._stop(RunStatus.FAILED, f"record {entries.ids[0]} was refused: {reason}")
            return
        self._bury(entries, reason, parcel, category)
        if self.on_reject is OnReject.HOLD_KEY:
            for entry in entries:
                self._hold(entry[3], entry[0])

    def _hold(self, key: str, ordinal: int) -> None:
        """Hold back what follows a record of a key; what came before it may still go."""
        if key:
            self.held_since[key] = min(ordinal, self.held_since.get(key, ordinal))

    def _is_held(self, entry: Entry) -> bool:
        return entry[0] > self.held_since.get(entry[3], entry[0])

    def _bury(
        self,
        entries: Entries,
        reason: str,
        parcel: Parcel,
        category: Category = Category.VALIDATION,
    ) -> None:
        tries = parcel.attempts + 1
        self.ledger.bury(
            [
                Buried(Reject(ordinal, record_id, reason, body, category, is_encoded=True, key=key), tries)
                for ordinal, record_id, body, key in entries
            ]
        )

    def _stop(self, status: RunStatus, reason: str) -> None:
        if self.stop is None:
            self.stop = (status, reason)


def understood(outcome: object) -> Outcome:
    """Return an answer as it is, or that it is none where its parts are not what they should be."""
    if _is_sound(outcome):
        return cast("Outcome", outcome)
    said = f"the sink returned {outcome!r}"[:MAX_TOLD]
    if isinstance(outcome, Outcome):
        return Refused(Kind.UNKNOWN, f"{said}, which says nothing")
    # That is how its program is written: no waiting mends it, and what arrived would be sent again and again.
    return Refused(Kind.UNAUTHORIZED, f"{said}; an answer is Delivered(), Partial(...) or Refused(...)")


def _is_sound(outcome: object) -> bool:
    if isinstance(outcome, Partial):
        rejected, again = cast("tuple[object, object]", (outcome.rejected, outcome.again))
        return isinstance(rejected, Mapping) and isinstance(again, Collection)
    if isinstance(outcome, Refused):
        kind, after = cast("tuple[object, object]", (outcome.kind, outcome.retry_after_seconds))
        is_number = after is None or (isinstance(after, int | float) and not isinstance(after, bool))
        return isinstance(kind, Kind) and is_number
    return isinstance(outcome, Delivered)


def _is_index(one: object, count: int) -> bool:
    return isinstance(one, int) and not isinstance(one, bool) and 0 <= one < count


def _is_the_end_of(parcel: Parcel, kind: Kind, fate: Fate | None) -> bool:
    """Whether a batch that was refused like this is not tried again."""
    if kind in {Kind.INVALID, Kind.TOO_LARGE}:
        return len(parcel) == 1
    return fate is Fate.GIVE_UP
