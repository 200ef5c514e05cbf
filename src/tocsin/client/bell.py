"""Signals as something to wait for: each one that arrives makes a file readable."""

import os
import select
import signal
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
_FORWARDED = (*_ENDING, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTSTP, signal.SIGCONT)
_MAX_RINGS = 512
_MAX_WAIT_SECONDS = 3600.0  # the system counts milliseconds in 32 bits


class Bell:
    """Collects the signals that concern a command; those that our parent had us ignore stay ignored."""

    def __init__(self) -> None:
        """Take over the signals of this process."""
        self.file, ringer = os.pipe()
        os.set_blocking(self.file, False)
        os.set_blocking(ringer, False)
        self.ended_by = 0
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        for number in _FORWARDED:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _note)
        signal.signal(signal.SIGCHLD, _note)

    def take(self) -> list[int]:
        """Return the signals to pass on that came since the last time."""
        try:
            rung = os.read(self.file, _MAX_RINGS)
        except BlockingIOError:
            return []
        heard = [number for number in rung if number in _FORWARDED]
        self.ended_by = next((number for number in heard if number in _ENDING), self.ended_by)
        return heard

    def wait(self, seconds: float) -> None:
        """Wait until a signal arrives or the time is up, at most an hour."""
        poll = select.poll()
        poll.register(self.file, select.POLLIN)
        poll.poll(min(max(0.0, seconds), _MAX_WAIT_SECONDS) * 1000)

    def hand_back(self) -> None:
        """Give the signals their default meaning again."""
        signal.set_wakeup_fd(-1)
        for number in (*_FORWARDED, signal.SIGCHLD):
            if signal.getsignal(number) is _note:
                signal.signal(number, signal.SIG_DFL)


def _note(number: int, frame: FrameType | None) -> None:
    """Do nothing: the number was written to the bell already."""
