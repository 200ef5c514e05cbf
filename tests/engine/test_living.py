"""When anybody last lived, though what was noted of it is lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.engine.living import Living
from tocsin.store.sqlite import SqliteStore

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
BEAT = timedelta(seconds=5)


def test_a_sign_of_life_that_was_rolled_back_hides_no_absence(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "t.db"))
    writing = store.writing()
    writing.begin()
    Living("before").note(writing, NOON, BEAT)
    writing.commit()

    living = Living("after")
    writing.begin()
    assert living.note(writing, NOON + HOUR, BEAT) == NOON
    writing.rollback()
    living.forget()

    writing.begin()
    assert living.note(writing, NOON + HOUR + SECOND, BEAT) == NOON
    writing.rollback()
    store.close()
