"""Whatever crashes, fails, is late or lies: every promise is kept, and it would be seen if it were not."""

import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.simulation import climbing_mutants, muting_mutants
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.simulator import Outcome, simulate

assert climbing_mutants.__name__  # imported to add its mutants to the others
assert muting_mutants.__name__
SEEDS = range(48)
# What long runs found beside these: a receiver refuses for good what flaps, and so is told once; a fallback
# is told of a level only after it has heard newer of the same storm.
FOUND = (5_770, 5_805)
SOAK_SEEDS = range(1_000, 11_000)
SOAK_SLICE = 200
MUTANT_SEEDS = range(150)
ROOT = Path(__file__).parents[2]

# What the seeds must have brought about, or they would prove less than they seem to.
RARE = (
    "AddSilence done",
    "Acknowledge done",
    "ExpireSilence done",
    "Resolve done",
    "SendTest done",
    "a check-in echoed",
    "a check-in was duplicate",
    "a check-in was late",
    "a fallback was told",
    "a group was escalated",
    "a missing run was looked for",
    "a receiver answers 404",
    "a receiver answers 429 and names a wait",
    "a receiver answers 500",
    "a receiver meets a bug in the channel",
    "a receiver never answers and never got it",
    "a receiver takes it, and its answer is lost",
    "a request was lost",
    "a run in time was looked for",
    "a run was heard only after a blind window",
    "a send stalled",
    "alert job_failure",
    "alert missing_run",
    "alert no_data",
    "alert sla_breach",
    "alert stalled",
    "alert unknown",
    "an alert was muted",
    "an alert was muted in the end",
    "an answer to a job was lost",
    "another server was in the way",
    "check-ins out of order",
    "clock back",
    "clock forward",
    "crash after a commit",
    "crash after a send",
    "crash before a commit",
    "crash before a send",
    "crash before a send is recorded",
    "crash while answering",
    "Snooze done",
    "entry acknowledged",
    "entry acknowledgement_ended",
    "entry deduplicated",
    "entry escalated",
    "entry escalated_as_one",
    "entry escalation_begun",
    "entry escalation_went_on",
    "entry inhibited",
    "entry inhibition_ended",
    "entry louder",
    "entry quieter",
    "entry repeated",
    "entry resolved_by_hand",
    "entry silenced",
    "entry snooze_ended",
    "entry snoozed",
    "notification cancelled",
    "notification dead",
    "notification unknown",
    "repeat under the same key",
    "the answer to a commit was lost",
    "the disk failed",
)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The server would log every fault, and there are thousands."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def outcomes(seeds: Iterable[int], folder: Path) -> Iterator[Outcome]:
    """Simulate one seed after the other, each on a file of its own."""
    for seed in seeds:
        path = folder / f"{seed}.db"
        yield simulate(seed, path)
        for left in folder.glob(f"{seed}.db*"):
            left.unlink()


def broken(outcome: Outcome) -> list[str]:
    """Return what a seed broke, with the way to see it again."""
    return [f"python -m tests.simulation {outcome.seed}: {fault}" for fault in outcome.faults]


@pytest.mark.timeout(900)
def test_every_promise_is_kept_whatever_happens(tmp_path: Path) -> None:
    happened: Counter[str] = Counter()

    for outcome in outcomes((*SEEDS, *FOUND), tmp_path):
        assert broken(outcome) == []
        happened.update(outcome.sometimes)

    assert [what for what in RARE if not happened[what]] == []


@pytest.mark.soak
@pytest.mark.parametrize("first", range(SOAK_SEEDS.start, SOAK_SEEDS.stop, SOAK_SLICE))
def test_every_promise_is_kept_over_thousands_of_seeds(first: int, tmp_path: Path) -> None:
    for outcome in outcomes(range(first, first + SOAK_SLICE), tmp_path):
        assert broken(outcome) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_is_found(mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.plant(monkeypatch)

    found = (
        fault.partition(":")[0]
        for outcome in outcomes(MUTANT_SEEDS, tmp_path)
        for fault in outcome.faults
        if fault.partition(":")[0] in mutant.promises
    )

    assert next(found, None) is not None, f"{len(MUTANT_SEEDS)} seeds did not notice it"


def test_the_same_seed_brings_about_the_same_to_the_last_bit(tmp_path: Path) -> None:
    here = simulate(7, tmp_path / "here.db")
    program = (
        "import logging, pathlib, sys; logging.disable();"
        "from tests.simulation.simulator import simulate;"
        "print(simulate(7, pathlib.Path(sys.argv[1])).fingerprint)"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "elsewhere.db")],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONHASHSEED": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert elsewhere.stdout.split() == [here.fingerprint]
    assert simulate(8, tmp_path / "other.db").fingerprint != here.fingerprint
