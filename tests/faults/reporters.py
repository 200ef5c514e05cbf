"""Jobs that report over HTTP while their server is killed: each check-in is sent again until it is taken."""

import http.client
import itertools
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.faults.served import Served

MOST_AT_ONCE = 8
PAUSE_SECONDS = 0.02
RETRY_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A check-in that a server has answered with 202."""

    job: str
    run: str
    seq: int
    kind: str


class Reporter:
    """One thread whose jobs each run once and fail, and some of which run again and do well."""

    def __init__(self, number: int, servers: Sequence[Served]) -> None:
        self.taken: list[Taken] = []
        self._number = number
        self._servers = servers
        self._chance = Random(number)
        self._turn = itertools.count(number)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._report, daemon=True)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is begun, which needs a server, and end."""
        self._over.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "a reporter could not finish: no server takes its check-ins"

    def _report(self) -> None:
        for number in itertools.count():
            if self._over.is_set():
                return
            job = f"job-{self._number}-{number}"
            story = [("first", 1, "start"), ("first", 2, "fail")]
            if number % 2:
                story += [("second", 1, "start"), ("second", 2, "success")]
            while story:
                some = self._chance.randint(1, MOST_AT_ONCE)
                self._send(job, story[:some])
                story = story[some:]
                self._over.wait(self._chance.uniform(0.0, PAUSE_SECONDS))

    def _send(self, job: str, story: list[tuple[str, int, str]]) -> None:
        """Send until it is taken; what is taken in one request is durable together."""
        check_ins: list[dict[str, Any]] = [
            {"job": job, "run": f"{job}-{run}", "seq": seq, "kind": kind} for run, seq, kind in story
        ]
        body = json.dumps(check_ins).encode()
        tries = threading.Event()
        while not self._is_taken(body):
            tries.wait(RETRY_SECONDS)
        self.taken += [Taken(job=job, run=f"{job}-{run}", seq=seq, kind=kind) for run, seq, kind in story]

    def _is_taken(self, body: bytes) -> bool:
        server = self._servers[next(self._turn) % len(self._servers)]
        try:
            return server.ask("POST", "/api/v1/check-ins", body).status == 202
        except (OSError, http.client.HTTPException):
            return False
