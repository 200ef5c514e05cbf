"""Thresholds for a job, proposed by its past."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.test_backtest import history
from tocsin.cli.exits import Exit
from tocsin.config.loading import load_configuration
from tocsin.jobs.job import JobKey


def test_values_are_shown_with_their_alerts_and_as_lines_to_paste(tocsin: Tocsin) -> None:
    history("h.jsonl")

    said = tocsin("tune", "slow", "--file", "h.jsonl")

    assert said.code == 0
    assert "max_duration_minutes (minutes): of 20 good runs half have at most 20" in said.out
    assert "all at most 70" in said.out
    assert "       140  0 alerts" in said.out
    assert said.out.count("  proposed\n") >= 1
    pasted = said.out.partition("to paste:\n")[2]
    Path("pasted.yaml").write_text(pasted)
    definition = load_configuration("pasted.yaml").jobs[JobKey("production", "slow")]
    assert definition.sla.max_duration_seconds is not None


def test_programs_are_told_the_same_in_json(tocsin: Tocsin) -> None:
    history("h.jsonl")

    told = json.loads(tocsin("tune", "slow", "--file", "h.jsonl", "--format", "json").out)

    assert told["job"] == "slow"
    (duration,) = [one for one in told["proposals"] if one["key"] == "max_duration_minutes"]
    assert duration["trials"][-1] == {"value": 140.0, "alerts": 0}
    assert duration["runs"] == 20


def test_a_name_with_marks_is_found_alone(tocsin: Tocsin) -> None:
    history("h.jsonl")
    text = Path("h.jsonl").read_text().replace('"slow"', '"s.l w (1)"')
    Path("h.jsonl").write_text(text)

    said = tocsin("tune", "s.l w (1)", "--file", "h.jsonl")

    assert said.code == 0
    assert '"s.l w (1)":' in said.out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("others", "--file", "h.jsonl"), Exit.FAILED, "nothing is known of a job 'others' in 'production'"),
        (("slow", "-e", "staging", "--file", "h.jsonl"), Exit.FAILED, "'slow' in 'staging'"),
        (("slow", "--file", "h.jsonl", "--config", "none.yaml"), Exit.BAD_CONFIGURATION, "cannot be read"),
    ],
)
def test_what_cannot_be_tuned_is_said(tocsin: Tocsin, words: tuple[str, ...], code: Exit, says: str) -> None:
    history("h.jsonl")

    said = tocsin("tune", *words)

    assert (said.code, said.out) == (code, "")
    assert says in said.err


def test_too_few_runs_propose_nothing(tocsin: Tocsin) -> None:
    history("h.jsonl", days=3)

    said = tocsin("tune", "slow", "--file", "h.jsonl")

    assert (said.code, said.err) == (0, "")
    assert "too few good runs of slow to propose anything: 5 are needed" in said.out
