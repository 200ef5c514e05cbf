"""What only the embedded store must bear: full disks, other programs, long readings, backups."""

import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contracts.kept import NOON, a_check_in, committed, key, registered
from tocsin.errors import StoreBroken, StoreError, StoreUnavailable
from tocsin.store import lending
from tocsin.store.base import Store
from tocsin.store.codec import micros
from tocsin.store.migrating import migrations
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite.door import APPLICATION_ID

LONG = "x" * 2_000


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "tocsin.db")


class Faults:
    """Gets hold of every connection that the store opens."""

    def __init__(self) -> None:
        self.connections: list[sqlite3.Connection] = []

    def __call__(self, connection: sqlite3.Connection) -> None:
        self.connections.append(connection)

    def pragma(self, setting: str) -> None:
        """Change a setting of all connections that are still open."""
        for connection in self.connections:
            try:
                connection.execute(f"PRAGMA {setting}").fetchall()
            except sqlite3.ProgrammingError:
                continue


def keep(store: Store, name: str, value: str = LONG) -> None:
    with committed(store) as writing:
        writing.save_note(name, value)


def fill(store: Store) -> None:
    for number in range(300):
        keep(store, str(number), LONG * 5)


def notes(store: Store, *names: str) -> list[bool]:
    with committed(store) as writing:
        return [writing.note(name) is not None for name in names]


def test_a_full_disk_is_unavailable_says_what_to_do_and_passes_by_itself(path: str) -> None:
    faults = Faults()
    store = SqliteStore(path, hook=faults)
    with committed(store) as writing:
        registered(writing, "etl")
    faults.pragma("max_page_count = 100")

    with pytest.raises(StoreUnavailable, match=r"tocsin\.db: the disk is full.*free some space"):
        fill(store)
    with pytest.raises(StoreUnavailable):
        fill(store)

    with store.reading() as reading:
        assert reading.job(key()) is not None
    faults.pragma("max_page_count = 1000000")
    keep(store, "afterwards")
    assert notes(store, "afterwards") == [True]
    store.close()


@pytest.fixture
def file_limit() -> Iterator[Callable[[int], None]]:
    """Limits how long a file this process may write, as a failing disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fails_to_write_is_unavailable_and_recovers_without_a_restart(
    path: str, file_limit: Callable[[int], None]
) -> None:
    store = SqliteStore(path)
    keep(store, "before")
    file_limit(200_000)

    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="the disk"):
            fill(store)
    file_limit(resource.RLIM_INFINITY)
    keep(store, "afterwards")

    assert notes(store, "before", "afterwards") == [True, True]
    store.close()
    store = SqliteStore(path)
    assert notes(store, "before", "afterwards") == [True, True]
    store.close()


def test_nothing_of_a_transaction_that_failed_is_kept(path: str) -> None:
    faults = Faults()
    store = SqliteStore(path, hook=faults)
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
    faults.pragma("max_page_count = 80")

    writing = store.writing()
    writing.begin()
    writing.append([(watch.job.id, a_check_in())])
    writing.save_note("beside", "it")
    with pytest.raises(StoreUnavailable):
        writing.save_note("large", LONG * 1_000)
    writing.rollback()
    faults.pragma("max_page_count = 1000000")

    assert notes(store, "beside", "large") == [False, False]
    with store.reading() as reading:
        assert reading.log(watch.job.id, before=None, limit=1) == []
    store.close()


def test_a_read_only_file_is_unavailable_until_it_can_be_written(path: str) -> None:
    faults = Faults()
    store = SqliteStore(path, hook=faults)
    faults.pragma("query_only = ON")

    with pytest.raises(StoreUnavailable, match=r"read-only: make it writable"):
        keep(store, "refused")

    keep(store, "kept")
    assert notes(store, "refused", "kept") == [False, True]
    store.close()


def test_a_lock_of_another_program_is_unavailable_for_now(path: str) -> None:
    store = SqliteStore(path, hook=lambda connection: connection.execute("PRAGMA busy_timeout = 1").close())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="another program holds a lock"):
        keep(store, "refused")
    other.execute("ROLLBACK")
    other.close()

    keep(store, "kept")
    assert notes(store, "refused", "kept") == [False, True]
    store.close()


def test_a_second_server_on_the_same_file_is_refused_in_words(path: str) -> None:
    store = SqliteStore(path)

    with pytest.raises(
        StoreBroken, match=r"in use by another server \(process \d+\): stop that one.*PostgreSQL"
    ):
        SqliteStore(path)

    keep(store, "unharmed")
    store.close()
    SqliteStore(path).close()


def test_a_file_of_another_program_is_left_alone(path: str) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (id INTEGER)")
    other.close()

    with pytest.raises(StoreBroken, match="of another program: give another path"):
        SqliteStore(path)

    assert sqlite3.connect(path).execute("SELECT count(*) FROM theirs").fetchone() == (0,)


def test_what_is_no_database_is_told_apart(path: str) -> None:
    Path(path).write_text("these are my notes, not a database\n" * 100)

    with pytest.raises(StoreBroken, match="not a database"):
        SqliteStore(path)


def test_a_damaged_file_asks_for_the_backup(path: str) -> None:
    store = SqliteStore(path)
    fill(store)
    store.close()
    with Path(path).open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * 400_000)

    with pytest.raises(StoreBroken, match="damaged: restore the last backup"):
        notes(SqliteStore(path), *map(str, range(300)))


def test_a_newer_schema_is_not_touched(path: str) -> None:
    SqliteStore(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 999")
    newer.close()

    with pytest.raises(StoreBroken, match=r"newer Tocsin \(schema 999.*start the newer version"):
        SqliteStore(path)


def test_the_last_sign_of_life_outlives_the_upgrade_that_notes_it_for_each_server(path: str) -> None:
    older = sqlite3.connect(path)
    older.executescript(migrations("tocsin.store.sqlite")[0].sql)
    older.execute("INSERT INTO liveness VALUES (1, ?)", (micros(NOON),))
    older.executescript(f"PRAGMA user_version = 1; PRAGMA application_id = {APPLICATION_ID}")
    older.close()
    store = SqliteStore(path)

    with committed(store) as writing:
        assert list(writing.alive("one", NOON).values()) == [NOON]
    store.close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"no/tocsin\.db.*folder exists"):
        SqliteStore(str(tmp_path / "no" / "tocsin.db"))


def test_a_refused_store_leaves_no_lock_behind(path: str) -> None:
    Path(path).write_text("no database\n" * 100)
    with pytest.raises(StoreBroken):
        SqliteStore(path)
    Path(path).unlink()

    SqliteStore(path).close()


def test_a_closed_store_is_one_whole_file(path: str) -> None:
    store = SqliteStore(path)
    keep(store, "kept")
    store.close()

    assert not Path(f"{path}-wal").exists()
    whole = sqlite3.connect(path)
    assert whole.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert whole.execute("SELECT count(*) FROM notes").fetchone() == (1,)


def test_the_disk_is_waited_for_at_each_commit(path: str) -> None:
    faults = Faults()
    store = SqliteStore(path, hook=faults)
    settings = [
        [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        for connection in faults.connections[1:]
    ]
    store.close()

    assert settings == [["wal", 2], ["wal", 2]]


def test_a_backup_taken_while_others_write_is_consistent(path: str, tmp_path: Path) -> None:
    store = SqliteStore(path)
    fill(store)
    with committed(store) as writing:
        (watch,) = registered(writing, "etl")
    stop = threading.Event()
    went = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with committed(store) as writing:
                writing.save_note("number", str(number))
                writing.append([(watch.job.id, a_check_in(number))])
            if number > 5:
                went.set()

    thread = threading.Thread(target=write)
    thread.start()
    copies = [tmp_path / f"copy-{n}.db" for n in range(3)]
    assert went.wait(30)
    for copy in copies:
        store.backup(str(copy))
    stop.set()
    thread.join()
    store.close()

    for copy in copies:
        restored = SqliteStore(str(copy))
        with restored.reading() as reading:
            newest = reading.log(watch.job.id, before=None, limit=1)[0].check_in.seq
        with committed(restored) as writing:
            assert writing.note("number") == str(newest)
        restored.close()
        assert [p.name for p in tmp_path.glob(f"{copy.name}*") if p.suffix not in (".db", ".lock")] == []


def test_a_backup_replaces_an_older_one_only_when_it_is_whole(path: str, tmp_path: Path) -> None:
    store = SqliteStore(path)
    keep(store, "kept")
    copy = tmp_path / "copy.db"
    copy.write_text("older")

    with pytest.raises(StoreError, match="is the store itself"):
        store.backup(path)
    with pytest.raises(StoreError, match="cannot be written"):
        store.backup(str(tmp_path / "no" / "copy.db"))
    (tmp_path / "copy.db.part").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        store.backup(str(copy))
    assert copy.read_text() == "older"
    (tmp_path / "copy.db.part").rmdir()
    store.backup(str(copy))
    store.close()

    assert (copy.stat().st_mode & 0o777) == 0o600
    assert sqlite3.connect(copy).execute("SELECT name FROM notes").fetchall() == [("kept",)]


def test_too_many_readings_at_once_are_told_to_come_back(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lending, "MAX_READERS", 2)
    monkeypatch.setattr(lending, "PATIENCE_SECONDS", 0.01)
    store = SqliteStore(path)

    with (
        store.reading(),
        store.reading(),
        pytest.raises(StoreUnavailable, match="try again"),
        store.reading(),
    ):
        pass
    with store.reading() as reading:
        assert reading.job(key()) is None
    store.close()


def test_the_bounds_of_what_is_remembered_change_nothing_that_is_seen(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.store.cache.MAX_WATCHES", 2)
    store = SqliteStore(path)
    with committed(store) as writing:
        watches = registered(writing, "a", "b", "c", "d", "e")
    for number in range(3):
        for watch in watches:
            with committed(store) as writing:
                (found,) = writing.watches_by_id([watch.job.id])
                assert found.job.name == watch.job.name
                writing.append([(watch.job.id, a_check_in(number))])
                writing.mark_due([watch.job.id], NOON)

    with store.reading() as reading:
        for watch in watches:
            log = reading.log(watch.job.id, before=None, limit=5)
            assert [line.check_in.seq for line in log] == [2, 1, 0]
    store.close()
