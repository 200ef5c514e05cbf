"""Faults planted on purpose, one at a time: each breaks one promise, and the simulation must notice."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import pytest

from tocsin.alerts import group, telling, turning
from tocsin.alerts.alert import Alert, AlertState, Told
from tocsin.alerts.telling import Manners, Speech, Utterance
from tocsin.engine import delivering, looking, rounds, standing_in
from tocsin.engine.draft import Draft
from tocsin.engine.work import Order, Report, Work
from tocsin.engine.writer import Writer
from tocsin.jobs import applying
from tocsin.notify.message import Message, unpack
from tocsin.store.rows import Delivery, DeliveryOutcome, Notification, NotificationState, Watch
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite.writing import SqliteWriting

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A planted fault and the promises that it breaks, any of which must be seen broken."""

    name: str
    plant: Plant
    promises: frozenset[str]


MUTANTS: list[Mutant] = []


def breaks(*promises: str) -> Callable[[Plant], Plant]:
    """Add a mutant, named after the function that plants it."""

    def add(plant: Plant) -> Plant:
        MUTANTS.append(Mutant(name=plant.__name__, plant=plant, promises=frozenset(promises)))
        return plant

    return add


@breaks("delivered")
def mark_before_send(patch: pytest.MonkeyPatch) -> None:
    """What is claimed counts as sent before anybody has tried."""
    real = SqliteWriting.claim

    def claim(self: SqliteWriting, now: datetime, **how: Any) -> list[Notification]:  # noqa: ANN401 -- as the real one
        taken = real(self, now, **how)
        self.finish(_sent(one, now) for one in taken)
        return taken

    patch.setattr(SqliteWriting, "claim", claim)


def _sent(owed: Notification, now: datetime) -> Delivery:
    return Delivery(
        key=owed.key,
        lease=owed.lease,
        attempt=1,
        started_at=now,
        ended_at=now,
        outcome=DeliveryOutcome.SENT,
        detail="",
        next_state=NotificationState.SENT,
        next_due_at=now,
    )


@breaks("known keys")
def fresh_id_per_try(patch: pytest.MonkeyPatch) -> None:
    """Every try goes out under a key of its own."""
    number = itertools.count()

    def fresh(packed: str) -> Message:
        message = unpack(packed)
        return replace(message, key=f"{message.key}-{next(number)}")

    patch.setattr(delivering, "unpack", fresh)


@breaks("told of missing runs", "as it is", "told or said why")
def timer_in_memory(patch: pytest.MonkeyPatch) -> None:
    """When to look again is remembered by the process and not by the store."""
    real = SqliteWriting.save

    def timers(self: SqliteWriting) -> dict[int, datetime | None]:
        known: dict[int, datetime | None] = self.__dict__.setdefault("timers", {})
        return known

    def save(self: SqliteWriting, watches: Iterable[Watch]) -> None:
        kept = list(watches)
        timers(self).update((watch.job.id, watch.due_at) for watch in kept)
        real(self, [msgspec.structs.replace(watch, due_at=None) for watch in kept])

    def due(self: SqliteWriting, now: datetime, limit: int) -> list[Watch]:
        come = [job_id for job_id, at in timers(self).items() if at is not None and at <= now]
        return self.watches_by_id(come[:limit])

    def next_due_at(self: SqliteWriting) -> datetime | None:
        return min((at for at in timers(self).values() if at is not None), default=None)

    patch.setattr(SqliteWriting, "save", save)
    patch.setattr(SqliteWriting, "due", due)
    patch.setattr(SqliteWriting, "next_due_at", next_due_at)


@breaks("kept to people")
def person_answered_before_commit(patch: pytest.MonkeyPatch) -> None:
    """An acknowledgement is confirmed before it is durable, and lost if the process dies."""
    real = Writer._other  # noqa: SLF001 -- a fault is planted where it could be made

    def other(self: Writer, work: Work, *rest: Any) -> object:  # noqa: ANN401 -- as the real one
        answer = real(self, work, *rest)
        if isinstance(work, Order):
            work.reply(answer)  # type: ignore[arg-type]  # the answer was made for this order
        return answer

    patch.setattr(Writer, "_other", other)


@breaks("each once")
def job_answered_before_commit(patch: pytest.MonkeyPatch) -> None:
    """A check-in is accepted before it is durable, and lost if the process dies."""
    real = Writer._take_reports  # noqa: SLF001 -- a fault is planted where it could be made

    def take(
        self: Writer, draft: Draft, group: Sequence[Work], reported: Sequence[int], answers: list[Any]
    ) -> None:
        real(self, draft, group, reported, answers)
        for index in reported:
            work = group[index]
            assert isinstance(work, Report)
            work.reply(answers[index])

    patch.setattr(Writer, "_take_reports", take)


@breaks("each once", "takes effect", "told of failures")
def facts_and_decisions_apart(patch: pytest.MonkeyPatch) -> None:
    """The check-in is committed first, and what follows from it in a second transaction."""
    real = Draft.write

    def write(self: Draft) -> None:
        if self.check_ins:
            self.writing.append(self.check_ins)
            self.check_ins = []
            self.writing.commit()
            self.writing.begin()
        real(self)

    patch.setattr(Draft, "write", write)


@breaks("each once")
def repeats_count(patch: pytest.MonkeyPatch) -> None:
    """A check-in that comes again counts again."""
    patch.setattr(applying, "_seen", lambda _run, _seq: False)


@breaks("closed")
def end_not_told(patch: pytest.MonkeyPatch) -> None:
    """Whoever heard the beginning does not hear the end."""
    real = telling.speak

    def speak(*what: Any, **more: Any) -> Utterance:  # noqa: ANN401 -- as the real one
        found = real(*what, **more)
        return replace(found, speech=None) if found.speech is Speech.RESOLVED else found

    patch.setattr("tocsin.engine.voicing.speak", speak)


@breaks("closed")
def end_of_storm_not_told(patch: pytest.MonkeyPatch) -> None:
    """Whoever heard of many at once does not hear when they are over."""
    real = turning.turn

    def turn(*what: Any) -> turning.Turn:  # noqa: ANN401 -- as the real one
        found = real(*what)
        return msgspec.structs.replace(found, said=None) if found.said is turning.Said.OVER else found

    patch.setattr("tocsin.engine.gathering.turn", turn)


@breaks("told or said why", "told")
def group_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What waits for others waits for ever."""
    real = SqliteWriting.save_groups

    def save(self: SqliteWriting, groups: Iterable[group.Group]) -> None:
        real(self, [msgspec.structs.replace(one, due_at=None) for one in groups])

    patch.setattr(SqliteWriting, "save_groups", save)


@breaks("told once", "the lease holds")
def lease_ignored(patch: pytest.MonkeyPatch) -> None:
    """What somebody is sending can be claimed by the next."""
    real = SqliteWriting.claim

    def claim(self: SqliteWriting, now: datetime, **how: Any) -> list[Notification]:  # noqa: ANN401 -- as the real one
        self._door.run("UPDATE notifications SET look_at = due_at WHERE state = 'sending'")
        return real(self, now, **how)

    patch.setattr(SqliteWriting, "claim", claim)


@breaks("told once", "the lease holds")
def fence_ignored(patch: pytest.MonkeyPatch) -> None:
    """Whoever comes back late is believed, though another has taken over."""
    real = SqliteWriting.finish

    def finish(self: SqliteWriting, deliveries: Iterable[Delivery]) -> set[str]:
        return real(self, [replace(one, lease=self._lease_of(one.key)) for one in deliveries])  # type: ignore[attr-defined]  # planted below

    def lease_of(self: SqliteWriting, key: str) -> int:
        row = self._door.one("SELECT lease FROM notifications WHERE key = ?", (key,))
        return 0 if row is None else int(row[0])

    patch.setattr(SqliteWriting, "_lease_of", lease_of, raising=False)
    patch.setattr(SqliteWriting, "finish", finish)


@breaks("one open", "as it is", "not too often")
def opened_again_and_again(patch: pytest.MonkeyPatch) -> None:
    """An open alert is not found, and the database does not refuse a second one."""
    real, opened = looking.look, SqliteStore.__init__

    def look(watch: Watch, alerts: Iterable[Alert], *rest: Any, **more: Any) -> looking.Look:  # noqa: ANN401 -- as the real one
        return real(watch, [alert for alert in alerts if not alert.is_open], *rest, **more)

    def opening(self: SqliteStore, path: str, **how: Any) -> None:  # noqa: ANN401 -- as the real one
        opened(self, path, **how)
        writing = self.writing()
        writing.begin()
        writing._door.run("DROP INDEX IF EXISTS alerts_one_open")  # noqa: SLF001 -- the rule is in the way of the fault
        writing.commit()

    patch.setattr("tocsin.engine.draft.look", look)
    patch.setattr(SqliteStore, "__init__", opening)


@breaks("not too often")
def telling_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What was told of an earlier alert of the same fingerprint does not count."""
    patch.setattr(looking, "told_before", lambda _alerts, _print: Told())


@breaks("in order")
def order_ignored(patch: pytest.MonkeyPatch) -> None:
    """A later thing may be sent while an earlier one waits."""

    def settle(self: SqliteWriting, _pairs: Any) -> None:  # noqa: ANN401 -- as the real one
        self._door.run("UPDATE notifications SET look_at = due_at WHERE state = 'pending'")

    patch.setattr(SqliteWriting, "_settle", settle)


@breaks("in hand")
def acknowledgement_ignored(patch: pytest.MonkeyPatch) -> None:
    """An alert that somebody has in hand is repeated."""
    real = telling.speak

    def speak(alert: Alert, now: datetime, manners: Manners, **how: Any) -> Utterance:  # noqa: ANN401 -- as the real one
        if alert.state is AlertState.ACKNOWLEDGED:
            alert = msgspec.structs.replace(alert, state=AlertState.FIRING)
        return real(alert, now, manners, **how)

    patch.setattr("tocsin.engine.voicing.speak", speak)


@breaks("in hand")
def snooze_ignored(patch: pytest.MonkeyPatch) -> None:
    """An alert that somebody has put off is repeated."""
    real = telling.speak

    def speak(alert: Alert, now: datetime, manners: Manners, **how: Any) -> Utterance:  # noqa: ANN401 -- as the real one
        return real(msgspec.structs.replace(alert, snooze=None), now, manners, **how)

    patch.setattr("tocsin.engine.voicing.speak", speak)


@breaks("fallback")
def nobody_stands_in(patch: pytest.MonkeyPatch) -> None:
    """What a receiver will never take is told to nobody else."""
    patch.setattr(standing_in, "fallback_targets", lambda _configuration, _target: ())


@breaks("delivered")
def unknown_taken_for_sent(patch: pytest.MonkeyPatch) -> None:
    """A send whose answer never came counts as sent."""
    real = delivering._after  # noqa: SLF001 -- a fault is planted where it could be made

    def after(error: Any, *rest: Any) -> tuple[DeliveryOutcome, NotificationState]:  # noqa: ANN401 -- as the real one
        if error.outcome_unknown:
            return DeliveryOutcome.SENT, NotificationState.SENT
        return real(error, *rest)

    patch.setattr(delivering, "_after", after)


@breaks("no false alarm")
def own_downtime_ignored(patch: pytest.MonkeyPatch) -> None:
    """What fell into the time when we were away is judged as if we had been there."""
    patch.setattr(rounds, "note_blind", lambda _writing, _policy, _before, _now: None)


@breaks("delivered", "told once")
def repeat_not_marked(patch: pytest.MonkeyPatch) -> None:
    """A message that may have arrived before does not say so."""
    patch.setattr(delivering, "replace", lambda message, **_marks: message)
