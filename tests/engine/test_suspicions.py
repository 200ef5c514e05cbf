"""The sign of life waits while something is suspicious, until that has moved, and no longer."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.contracts.meddling import meddle
from tests.engine.test_watchdog import an_alert_of
from tests.engine.watched import Watched
from tocsin.engine.commands import Acknowledge
from tocsin.engine.watchdog import Watchdog
from tocsin.errors import StoreUnavailable
from tocsin.jobs.checkin import CheckInKind
from tocsin.store.sqlite.writing import SqliteWriting


def test_a_suspicion_that_passes_only_delays_the_sign_of_life(
    it: Watched, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it.says(CheckInKind.SUCCESS)
    monkeypatch.setattr(SqliteWriting, "due", lambda *_: [])
    meddle(file, "UPDATE watches SET due_at = 1000")
    it.audit()
    for _ in range(3):
        assert it.engine.watchdog.glance().is_unsettled
    assert it.beats == 0

    monkeypatch.undo()
    it.wait_until(lambda: not it.engine.watchdog.glance().is_unsettled)
    assert it.beats == 1
    for _ in range(3):
        it.engine.watchdog.glance()
    assert it.beats == 1
    assert it.audit().is_clean
    assert (it.beats, it.heard) == (2, [])


def test_however_often_a_suspicion_is_glanced_at_only_audits_make_it_a_trouble(
    it: Watched, file: str
) -> None:
    alert = an_alert_of(it)
    meddle(file, "DELETE FROM notifications")
    it.audit()
    for _ in range(5):
        standing = it.engine.watchdog.glance()
        assert (standing.is_unsettled, standing.is_clean) == (True, True)

    it.engine.command(Acknowledge(alert_id=alert, who="kim"))
    assert not it.engine.watchdog.glance().is_unsettled
    assert it.audit().is_clean
    assert it.heard == []


def test_a_backlog_that_moves_holds_up_no_sign_of_life(
    it: Watched, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it.says(CheckInKind.SUCCESS)
    monkeypatch.setattr(SqliteWriting, "due", lambda *_: [])
    for number in range(3):
        meddle(file, "UPDATE watches SET due_at = coalesce(due_at, 0) % 1000 + 1")
        it.audit()
        assert it.beats == number
        meddle(file, "UPDATE watches SET due_at = coalesce(due_at, 0) % 1000 + 1")
        it.engine.watchdog.glance()
        assert it.beats == number + 1


def test_a_store_that_cannot_be_read_at_a_glance_says_nothing_good(
    it: Watched, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_alert_of(it)
    meddle(file, "DELETE FROM notifications")
    it.audit()

    def fails() -> None:
        raise StoreUnavailable("the disk is gone")

    monkeypatch.setattr(it.store, "reading", fails)
    assert it.engine.watchdog.glance().is_unsettled
    assert it.beats == 0


def test_between_two_audits_the_thread_glances_by_itself(
    it: Watched, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it.says(CheckInKind.SUCCESS)
    monkeypatch.setattr(SqliteWriting, "due", lambda *_: [])
    meddle(file, "UPDATE watches SET due_at = 1000")
    with watched_again(it) as dog:
        it.wait_until(lambda: dog.standing.is_unsettled)
        monkeypatch.undo()
        it.wait_until(lambda: it.beats == 1)
        assert not dog.standing.is_unsettled


@contextmanager
def watched_again(it: Watched) -> Iterator[Watchdog]:
    """Let a second watchdog make one audit by itself, and then glance as often as it can."""
    dog = Watchdog(
        it.store,
        it.engine.writer,
        clock=it.clock,
        threads=it.engine._threads,  # noqa: SLF001 -- what the engine's own is given
        configuration=lambda: it.engine.configuration,
        channels=lambda: it.engine.deliverer.channels,
    )
    dog.heartbeat, dog.first_seconds, dog.glance_seconds = it.engine.watchdog.heartbeat, 0.0, 0.01
    dog.start()
    yield dog
    dog.stop()
