"""`tocsin batch advise`: what held a run up, and what another throughput takes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.batch.state.rows import a_run
from tests.batch.test_advice import MEASURED
from tests.cli.conftest import Tocsin
from tocsin.batch.state import State, open_state
from tocsin.batch.state.base import RunStatus
from tocsin.cli.exits import Exit
from tocsin.clock import now


@pytest.fixture
def state(tocsin: Tocsin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    """A state with one run that has a report, and one that has none."""
    path = tmp_path / "batch.db"
    monkeypatch.setenv("TOCSIN_BATCH_STATE", str(path))
    opened = open_state(path)
    opened.begin(a_run("ended"))
    opened.finish("ended", status=RunStatus.COMPLETED, at=now(), report=MEASURED.to_json())
    opened.begin(replace(a_run("killed"), source="other"))
    yield opened
    opened.close()


@pytest.mark.usefixtures("state")
def test_what_held_a_run_up_is_told_from_its_report(tocsin: Tocsin) -> None:
    said = tocsin("batch", "advise", "end")

    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0].startswith("92% of 50.0 s: waited for the allowed rate")


@pytest.mark.usefixtures("state")
def test_a_throughput_that_can_be_had_is_told_with_its_settings(tocsin: Tocsin) -> None:
    said = tocsin("batch", "advise", "ended", "--target", "8000")

    assert said.code == 0
    assert "for 8,000 records/s" in said.err
    assert "max_batch_size 100 → 500" in said.err


@pytest.mark.usefixtures("state")
def test_a_throughput_that_cannot_be_had_ends_with_one_and_says_why(tocsin: Tocsin) -> None:
    said = tocsin("batch", "advise", "ended", "--target", "1e6")

    assert said.code == Exit.FAILED
    assert "the sink takes 20 requests a second of at most 500 records; 10,000 at most" in said.err


@pytest.mark.usefixtures("state")
def test_advice_is_machine_readable(tocsin: Tocsin) -> None:
    said = tocsin("batch", "advise", "ended", "--target", "8000", "--json")

    found = json.loads(said.out)
    assert len(found["held_up_by"]) == 2
    assert found["suggestion"]["config"]["max_batch_size"] == 500


@pytest.mark.usefixtures("state")
def test_a_run_that_was_killed_has_no_report_to_go_by(tocsin: Tocsin) -> None:
    said = tocsin("batch", "advise", "killed")

    assert said.code == Exit.FAILED
    assert "it has not ended in order" in said.err
