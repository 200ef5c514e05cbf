"""A PostgreSQL that goes away and comes back: nothing is lost of the state, and the run goes on."""

import sys

import psycopg
import pytest

from tests.batch.state.rows import AT, a_letter, a_run
from tests.services.postgres import PostgresServer
from tocsin.batch.state import open_state
from tocsin.batch.state.base import Checkpoint, DeadLetterQuery
from tocsin.errors import InvalidPipeline, RunTaken, StoreUnavailable


def test_a_run_goes_on_when_the_database_is_back(postgres_alone: PostgresServer) -> None:
    state = open_state(postgres_alone.url)
    state.begin(a_run())
    state.save_checkpoint("r1", Checkpoint(at=AT, delivered=1))

    postgres_alone.stop(mode="immediate")
    with pytest.raises(StoreUnavailable):
        state.save_checkpoint("r1", Checkpoint(at=AT, delivered=2), [a_letter()])
    with pytest.raises(StoreUnavailable, match="the connection was lost"):
        state.save_checkpoint("r1", Checkpoint(at=AT, delivered=2), [a_letter()])
    postgres_alone.start()

    state.save_checkpoint("r1", Checkpoint(at=AT, delivered=2), [a_letter()])
    other = open_state(postgres_alone.url)
    kept = other.run("r1")
    assert kept is not None
    assert (kept.checkpoint.delivered, other.count_dead_letters(DeadLetterQuery())) == (2, 1)
    with pytest.raises(RunTaken):
        other.begin(a_run())
    other.close()
    state.close()


def test_whoever_lost_its_connection_and_its_run_does_not_write_over_the_other(fresh_postgres: str) -> None:
    first, second = open_state(fresh_postgres), open_state(fresh_postgres)
    first.begin(a_run())
    backend = first._door._connection.info.backend_pid  # type: ignore[attr-defined]  # noqa: SLF001 -- the one to end
    with psycopg.connect(fresh_postgres, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 10000)", (backend,))

    second.begin(a_run())
    with pytest.raises(StoreUnavailable):
        first.save_checkpoint("r1", Checkpoint(at=AT, delivered=5))
    with pytest.raises(RunTaken, match="run r1 of 'nightly' is in the hands of process"):
        first.save_checkpoint("r1", Checkpoint(at=AT, delivered=5))

    second.save_checkpoint("r1", Checkpoint(at=AT, delivered=1))
    first.close()
    second.close()


def test_without_its_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(InvalidPipeline, match=r"needs psycopg: pip install 'tocsin\[postgres\]'"):
        open_state("postgresql://127.0.0.1/tocsin")
