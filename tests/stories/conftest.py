"""Stories are told on the real store in a folder of their own."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.stories.server import ALIVE_EVERY
from tests.stories.story import Story
from tocsin.engine import auditing, rounds
from tocsin.engine.recalling import EVER

FOR_EVER = datetime(2200, 1, 1, tzinfo=UTC)


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A story that has not begun."""
    monkeypatch.setattr(rounds, "ALIVE_EVERY", ALIVE_EVERY)
    monkeypatch.setattr(auditing, "SILENT_AFTER", 2 * ALIVE_EVERY)
    monkeypatch.setattr(auditing, "TURNED_AFTER", 2 * ALIVE_EVERY)
    told = Story(tmp_path / "tocsin.db")
    yield told
    if told.server.up:
        see_that_the_history_says_what_was_kept_back(told)
    told.close()


def see_that_the_history_says_what_was_kept_back(story: Story) -> None:
    """Whatever the story is about: what the metrics count as kept back can be looked up."""
    rendered = story.server.metrics.render(None).decode()
    counted = re.findall(
        r'^tocsin_notifications_suppressed_total\{reason="(\w+)"\} (\S+)', rendered, re.MULTILINE
    )
    with story.server.store.reading() as reading:
        found = {one.reason: one.count for one in reading.tallies(EVER, FOR_EVER) if one.kept_back}
    assert [(reason, n) for reason, n in counted if found.get(reason, 0) < float(n)] == []
