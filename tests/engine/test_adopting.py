"""The jobs of a configuration file become known, whatever comes between."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin.alerts.route import Route
from tocsin.engine.adopting import SLICE, register_slice
from tocsin.engine.configuration import Configuration
from tocsin.engine.draft import Draft
from tocsin.engine.work import Report
from tocsin.engine.writer import Writer
from tocsin.errors import StoreContended
from tocsin.jobs.checkin import CheckIn, CheckInKind
from tocsin.jobs.job import Definition, JobKey, Rank
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite.writing import SqliteWriting
from tocsin.telemetry.metrics import Metrics

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SLICES = 5


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOON


def configuration(digest: str = "one") -> Configuration:
    names = (f"job-{number}" for number in range(SLICES * SLICE))
    return Configuration(
        digest=digest,
        rules=(),
        route=Route(receiver="nobody"),
        targets={"nobody": ()},
        jobs={JobKey("production", name): Definition(rank=Rank.FILE) for name in names},
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(str(tmp_path / "tocsin.db"))
    yield opened
    opened.close()


@pytest.fixture
def writer(store: SqliteStore) -> Writer:
    return Writer(
        store.writing(),
        configuration(),
        clock=Noon(),
        new_id=lambda: "an-id",
        metrics=Metrics(Noon()),
        on_outbox=lambda: None,
    )


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first job of each slice that was registered, in order."""
    seen: list[str] = []

    def register(draft: Draft, keys: list[JobKey]) -> None:
        seen.append(keys[0].name)
        register_slice(draft, keys)

    monkeypatch.setattr("tocsin.engine.rounds.register_slice", register)
    return seen


def stumble(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a transaction of check-ins be rolled back once."""
    append = SqliteWriting.append

    def contended(*_: object) -> None:
        monkeypatch.setattr(SqliteWriting, "append", append)
        raise StoreContended("another server was in the way")

    monkeypatch.setattr(SqliteWriting, "append", contended)
    check_in = CheckIn(job="other", kind=CheckInKind.START, at=NOON, received_at=NOON)
    writer.submit(Report(check_ins=[check_in], reply=lambda _: None))


def test_a_rollback_of_something_else_costs_no_progress(
    writer: Writer, store: SqliteStore, registered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    while writer.turn(0.0):
        turns += 1
        assert turns < 10 * SLICES
        stumble(writer, monkeypatch)

    assert registered == [f"job-{number * SLICE}" for number in range(SLICES)]
    with store.reading() as reading:
        assert reading.counts().jobs == SLICES * SLICE + 1


def test_what_was_rolled_back_itself_is_done_again(
    writer: Writer, store: SqliteStore, registered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = SqliteWriting.commit

    def contended(writing: SqliteWriting) -> None:
        if len(registered) == 2:
            monkeypatch.setattr(SqliteWriting, "commit", commit)
            writing.rollback()
            raise StoreContended("another server was in the way")
        commit(writing)

    monkeypatch.setattr(SqliteWriting, "commit", contended)
    while writer.turn(0.0):
        assert len(registered) < 10 * SLICES

    assert registered[:3] == ["job-0", f"job-{SLICE}", f"job-{SLICE}"]
    with store.reading() as reading:
        assert reading.counts().jobs == SLICES * SLICE
