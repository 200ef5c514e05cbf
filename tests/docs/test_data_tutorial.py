"""The tutorial on the flights, gone through from its beginning to its end."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docs.conftest import Served, start
from tests.docs.pages import DOCS, SNIPPETS, snippets, text_of
from tests.docs.running import run
from tests.docs.shown import is_shown_as_it_is

PLACE = "data-tutorial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What each script has put out and how it ended, and what else is to be read by then."""

    outputs: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)


def play(name: str, served: Served, folder: Path, played: Played) -> None:
    script = text_of(f"{PLACE}/{name}.sh").replace("127.0.0.1:8465", served.address)
    done = run(["bash", "-uc", script], served, folder)
    played.outputs[name] = done.stdout + done.stderr
    played.codes[name] = done.returncode


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """All of the tutorial."""
    folder, played = tmp_path_factory.mktemp("flights"), Played()
    with contextmanager(start)(folder, text_of(f"{PLACE}/tocsin.yaml")) as served:
        for name in ("load.py", "monthly.py"):
            shutil.copy(SNIPPETS / PLACE / name, folder)
        play("suggest", served, folder, played)
        played.outputs["suggested"] = (folder / "flights.checks.yaml").read_text(encoding="utf-8")
        shutil.copy(SNIPPETS / PLACE / "flights.checks.yaml", folder)
        mistaken = text_of(f"{PLACE}/flights.checks.yaml").replace("dep_time", "dep_tine")
        (folder / "mistaken.checks.yaml").write_text(mistaken, encoding="utf-8")
        told = run(["tocsin", "check", "mistaken.checks.yaml"], served, folder)
        played.outputs["mistaken"] = told.stdout + told.stderr
        for name in ("check", "february", "monthly", "march"):
            play(name, served, folder, played)
        played.outputs["server"] = served.said("is well again")
        yield played


@pytest.mark.parametrize(
    ("shown", "of"),
    [
        ("suggested", "suggested"),
        ("check", "check"),
        ("february", "february"),
        ("alert", "server"),
        ("over", "server"),
    ],
)
def test_what_is_shown_is_what_is_put_out(played: Played, shown: str, of: str) -> None:
    text = text_of(f"{PLACE}/{shown}.txt")

    assert is_shown_as_it_is(text, played.outputs[of]), f"{text}\nis not in\n{played.outputs[of]}"


def test_the_mistake_of_which_the_page_speaks_is_told_so(played: Played) -> None:
    told = "there is no column 'dep_tine'; did you mean dep_time?"

    assert told in " ".join((DOCS / "tutorial-data.md").read_text(encoding="utf-8").split())
    assert told in played.outputs["mistaken"]


def test_the_failing_month_ends_with_1_and_the_job_that_checks_it_with_0(played: Played) -> None:
    assert played.codes == {"suggest": 0, "check": 0, "february": 1, "monthly": 0, "march": 0}


def test_all_of_it_was_played(played: Played) -> None:
    scripts = {Path(name).stem for name in snippets(".sh") if name.startswith(f"{PLACE}/")}

    assert scripts == played.codes.keys()


def test_an_output_that_differs_in_a_number_is_noticed() -> None:
    told = "nulls 5.05 %\nand more\nended 2026-11-23 02:31:25"

    assert is_shown_as_it_is("nulls 5.05 %\n...\nended 2026-03-01 00:00:00\n", told)
    assert not is_shown_as_it_is("nulls 5.06 %\n...\nended", told)
    assert not is_shown_as_it_is("ended\n...\nnulls", told)
