"""What is kept of what was done before a server stops."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.contracts.kept import LEASE, NOON, committed, owed, tried
from tocsin.alerts.route import Route
from tocsin.engine.configuration import Configuration
from tocsin.engine.work import Finish
from tocsin.engine.writer import Writer
from tocsin.errors import StoreUnavailable
from tocsin.store.rows import Notification, NotificationState
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite.writing import SqliteWriting
from tocsin.telemetry.metrics import Metrics


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOON


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(str(tmp_path / "tocsin.db"))
    yield opened
    opened.close()


def a_writer(store: SqliteStore) -> Writer:
    configuration = Configuration(
        digest="one", rules=(), route=Route(receiver="nobody"), targets={"nobody": ()}
    )
    return Writer(
        store.writing(),
        configuration,
        clock=Noon(),
        new_id=lambda: "an-id",
        metrics=Metrics(Noon()),
        on_outbox=lambda: None,
    )


def being_sent(store: SqliteStore) -> Notification:
    with committed(store) as writing:
        writing.enqueue([owed("a")])
        (claimed,) = writing.claim(NOON, lease_for=LEASE, limit=1, busy=())
    return claimed


def test_a_send_that_could_not_be_noted_for_a_fault_is_noted_before_the_server_stops(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = a_writer(store)
    sent = being_sent(store)

    def full(*_: object) -> set[str]:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteWriting, "finish", full)
        writer.submit(Finish(deliveries=(tried(sent),)))
        writer.turn()
        assert state_of(store) is NotificationState.SENDING
    writer.stop()
    writer.run()

    assert state_of(store) is NotificationState.SENT


def test_a_fault_that_lasts_does_not_keep_the_server_from_stopping(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = a_writer(store)
    sent = being_sent(store)
    tries = []

    def full(*_: object) -> set[str]:
        tries.append("a")
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(SqliteWriting, "finish", full)
    writer.submit(Finish(deliveries=(tried(sent),)))
    writer.stop()
    writer.run()

    assert len(tries) == 2
    assert state_of(store) is NotificationState.SENDING


def state_of(store: SqliteStore) -> NotificationState:
    with store.reading() as reading:
        return reading.notifications("alert-1")[0].state
