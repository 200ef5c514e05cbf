"""A file is written once and whole, however often whoever writes it is killed."""

import json
import random
import subprocess
import sys
import threading
from pathlib import Path

from tocsin import clock

COUNT = 6_000
KILLS = 3
WAITING = threading.Event()


def test_a_run_that_is_killed_again_and_again_has_every_record_in_its_file_once(tmp_path: Path) -> None:
    records, path = tmp_path / "records.jsonl", tmp_path / "out.jsonl"
    records.write_text("".join(f'{{"n": {number}}}\n' for number in range(COUNT)))
    words = [sys.executable, "-m", "tests.batch.sinks.job_that_writes"]
    words += [str(records), str(tmp_path / "state.db"), str(path)]
    chance = random.Random(11)

    for _ in range(KILLS):
        goal = (path.stat().st_size if path.exists() else 0) + chance.randrange(2_000, 12_000)
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as running:
            deadline = clock.monotonic() + 60
            while (path.stat().st_size if path.exists() else 0) < goal:
                assert clock.monotonic() < deadline, "the program does not get on"
                WAITING.wait(0.002)
            running.kill()
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)

    assert (done.returncode, done.stdout) == (0, "completed\n"), done.stderr
    assert sorted(json.loads(line)["n"] for line in path.read_text().splitlines()) == list(range(COUNT))
