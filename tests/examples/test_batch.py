"""The tutorial of the batch toolkit does what it says, with a sender that is killed on its way."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from examples.batch import events, stand_in

ROOT = Path(__file__).parents[2]
BATCH = 100
WORKERS = 4


def books(said: str, what: str) -> Any:  # noqa: ANN401 -- whatever JSON says
    """Return what the stand-in had at a point of the play."""
    found = re.search(rf"^{what}: (.*)$", said, re.MULTILINE)
    assert found, said
    return json.loads(found[1])


def test_every_event_arrives_in_order_though_the_sender_is_killed_and_nobody_can_be_relied_on() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.batch.main"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    first, then = books(done.stdout, "delivered"), books(done.stdout, "mended")
    assert (first["events"], first["out of order"]) == (events.DELIVERED, 0)
    lost_answers = first["answers"]["200"] // stand_in.EVERY_LOST
    assert first["came twice"] <= BATCH * (lost_answers + WORKERS)
    assert then["events"] - first["events"] == len(events.WITHOUT_ZONE)
    for place in events.BROKEN:
        assert f"events.jsonl.gz line {place + 1}: not JSON" in done.stdout
    assert done.stdout.count("an event may not be called Reserved") == len(events.REFUSED)
