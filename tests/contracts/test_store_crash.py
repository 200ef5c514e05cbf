"""A process that is killed has kept every transaction that it committed, and none by half."""

import os
import subprocess
import sys
from pathlib import Path

from tests.contracts.kept import NOON, SECOND, Place, claimed, committed, key, owed, registered
from tocsin.store.base import Store
from tocsin.store.sqlite import SqliteStore

ROOT = Path(__file__).parents[2]
KILLS = 6
COMMITS = 12


def test_every_committed_transaction_survives_kill_9(place: Place) -> None:
    store = place.open()
    with committed(store) as writing:
        registered(writing, "etl")
    store.close()

    told = 0
    for _ in range(KILLS):
        told = kill_after(place, told + COMMITS)
        store = place.open()
        assert told <= kept_whole(store) <= told + COMMITS
        store.close()


def kill_after(place: Place, number: int) -> int:
    """Let a process commit until it says this number, kill it, and return the last that it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.contracts.writer_to_kill", place.kind, place.url],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        text=True,
    )
    assert process.stdout is not None
    said = 0
    for line in process.stdout:
        said = int(line)
        if said >= number:
            break
    process.kill()
    said = max([said, *map(int, process.stdout)])
    process.stdout.close()
    process.wait()
    assert said >= number
    return said


def kept_whole(store: Store) -> int:
    """Return the number of the last transaction that is there, with everything that belonged to it."""
    with store.reading() as reading:
        watch = reading.job(key())
        assert watch is not None
        log = reading.log(watch.job.id, before=None, limit=10_000)
        last = log[0].check_in.seq
        assert last is not None
        alert = reading.alert("alert-1")
        assert [line.check_in.seq for line in log] == list(range(last, 0, -1))
        assert watch.due_at == NOON + last * SECOND
        assert alert is not None
        assert alert.summary == str(last)
        assert [one.seq for one in reading.notifications("alert-1")] == list(range(1, last + 1))
    with committed(store) as writing:
        assert writing.note("number") == str(last)
    return last


def test_what_was_being_sent_when_the_server_died_is_taken_up_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "tocsin.db")
    store = SqliteStore(path)
    with committed(store) as writing:
        writing.enqueue([owed("a"), owed("b", seq=2)])
        assert claimed(writing, NOON) == ["a"]
    store.close()

    store = SqliteStore(path)
    with committed(store) as writing:
        (again,) = writing.claim(NOON, lease_for=30 * SECOND, limit=9, busy=())
    store.close()

    assert (again.key, again.lease, again.unknown) == ("a", 2, True)
