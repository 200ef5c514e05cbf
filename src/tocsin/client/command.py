"""`tocsin run`: runs a command as if we were not there, and reports how it goes."""

import math
import os
import signal
import sys
from collections.abc import Sequence

from tocsin import clock
from tocsin.client.arguments import RUN_HELP, RunOptions, Usage, read_run
from tocsin.client.attempt import BY_SIGNAL, Attempt, Ending, hold_standard_files
from tocsin.client.bell import Bell
from tocsin.client.notice import say

TYPE_CHECKING = False

if TYPE_CHECKING:
    from tocsin.client.report import Report

USAGE = 2


def main(words: Sequence[str]) -> int:
    """Run the command and leave the process with its exit code.

    Returns only after help or a usage mistake.
    """
    try:
        options = read_run(words)
    except Usage as mistake:
        if not str(mistake):
            sys.stdout.write(RUN_HELP)
            return 0
        say(f"{mistake} ('tocsin run --help' shows the options)")
        return USAGE
    # At once: a thread may sit in a name look-up that nothing can cut short, and nothing is buffered.
    os._exit(_Session(options).run())


class _Session:
    """All attempts at one command, and the report on them."""

    def __init__(self, options: RunOptions) -> None:
        hold_standard_files()
        self._options = options
        self._bell = Bell()
        self._report: Report | None = None
        self._number = 0
        self._beat_at = math.inf
        self._has_told_start = True

    def run(self) -> int:
        """Return the exit code to leave with."""
        while True:
            self._number += 1
            attempt = Attempt(self._options.command, self._bell)
            ending = self._follow(attempt)
            again = self._will_retry(ending)
            if again and self._report:
                self._report.retrying(self._number, ending, bytes(attempt.tail))
            elif self._report:
                self._report.ended(self._number, ending, bytes(attempt.tail))
            attempt.pass_rest()
            if not again:
                break
            if not self._pause():
                ending = ending._replace(
                    exit_code=BY_SIGNAL + self._bell.ended_by, signal=self._bell.ended_by
                )
                if self._report:
                    self._report.ended(self._number, ending, bytes(attempt.tail))
                break
        if self._report:
            self._report.finish()
        return ending.exit_code

    def _follow(self, attempt: Attempt) -> Ending:
        """Start the command first and load what reports on it while it runs already."""
        ending = attempt.start(self._options.timeout_seconds)
        if ending is not None:
            say(ending.trouble)
        if self._report is None:
            self._report = _open_report(self._options)
        if self._report:
            self._report.started(self._number, attempt.began_at)
            self._has_told_start = False
        self._beat_at = clock.monotonic() + (self._options.heartbeat_seconds or math.inf)
        return ending or attempt.wait(self._tick)

    def _tick(self) -> float:
        """Send a heartbeat when it is time; return the seconds until the next."""
        now = clock.monotonic()
        if self._report and not self._has_told_start:
            self._has_told_start = True
            self._report.goes_on()
        if now >= self._beat_at:
            self._beat_at = now + self._options.heartbeat_seconds
            if self._report:
                self._report.heartbeat(self._number)
        return self._beat_at - now

    def _will_retry(self, ending: Ending) -> bool:
        """Say whether another attempt makes sense.

        It does not where the command is missing, a signal asked for the end, or the reader has gone.
        """
        return (
            ending.exit_code != 0
            and self._number <= self._options.retries
            and not ending.trouble
            and not self._bell.ended_by
            and ending.signal != signal.SIGPIPE
        )

    def _pause(self) -> bool:
        """Wait before the next attempt; False where a signal called it off."""
        until = clock.monotonic() + self._options.retry_wait_seconds
        while (left := until - clock.monotonic()) > 0 and not self._bell.ended_by:
            self._bell.wait(min(left, self._tick()))
            self._bell.take()
        return not self._bell.ended_by


def _open_report(options: RunOptions) -> "Report | None":
    try:
        from tocsin.client.report import Report

        return Report(options)
    except Exception as error:  # noqa: BLE001 – a fault of ours must not end a command that runs already
        say(f"nothing is reported: {type(error).__name__}: {error}")
        return None
