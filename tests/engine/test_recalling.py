"""The one list of what was decided and owed: nothing twice, nothing lost, in order, whatever a page holds."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from pathlib import Path

import pytest

from tests.contracts.pasts import END, SINCE, History, keep, made_up
from tocsin.alerts.route import Route
from tocsin.engine import recalling
from tocsin.engine.configuration import Configuration
from tocsin.engine.recalling import Line, Outcome, Places, Question, recall
from tocsin.store.base import Reading
from tocsin.store.past import Place
from tocsin.store.sqlite import SqliteStore

CONFIGURATION = Configuration(digest="", rules=(), route=Route(receiver="team"), targets={"team": ()})
BEGIN = Places(decisions=Place(at=END), owed=Place(at=END))
MANY = 10_000


@pytest.fixture(scope="module")
def history() -> History:
    """A history that is made up."""
    return made_up(3)


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory, history: History) -> Iterator[Reading]:
    """A session that reads it."""
    path: Path = tmp_path_factory.mktemp("recalled") / "tocsin.db"
    store = SqliteStore(str(path))
    keep(store, history, random.Random(3))
    with store.reading() as session:
        yield session
    store.close()


def pages(reading: Reading, question: Question, limit: int) -> list[Line]:
    """Return all lines, page by page."""
    found: list[Line] = []
    place: Places | None = BEGIN
    while place is not None:
        page = recall(reading, question, place, CONFIGURATION, now=END, limit=limit)
        assert len(page.lines) <= limit
        found += page.lines
        place = page.following
    return found


def order(line: Line) -> tuple[datetime, int, int]:
    """Return where a line belongs, read backwards."""
    if line.decided is not None:
        return line.at, 0, line.decided.id
    return line.at, 1, line.owed.id if line.owed is not None else 0


@pytest.mark.parametrize(("piece", "most"), [(1, 1), (3, 7), (200, 2_000)])
@pytest.mark.parametrize("limit", [1, 4, 30])
def test_pages_hold_everything_once_and_in_order(
    reading: Reading, monkeypatch: pytest.MonkeyPatch, piece: int, most: int, limit: int
) -> None:
    questions = [Question(), Question(name="team"), Question(name="kim"), Question(since=SINCE, job_id=2)]
    questions += [Question(outcome=outcome) for outcome in Outcome]
    whole = [list(recall(reading, q, BEGIN, CONFIGURATION, now=END, limit=MANY).lines) for q in questions]
    monkeypatch.setattr(recalling, "SLICE", piece)
    monkeypatch.setattr(recalling, "MOST_LOOKED_AT", most)

    for question, wanted in zip(questions, whole, strict=True):
        found = pages(reading, question, limit)
        assert [order(line) for line in found] == [order(line) for line in wanted]
        assert [order(line) for line in found] == sorted(map(order, found), reverse=True)


def test_every_decision_and_every_notification_is_a_line(reading: Reading, history: History) -> None:
    found = pages(reading, Question(), 50)

    assert Counter(one.decided.entry for one in found if one.decided) == Counter(history.entries)
    keys = [one.owed.notification.key for one in found if one.owed]
    assert sorted(keys) == sorted(one.key for one in history.owed)
    assert {line.alert.id for line in found if line.alert} == {alert.id for alert in history.alerts}


def test_outcomes_part_the_lines(reading: Reading, history: History) -> None:
    counts = {outcome: len(pages(reading, Question(outcome=outcome), 50)) for outcome in Outcome}

    assert counts == {
        Outcome.TOLD: len(history.owed) - len(history.dead),
        Outcome.WAITING: 0,
        Outcome.FAILED: len(history.dead),
        Outcome.NOT_TOLD: sum(entry.kept_back for entry in history.entries),
        Outcome.ACTED: sum(bool(entry.who) for entry in history.entries),
        Outcome.DECIDED: sum(not entry.kept_back and not entry.who for entry in history.entries),
    }


def test_who_is_named_has_what_was_kept_from_them_by_the_routes_as_they_are(
    reading: Reading, history: History
) -> None:
    kept_back = sum(entry.kept_back for entry in history.entries)

    for name, wanted in product(("team", "ada"), (None, Outcome.NOT_TOLD)):
        found = pages(reading, Question(name=name, outcome=wanted), 50)
        own = [line for line in found if line.outcome is Outcome.NOT_TOLD]
        assert len(own) == (kept_back if name == "team" else 0)
        targets = {one.owed.notification.target for one in found if one.owed}
        assert targets <= ({"team/slack", "team/email"} if name == "team" else {"ada"})
