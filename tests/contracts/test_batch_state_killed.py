"""A pipeline that is killed around its commits loses no record and no dead letter, wherever its state is."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.batch.job_killed_at_commits import RECORDS_PER_BATCH, WORKERS
from tests.contracts.conftest import Open
from tocsin.batch.state.base import DeadLetterQuery, RunStatus

COUNT = 2_000
KILLS = int(os.environ.get("TOCSIN_TEST_KILLS", "4"))
SEED = int(os.environ.get("TOCSIN_TEST_SEED", "1"))


def test_a_run_that_is_killed_at_its_commits_loses_no_record_and_no_letter(
    kept_at: str, opening: Open, tmp_path: Path
) -> None:
    records, books, chance = tmp_path / "records.jsonl", tmp_path / "books", random.Random(SEED)
    ids = [f"r{number}" for number in range(COUNT)]
    records.write_text("".join(f"{json.dumps({'id': one})}\n" for one in ids))

    def run(number: int, when: str) -> int:
        words = [str(records), kept_at, str(books), str(number), when]
        done = subprocess.run(
            [sys.executable, "-m", "tests.batch.job_killed_at_commits", *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in {0, -signal.SIGKILL}, done.stderr
        return done.returncode

    killed, state = 0, opening()

    def is_complete() -> bool:
        return [one.status for one in state.runs()] == [RunStatus.COMPLETED]

    while killed < KILLS and not is_complete():
        killed += run(chance.randrange(1, 12), chance.choice(["before", "after"])) != 0
    if not is_complete():
        assert run(0, "after") == 0

    taken = Counter(books.read_text().split())
    assert sorted(taken) == sorted(one for one in ids if one[-1] not in "37")
    assert taken.total() - len(taken) <= killed * WORKERS * RECORDS_PER_BATCH
    letters = [letter.record_id for letter in state.dead_letters(DeadLetterQuery())]
    assert sorted(letters) == sorted(one for one in ids if one[-1] in "37")
    assert is_complete()
    assert killed
    assert state.runs()[0].checkpoint.dead == len(letters)
