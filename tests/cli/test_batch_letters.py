"""`tocsin batch dead-letters`: looked at, saved, sent once more, or given up."""

import gzip
import io
import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.batch.state.rows import a_letter, a_run
from tests.cli.conftest import Tocsin
from tocsin.batch.outcome import Category
from tocsin.batch.state import State, open_state
from tocsin.batch.state.base import Checkpoint, DeadLetterQuery, Settled
from tocsin.cli.exits import Exit
from tocsin.clock import now

DAY = timedelta(days=1)
PROGRAM = """
class Report:
    dead, is_complete = 0, True
    def __str__(self):
        return "2 delivered"

class Fake:
    name = "nightly"
    def replay(self, query):
        print(query.reason, query.category, query.ids, query.also_settled)
        report = Report()
        report.dead = query.ids.count(99)
        return report

pipeline, number = Fake(), 7
"""


@pytest.fixture
def state(tocsin: Tocsin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    """The state that commands read, with three dead letters of a day, two of them secret in part."""
    path = tmp_path / "batch.db"
    monkeypatch.setenv("TOCSIN_BATCH_STATE", str(path))
    opened = open_state(path)
    opened.begin(a_run())
    at = now() - DAY / 2
    letters = [
        replace(a_letter(1), redact=("email",), first_at=at, last_at=at),
        replace(a_letter(2), redact=("email",), category=Category.NETWORK, reason="HTTP 503", attempts=4),
        replace(a_letter(3), payload=b"not \xff json \x1b[2J", is_encoded=False, first_at=at, last_at=at),
    ]
    opened.save_checkpoint("r1", Checkpoint(at=at), letters)
    yield opened
    opened.close()


def ids(tocsin: Tocsin, *words: str) -> list[int]:
    said = tocsin("batch", "dead-letters", "list", "--json", *words)
    return [letter["ordinal"] for letter in json.loads(said.out)["items"]]


def test_dead_letters_are_listed_and_found_by_what_they_are(tocsin: Tocsin, state: State) -> None:
    said = tocsin("batch", "dead-letters")

    assert [line.split()[0] for line in said.out.splitlines()] == ["ID", "1", "2", "3"]
    assert "the sink refused it: '[redacted]' is taken" in said.out
    assert ids(tocsin, "--category", "network") == [2]
    assert ids(tocsin, "--reason", "refused") == [1, 3]
    assert ids(tocsin, "--since", "1d") == [1, 3]
    assert ids(tocsin, "--id", "1", "--id", "3") == [1, 3]
    assert ids(tocsin, "--pipeline", "nightly", "--limit", "1") == [1]
    short = tocsin("batch", "dead-letters", "--limit", "2")
    assert "2 of 3 are shown; see more with: --limit 20" in short.err
    assert "there are no such dead letters" in tocsin("batch", "dead-letters", "--reason", "zzz").err


def test_of_a_run_the_first_letters_of_its_id_are_enough_where_no_other_begins_so(
    tocsin: Tocsin, state: State
) -> None:
    state.begin(a_run("once-1"))
    state.begin(a_run("once-2"))
    state.save_checkpoint("once-2", Checkpoint(at=now()), [replace(a_letter(4), run_id="once-2")])

    assert ids(tocsin, "--run", "r") == [1, 2, 3]
    assert ids(tocsin, "--run", "once-2") == [4]
    for which, told in (("once", "2 runs begin with 'once'"), ("twice", "there is no run 'twice'")):
        for command in ("list", "export", "discard"):
            said = tocsin("batch", "dead-letters", command, "--run", which)
            assert (said.code, told in said.err) == (Exit.FAILED, True)
    assert state.count_dead_letters(DeadLetterQuery()) == 4


def test_a_dead_letter_is_shown_with_its_record_but_for_what_is_hidden(tocsin: Tocsin, state: State) -> None:
    said = tocsin("batch", "dead-letters", "show", "2")

    assert "HTTP 503" in said.out
    assert "tried                4 times" in said.out
    assert '"email": "[redacted]"' in said.out
    assert '"n": 1' in said.out
    assert '"n": "[redacted]"' in tocsin("batch", "dead-letters", "show", "2", "--redact", "n").out
    assert "ann@example.com" not in said.out
    missing = tocsin("batch", "dead-letters", "show", "9")
    assert (missing.code, "there is no dead letter 9 in" in missing.err) == (Exit.FAILED, True)


def test_a_record_that_was_never_sent_was_tried_not_at_all(tocsin: Tocsin, state: State) -> None:
    never = Checkpoint(at=now(), low_water=4)
    state.save_checkpoint("r1", never, [replace(a_letter(4), attempts=0)])

    assert "tried                not at all, since" in tocsin("batch", "dead-letters", "show", "4").out


def test_a_record_that_nobody_can_read_does_not_bite(tocsin: Tocsin, state: State) -> None:
    said = tocsin("batch", "dead-letters", "show", "3")

    assert "as the source had it" in said.out
    assert "not \ufffd json" in said.out
    assert "\x1b" not in said.out


def test_dead_letters_are_saved_as_lines_for_this_user_alone(
    tocsin: Tocsin, state: State, tmp_path: Path
) -> None:
    said = tocsin("batch", "dead-letters", "export", "-o", "letters.jsonl.gz", "--reason", "refused")

    assert "2 dead letters in letters.jsonl.gz" in said.err
    path = tmp_path / "letters.jsonl.gz"
    first, second = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert first["payload"] == {"email": "[redacted]", "n": 1}
    assert (first["reason"], first["is_redacted"]) == ("the sink refused it: '[redacted]' is taken", False)
    assert second["payload"] == "not \ufffd json \x1b[2J"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = tocsin("batch", "dead-letters", "export", "-o", "letters.jsonl.gz")
    assert (again.code, "exists already" in again.err) == (Exit.FAILED, True)


def test_letters_are_discarded_when_it_is_meant_and_not_before(
    tocsin: Tocsin, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    all_of_them = tocsin("batch", "dead-letters", "discard", "-y")
    assert (all_of_them.code, "say which" in all_of_them.err) == (Exit.USAGE, True)
    assert "stopped" in tocsin("batch", "dead-letters", "discard", "--reason", "503").err
    assert state.count_dead_letters(DeadLetterQuery()) == 3

    said = tocsin("batch", "dead-letters", "discard", "--reason", "503", "-y")

    assert "1 dead letter discarded" in said.out
    assert ids(tocsin) == [1, 3]
    (gone,) = state.dead_letters(DeadLetterQuery(reason="503", also_settled=True))
    assert gone.settled is Settled.DISCARDED
    assert ids(tocsin, "--all") == [1, 2, 3]
    tocsin("batch", "dead-letters", "discard", "--all", "-y")
    assert "there are no such" in tocsin("batch", "dead-letters", "discard", "--all", "-y").err


def test_many_letters_are_discarded_in_portions(
    tocsin: Tocsin, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.cli.batch_letters.PORTION", 2)

    assert "3 dead letters" in tocsin("batch", "dead-letters", "discard", "--all", "-y").out
    assert state.count_dead_letters(DeadLetterQuery()) == 0


def test_letters_are_replayed_by_the_pipeline_of_a_program(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "events_program.py").write_text(PROGRAM)
    where = ("--pipeline", "events_program:pipeline")

    said = tocsin("batch", "dead-letters", "replay", *where, "--reason", "HTTP", "--category", "network")

    assert (said.code, said.out) == (0, "HTTP Category.NETWORK () False\n2 delivered\n")
    failed = tocsin("batch", "dead-letters", "replay", *where, "--id", "99")
    assert failed.code == Exit.FAILED
    assert "what is left: tocsin batch dead-letters --pipeline nightly" in failed.err


@pytest.mark.parametrize(
    ("where", "code", "told"),
    [
        ("events", Exit.USAGE, "write module:name, such as jobs.events:pipeline"),
        ("nowhere_at_all:pipeline", Exit.FAILED, "there is no module 'nowhere_at_all'"),
        ("other_program:number", Exit.FAILED, "other_program has no pipeline 'number'"),
        ("other_program:missing", Exit.FAILED, "other_program has no pipeline 'missing'"),
        ("broken_program:x", Exit.FAILED, "broken_program cannot be loaded: ValueError: no key"),
        ("needy_program:x", Exit.FAILED, "needy_program cannot be loaded: ModuleNotFoundError: No module"),
    ],
)
def test_a_pipeline_that_cannot_be_found_is_told(
    tocsin: Tocsin, tmp_path: Path, where: str, code: Exit, told: str
) -> None:
    (tmp_path / "other_program.py").write_text(PROGRAM)
    (tmp_path / "broken_program.py").write_text("raise ValueError('no key')")
    (tmp_path / "needy_program.py").write_text("import nowhere_at_all")

    said = tocsin("batch", "dead-letters", "replay", "--pipeline", where)

    assert (said.code, told in said.err) == (code, True), said.err
