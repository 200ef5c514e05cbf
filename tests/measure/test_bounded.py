"""What an engine is asked ends in time, also when somebody does not want to wait for it."""

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tocsin.measure.bounded import done_within
from tocsin.measure.opening import opened

PATIENCE_SECONDS = 60.0
ENDLESS = "WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t) SELECT max(i) FROM t"


def interrupt() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Let this process be interrupted, also where whoever runs the tests ignores that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_what_is_done_in_time_is_given_back_and_nothing_is_stopped() -> None:
    stopped = threading.Event()

    assert done_within(PATIENCE_SECONDS, lambda: 42, stopped.set) == 42
    assert not stopped.is_set()


def test_what_it_raises_comes_through() -> None:
    def work() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        done_within(PATIENCE_SECONDS, work, lambda: None)


def test_what_takes_too_long_is_stopped() -> None:
    stopped = threading.Event()

    assert done_within(0.01, lambda: stopped.wait(PATIENCE_SECONDS), stopped.set)


def test_whoever_interrupts_it_is_heard_and_it_is_over_by_then() -> None:
    stopped, over = threading.Event(), threading.Event()

    def work() -> None:
        stopped.wait(PATIENCE_SECONDS)
        over.set()

    soon = threading.Timer(0.2, interrupt)
    soon.start()
    with pytest.raises(KeyboardInterrupt):
        done_within(PATIENCE_SECONDS, work, stopped.set)

    assert over.is_set()


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
def test_a_query_without_end_is_left_when_somebody_interrupts_it(tmp_path: Path, kind: str) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.execute("CREATE TABLE a AS SELECT 1 AS i")
    duckdb.execute(f"COPY (SELECT 1 AS i) TO '{tmp_path}/a.parquet'")
    place, table = (f"sqlite:///{tmp_path}/a.db", "a") if kind == "sqlite" else (f"{tmp_path}/a.parquet", "")

    with closing(opened(place, table=table)) as engine:
        soon = threading.Timer(0.2, interrupt)
        soon.start()
        with pytest.raises(KeyboardInterrupt):
            engine.rows(ENDLESS)
