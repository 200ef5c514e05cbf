"""What happens in the example, and what must be heard of it."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from hook import Hook, Word
from stage import Stage

BOARD_EVERY_SECONDS = 10.0
CARRIER = "AS"  # 714 flights; the 246th, on the 8th of February, was cancelled
GOOD_CARRIER = "HA"  # has cancelled none
BOARD_CARRIER = "UA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One trouble that must be told, and that it is over: kinds of messages, each with its severity."""

    job: str
    condition: str
    told: tuple[tuple[str, str], ...]
    because: str

    def heard(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """Return what was said of it."""
        return tuple(w for w in words if (w.job, w.condition) == (self.job, self.condition))

    def lacks(self, words: tuple[Word, ...]) -> tuple[str, ...]:
        """Return which messages of the trouble itself have not come."""
        said = {(word.kind, word.severity) for word in self.heard(words)}
        return tuple(f"{kind} {severity}" for kind, severity in self.told if (kind, severity) not in said)

    def is_over(self, words: tuple[Word, ...]) -> bool:
        """Whether the last thing that was said is that it is over."""
        heard = self.heard(words)
        return bool(heard) and heard[-1].kind == "resolved"


EXPECTED = (
    Expected(
        job="origin_totals",
        condition="no_data",
        told=(("firing", "warning"),),
        because="counts the flights of NWK, a code that no airport has",
    ),
    Expected(
        job="arrival_delays",
        condition="job_failure",
        told=(("firing", "critical"),),
        because="meets a flight that never arrived, at each of three attempts",
    ),
    Expected(
        job="join_planes",
        condition="stalled",
        told=(("firing", "critical"),),
        because="waits for a list that does not come: alive, without progress",
    ),
    Expected(
        job="route_table",
        condition="sla_breach",
        told=(("firing", "warning"), ("louder", "critical")),
        because="takes longer than the 16 s it may: a warning, then critical",
    ),
    Expected(
        job="departure_board",
        condition="missing_run",
        told=(("firing", "critical"),),
        because="is expected every 15 s, and nobody starts it",
    ),
)


class Play:
    """The acts, one after the other; each waits for what it needs, never for a time that may be too short."""

    def __init__(self, stage: Stage, hook: Hook, *, patience_seconds: float) -> None:
        self._stage = stage
        self._hook = hook
        self._patience_seconds = patience_seconds
        self._board_at = float("inf")
        self._board: subprocess.Popen[bytes] | None = None

    def load(self) -> None:
        """Load the year, which goes well."""
        self._run(self._stage.start("load_flights"))

    def go_wrong(self) -> bool:
        """Start what will go wrong; return whether all of it was told."""
        os.mkfifo(self._stage.folder / "planes")
        self._stage.start("route_table")
        self._stage.start("join_planes", "planes")
        self._run(self._arrival_delays(GOOD_CARRIER))
        for origin in ("JFK", "LGA", "NWK"):
            self._run(self._stage.start("origin_totals", origin))
        self._arrival_delays(CARRIER)
        return self._wait(lambda: not any(e.lacks(self._hook.words) for e in EXPECTED))

    def mend(self) -> bool:
        """Mend all of it; return whether it was told that everything is over."""
        self._run(self._stage.start("drop_cancelled", _flights_of(CARRIER)))
        self._arrival_delays(CARRIER)
        self._stage.start("deliver_planes", "planes")
        self._stage.start("origin_totals", "EWR")
        self._board_at = time.monotonic()
        return self._wait(lambda: all(e.is_over(self._hook.words) for e in EXPECTED))

    def go_on(self, seconds: float) -> None:
        """Pass some time, in which the departure board is kept up to date."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._stage.check_server()
            self._keep_board()
            time.sleep(min(left, 0.5))

    def _arrival_delays(self, carrier: str) -> subprocess.Popen[bytes]:
        options = ("--retries", "2", "--retry-wait", "1", "--partition", carrier)
        return self._stage.start_wrapped("arrival_delays", _flights_of(carrier), options=options)

    def _run(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self._patience_seconds)

    def _wait(self, enough: Callable[[], bool]) -> bool:
        until = time.monotonic() + self._patience_seconds
        while time.monotonic() < until:
            if self._hook.wait_for(enough, min(0.5, until - time.monotonic())):
                return True
            self._stage.check_server()
            self._keep_board()
        return enough()

    def _keep_board(self) -> None:
        if time.monotonic() >= self._board_at and (self._board is None or self._board.poll() is not None):
            self._board_at = time.monotonic() + BOARD_EVERY_SECONDS
            self._board = self._stage.start_wrapped("departure_board", _flights_of(BOARD_CARRIER))


def _flights_of(carrier: str) -> str:
    return f"carriers/{carrier}.csv"
