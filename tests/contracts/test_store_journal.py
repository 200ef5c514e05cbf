"""The embedded store's journal stays bounded, whoever reads meanwhile; the test takes its thread's turns."""

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from tests.contracts.kept import NOON, committed, key
from tocsin.errors import StoreUnavailable
from tocsin.store.base import Store
from tocsin.store.lending import Lender
from tocsin.store.sqlite import SqliteStore, journal
from tocsin.store.sqlite.door import SqliteDoor
from tocsin.store.sqlite.reading import SqliteReading

LONG = "x" * 2_000
NEVER_SECONDS = 3_600.0


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "tocsin.db")


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "EVERY_SECONDS", NEVER_SECONDS)


def keep(store: Store, name: str, value: str = LONG) -> None:
    with committed(store) as writing:
        writing.save_note(name, value)


@pytest.fixture
def readers(path: str) -> Iterator[Lender[SqliteDoor, SqliteReading]]:
    lent = Lender(lambda: open_door(path), "BEGIN", SqliteReading)
    yield lent
    lent.close()


def open_door(path: str) -> SqliteDoor:
    return SqliteDoor(path, cache_kib=1_000, wait_seconds=0.01)


class Hindered:
    """A door to the journal, each emptying of which a reading keeps from what was committed meanwhile."""

    def __init__(self, path: str, store: Store) -> None:
        self._door = open_door(path)
        self._store = store
        self._numbers = count()
        self.suspect = False

    def one(self, statement: str) -> tuple[int, ...] | None:
        if "PASSIVE" not in statement:
            return self._door.one(statement)
        with self._store.reading() as reading:
            assert reading.job(key()) is None
            keep(self._store, f"meanwhile {next(self._numbers)}")
            return self._door.one(statement)

    def close(self) -> None:
        self._door.close()


def test_the_journal_starts_over_when_it_has_grown(
    path: str, readers: Lender[SqliteDoor, SqliteReading], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "START_OVER_BYTES", 100_000)
    store = SqliteStore(path)
    hindered = cast("SqliteDoor", Hindered(path, store))
    emptier = journal.Journal(lambda: hindered, threading.Lock(), readers)
    sizes = []
    for number in range(100):
        keep(store, str(number))
        emptier.empty()
        sizes.append(Path(f"{path}-wal").stat().st_size)
    emptier.close()
    store.close()

    assert 100_000 < max(sizes) < 200_000


def test_a_reading_that_never_ends_does_not_let_the_journal_grow_for_ever(
    path: str, readers: Lender[SqliteDoor, SqliteReading], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "START_OVER_BYTES", 0)
    monkeypatch.setattr(journal, "MOST_BYTES", 100_000)
    monkeypatch.setattr(journal, "LONG_READING_SECONDS", 0.0)
    store = SqliteStore(path)
    emptier = journal.Journal(lambda: open_door(path), threading.Lock(), readers)

    with readers.lend() as reading:
        assert reading.job(key()) is None
        keep(store, "one")
        used = emptier.empty()
        while used < 100_000:
            keep(store, f"after {used}", LONG * 10)
            used = emptier.empty()
        with pytest.raises(StoreUnavailable, match="ask for less"):
            reading.job(key())
    assert emptier.empty() == 0
    with readers.lend() as reading:
        assert reading.job(key()) is None

    emptier.close()
    store.close()


def test_the_journal_is_emptied_again_after_a_fault_that_nobody_foresaw(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    struck, emptied = threading.Event(), threading.Event()

    def empty(_journal: journal.Journal) -> int:
        if not struck.is_set():
            struck.set()
            raise MemoryError("no room")
        emptied.set()
        return 0

    monkeypatch.setattr(journal, "EVERY_SECONDS", 0.001)
    monkeypatch.setattr(journal.Journal, "empty", empty)
    store = SqliteStore(path)
    keep(store, "first")
    has_struck = struck.wait(90.0)
    keep(store, "second")
    is_emptied = emptied.wait(90.0)
    store.close()

    assert has_struck
    assert is_emptied
    assert "could not be emptied" in caplog.text


def test_a_commit_that_changes_nothing_does_not_call_for_the_journal(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr(journal.Journal, "changed", lambda _journal: called.append("changed"))
    store = SqliteStore(path)
    with committed(store) as writing:
        writing.next_due_at()
        writing.silences(NOON)
    assert called == []

    keep(store, "one")
    assert called == ["changed"]

    with committed(store) as writing:
        writing.next_due_at()
    store.close()
    assert called == ["changed"]
