"""What the audits of several servers have found stands side by side in the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.kept import NOON, committed
from tocsin.engine.findings import NOTE, keep_report, read_reports
from tocsin.engine.troubles import AuditReport, Check, Trouble
from tocsin.store.sqlite import SqliteStore

NOBODY: frozenset[str] = frozenset()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(str(tmp_path / "tocsin.db"))
    yield made
    made.close()


def report(server: str, *checks: Check) -> AuditReport:
    troubles = tuple(Trouble(check=check, since_at=NOON) for check in checks)
    return AuditReport(server=server, host=f"host of {server}", at=NOON, troubles=troubles)


def keep(store: SqliteStore, one: AuditReport, gone: frozenset[str] = NOBODY) -> dict[str, tuple[Check, ...]]:
    """Keep a report, and return which troubles stand in the store then, by server."""
    with committed(store) as writing:
        keep_report(writing, one, gone)
    with store.reading() as reading:
        kept = read_reports(reading.note(NOTE))
    return {one.server: tuple(trouble.check for trouble in one.troubles) for one in kept}


def test_each_server_speaks_for_itself_alone(store: SqliteStore) -> None:
    assert keep(store, report("a", Check.UNHEARD)) == {"a": (Check.UNHEARD,)}
    assert keep(store, report("b", Check.OWED)) == {"a": (Check.UNHEARD,), "b": (Check.OWED,)}
    assert keep(store, report("a", Check.LATE)) == {"b": (Check.OWED,), "a": (Check.LATE,)}
    assert keep(store, report("b")) == {"a": (Check.LATE,)}
    assert keep(store, report("b"), frozenset({"a"})) == {}


def test_a_note_that_cannot_be_read_is_no_report() -> None:
    assert read_reports(None) == ()
    assert read_reports("") == ()
    assert read_reports('[{"server": 1}]') == ()
    assert read_reports("not JSON") == ()
