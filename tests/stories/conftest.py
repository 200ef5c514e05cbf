"""Stories are told on the real store in a folder of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.server import ALIVE_EVERY
from tests.stories.story import Story
from tocsin.engine import auditing, rounds


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A story that has not begun."""
    monkeypatch.setattr(rounds, "ALIVE_EVERY", ALIVE_EVERY)
    monkeypatch.setattr(auditing, "SILENT_AFTER", 2 * ALIVE_EVERY)
    monkeypatch.setattr(auditing, "TURNED_AFTER", 2 * ALIVE_EVERY)
    told = Story(tmp_path / "tocsin.db")
    yield told
    told.close()
