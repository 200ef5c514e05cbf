"""Notifications go out concurrently: nobody waits for another's receiver, and nothing spins meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Condition, Event
from typing import NoReturn

import pytest

from tocsin.alerts.group import EACH_ALONE
from tocsin.alerts.matcher import Matcher
from tocsin.alerts.route import Route
from tocsin.clock import SystemClock
from tocsin.engine import delivering
from tocsin.engine.configuration import Configuration, Policy
from tocsin.engine.delivering import MAX_REFERENCE, try_to_send
from tocsin.engine.engine import Engine
from tocsin.engine.lanes import AT_ONCE
from tocsin.engine.pacing import Go, Pace, Wait
from tocsin.engine.trial import trial_notifications
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import Answer, CheckIn, CheckInKind
from tocsin.notify.channel import Accepted
from tocsin.notify.message import Message
from tocsin.notify.retry import next_try
from tocsin.rules.defaults import DEFAULT_RULES
from tocsin.store.rows import Notification, NotificationState
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite.writing import SqliteWriting
from tocsin.telemetry.metrics import Metrics

PATIENCE_SECONDS = 20.0
WATCHED_SECONDS = 0.5
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
CLOCK = SystemClock()


class Ear:
    """A receiver that can be made to keep everybody waiting."""

    kind = "ear"
    recognises_repeats = True
    calls_it = ""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.waiting = 0
        self.lets_go = Event()
        self.lets_go.set()
        self._news = Condition()

    def send(self, message: Message, *, at: datetime) -> Accepted:  # noqa: ARG002 -- the protocol's signature
        with self._news:
            self.waiting += 1
            self._news.notify_all()
        self.lets_go.wait(PATIENCE_SECONDS)
        with self._news:
            self.waiting -= 1
            self.heard.append(message)
            self._news.notify_all()
        return Accepted(detail="heard", reference=self.calls_it)

    def wait_for(self, *, heard: int = 0, waiting: int = 0) -> None:
        """Return once so many were heard, or wait to be heard."""
        with self._news:
            assert self._news.wait_for(
                lambda: len(self.heard) >= heard and self.waiting >= waiting, PATIENCE_SECONDS
            )


class Clock:
    """A clock that stands."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def ears() -> dict[str, Ear]:
    return {"slow/ear": Ear(), "quick/ear": Ear()}


@pytest.fixture
def engine(tmp_path: Path, ears: dict[str, Ear]) -> Iterator[Engine]:
    """A running engine that tells of jobs of the team `slow` to one receiver and of the others to another."""
    store = SqliteStore(str(tmp_path / "tocsin.db"))
    numbers = iter(range(1_000_000))
    slow = Route(receiver="slow", matchers=(Matcher(name="team", operator="=", value="slow"),))
    made = Engine(
        store=store,
        configuration=Configuration(
            digest="one",
            rules=DEFAULT_RULES,
            route=Route(receiver="quick", routes=(slow,)),
            targets={"slow": ("slow/ear",), "quick": ("quick/ear",)},
            policy=Policy(pace=EACH_ALONE),
        ),
        channels=ears,
        clock=CLOCK,
        new_id=lambda: f"id{next(numbers)}",
        metrics=Metrics(CLOCK),
        jitter=lambda: 0.5,
    )
    made.start()
    yield made
    for ear in ears.values():
        ear.lets_go.set()
    made.stop()
    store.close()


def fail(engine: Engine, *jobs: str, team: str) -> None:
    """Report that these jobs have failed, and return when that is durable."""
    now, done = CLOCK.now(), Event()
    check_ins = [
        CheckIn(job=job, kind=CheckInKind.FAIL, at=now, received_at=now, labels=(("team", team),))
        for job in jobs
    ]

    def reply(_answer: Sequence[Answer] | StoreUnavailable) -> None:
        done.set()

    assert engine.report(check_ins, reply)
    assert done.wait(PATIENCE_SECONDS)


def owed() -> Notification:
    """A notification that somebody has claimed for half a minute."""
    (made,) = trial_notifications("t", ["quick/ear"], "kim", NOON)
    return replace(made, state=NotificationState.SENDING, lease=3, lease_until=NOON + timedelta(seconds=30))


def test_a_receiver_that_keeps_us_waiting_delays_nobody_else(engine: Engine, ears: dict[str, Ear]) -> None:
    fail(engine, "first", team="slow")
    ears["slow/ear"].wait_for(heard=1)
    ears["slow/ear"].lets_go.clear()
    fail(engine, *(f"slow-{number}" for number in range(30)), team="slow")
    ears["slow/ear"].wait_for(waiting=AT_ONCE)

    fail(engine, "quick", team="data")

    ears["quick/ear"].wait_for(heard=1)
    assert len(ears["slow/ear"].heard) == 1
    ears["slow/ear"].lets_go.set()
    ears["slow/ear"].wait_for(heard=31)
    assert len({message.key for message in ears["slow/ear"].heard}) == 31


def test_of_whom_nothing_is_known_is_told_one_thing_first(engine: Engine, ears: dict[str, Ear]) -> None:
    ears["slow/ear"].lets_go.clear()
    fail(engine, *(f"slow-{number}" for number in range(30)), team="slow")
    ears["slow/ear"].wait_for(waiting=1)
    fail(engine, "quick", team="data")
    ears["quick/ear"].wait_for(heard=1)

    assert ears["slow/ear"].waiting == 1
    ears["slow/ear"].lets_go.set()
    ears["slow/ear"].wait_for(heard=30)


def test_what_waits_for_a_busy_receiver_is_not_asked_for_again_and_again(
    engine: Engine, ears: dict[str, Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[datetime] = []
    real = SqliteWriting.claim

    def counted(self: SqliteWriting, now: datetime, **how: object) -> list[Notification]:
        claims.append(now)
        return real(self, now, **how)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(SqliteWriting, "claim", counted)
    ears["slow/ear"].lets_go.clear()
    fail(engine, *(f"slow-{number}" for number in range(30)), team="slow")
    ears["slow/ear"].wait_for(waiting=1)
    before = len(claims)

    Event().wait(WATCHED_SECONDS)

    assert len(claims) - before <= 5


def test_a_try_that_was_held_up_until_its_lease_ran_out_sends_nothing() -> None:
    ear = Ear()

    in_time = try_to_send(ear, owed(), Clock(NOON + timedelta(seconds=29)), Policy(), lambda: 0.5)
    too_late = try_to_send(ear, owed(), Clock(NOON + timedelta(seconds=30)), Policy(), lambda: 0.5)

    assert len(ear.heard) == 1
    assert in_time.next_state is NotificationState.SENT
    assert too_late.next_state is NotificationState.PENDING
    assert too_late.attempt == 0


def test_a_channel_is_handed_what_the_receiver_called_the_message_before() -> None:
    ear = Ear()
    ear.calls_it = "C1:200"

    delivery = try_to_send(ear, replace(owed(), reference="C1:100"), Clock(NOON), Policy(), lambda: 0.5)

    assert ear.heard[0].reference == "C1:100"
    assert delivery.reference == "C1:200"


def test_what_a_receiver_calls_a_message_has_a_limit() -> None:
    ear = Ear()
    ear.calls_it = "x" * 10_000

    assert len(try_to_send(ear, owed(), Clock(NOON), Policy(), lambda: 0.5).reference) == MAX_REFERENCE


def test_what_raises_beside_a_channel_keeps_neither_its_lane_nor_its_receiver(
    engine: Engine, ears: dict[str, Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*_: object, **__: object) -> NoReturn:
        monkeypatch.setattr(delivering, "next_try", next_try)
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(delivering, "PUT_OFF_FOR", timedelta())
    monkeypatch.setattr(delivering, "next_try", raises)
    fail(engine, "first", team="slow")

    ears["slow/ear"].wait_for(heard=2)
    assert len({message.key for message in ears["slow/ear"].heard}) == 1


def test_one_that_cannot_be_handed_out_holds_up_none_that_was_claimed_with_it(
    engine: Engine, ears: dict[str, Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks(pace: Pace, owed: Notification, now: datetime) -> Go | Wait:
        if "cursed" in owed.message:
            raise ZeroDivisionError("nobody foresaw this")
        return ask(pace, owed, now)

    ask = Pace.ask
    monkeypatch.setattr(Pace, "ask", asks)
    fail(engine, "known", team="quick")
    ears["quick/ear"].wait_for(heard=1)
    fail(engine, "cursed", "first", "second", team="quick")

    ears["quick/ear"].wait_for(heard=3)
    assert {message.job for message in ears["quick/ear"].heard} == {"known", "first", "second"}
