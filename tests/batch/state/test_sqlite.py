"""The file on this machine: who may read it, what goes wrong with it, what a killed process leaves."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batch.state.rows import AT, a_letter, a_run
from tocsin.batch.state import open_state, state_place
from tocsin.batch.state.base import Checkpoint, DeadLetterQuery, RunStatus
from tocsin.errors import InvalidPipeline, RunTaken, StoreBroken, StoreUnavailable

ROOT = Path(__file__).parents[3]
HOLDER = """
import sys
from tests.batch.state.rows import AT, a_run
from tocsin.batch.state import open_state
from tocsin.batch.state.base import Checkpoint

state = open_state(sys.argv[1])
state.begin(a_run())
state.save_checkpoint("r1", Checkpoint(at=AT, low_water=3, ranges=((5, 9),)))
print("holding", flush=True)
sys.stdin.read()
"""


def test_nobody_else_can_read_the_records_in_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "batch.db"
    state = open_state(path)
    state.begin(a_run())

    state.save_checkpoint("r1", Checkpoint(at=AT), [a_letter()])

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert {"batch.db", "batch.db-wal"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    state.close()


def test_a_process_that_was_killed_lets_go_of_its_run(tmp_path: Path) -> None:
    path = tmp_path / "batch.db"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holding\n"
        state = open_state(path)
        with pytest.raises(RunTaken, match=f"process {holder.pid} on"):
            state.begin(a_run())

        holder.send_signal(signal.SIGKILL)

    state.begin(a_run())
    kept = state.run("r1")
    assert kept is not None
    assert (kept.pid, kept.checkpoint.low_water, kept.checkpoint.ranges) == (os.getpid(), 3, ((5, 9),))
    state.close()


def test_a_run_that_has_ended_leaves_no_lock_behind(tmp_path: Path) -> None:
    state = open_state(tmp_path / "batch.db")
    state.begin(a_run())
    state.begin(a_run("r2"))
    assert len(list(tmp_path.glob("*-run-*"))) == 2

    state.finish("r1", status=RunStatus.COMPLETED, at=AT)
    state.close()

    assert [file.name for file in tmp_path.iterdir()] == ["batch.db"]


def test_a_full_disk_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    path = tmp_path / "batch.db"
    state = open_state(path)
    state.begin(a_run())
    state._door._connection.execute("PRAGMA max_page_count = 30")  # type: ignore[attr-defined]  # noqa: SLF001 -- a disk of 120 KB
    letters = [a_letter(number) for number in range(2_000)]

    with pytest.raises(StoreUnavailable, match=r"batch\.db: the disk is full, .* free some space"):
        state.save_checkpoint("r1", Checkpoint(at=AT, delivered=9), letters)

    kept = state.run("r1")
    assert kept is not None
    assert kept.checkpoint.delivered == 0
    state.save_checkpoint("r1", Checkpoint(at=AT, delivered=1), letters[:1])
    assert state.count_dead_letters(DeadLetterQuery()) == 1
    state.close()


def test_a_file_that_became_read_only_is_told(tmp_path: Path) -> None:
    state = open_state(tmp_path / "batch.db")
    state.begin(a_run())
    state._door._connection.execute("PRAGMA query_only = ON")  # type: ignore[attr-defined]  # noqa: SLF001 -- root may write to any file

    with pytest.raises(StoreUnavailable, match="the file, its folder or its disk is read-only"):
        state.save_checkpoint("r1", Checkpoint(at=AT))
    state.close()


def test_a_folder_in_which_nothing_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(StoreUnavailable, match=r"file/batch\.db: its folder cannot be made: File exists"):
        open_state(tmp_path / "file" / "batch.db")
    with pytest.raises(StoreUnavailable, match="this is a folder: name a file in it"):
        open_state(tmp_path)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "batch.db"
    path.write_text("events\n" * 1_000)

    with pytest.raises(StoreBroken, match="the file is no database: name another path"):
        open_state(path)

    assert path.read_text() == "events\n" * 1_000


def test_the_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (id)")
    other.close()

    with pytest.raises(StoreBroken, match="this is the database of something else: name another path"):
        open_state(path)

    with sqlite3.connect(path) as again:
        assert [name for (name,) in again.execute("SELECT name FROM sqlite_master")] == ["theirs"]
    again.close()


def test_another_program_that_never_lets_go_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.batch.state.sqlite.WAIT_SECONDS", 0.01)
    state = open_state(tmp_path / "batch.db")
    other = sqlite3.connect(tmp_path / "batch.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="another program holds a lock on it"):
        state.begin(a_run())

    other.execute("ROLLBACK")
    other.close()
    state.begin(a_run())
    state.close()


def test_the_usual_place_is_in_the_folder_for_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_BATCH_STATE", raising=False)
    monkeypatch.setenv("HOME", "/people/ann")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert state_place() == "/people/ann/.local/state/tocsin/batch.db"

    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert state_place() == "/var/state/tocsin/batch.db"

    monkeypatch.setenv("TOCSIN_BATCH_STATE", "postgresql://db/x")
    assert state_place() == "postgresql://db/x"


@pytest.mark.parametrize("place", ["mysql://u:secret@db/x", "sqlite:///batch.db", ":memory:"])
def test_an_address_of_something_else_makes_no_folder_of_that_name(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InvalidPipeline, match="is no place for the state, which is a file of SQLite") as told:
        open_state(place)

    assert "secret" not in str(told.value)
    assert not list(tmp_path.iterdir())
