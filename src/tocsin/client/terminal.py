"""Lends the controlling terminal to a command that asks for it, as a shell does.

The command has a process group of its own, so that a time-out can end all of it. A group that does
not own the terminal is stopped when it reads from it; that is how we learn that it wants to.
"""

import os
import signal


class Terminal:
    """The controlling terminal, if there is one, and who of us two has it."""

    def __init__(self) -> None:
        """The terminal is opened when it is first asked for."""
        self._file = -1
        self._is_wanted = False
        self._is_lent = False

    def on_stop(self, group: int, number: int) -> None:
        """Act on a stop of the command's process group by a signal.

        It wanted the terminal: it gets it, now or as soon as we have it. The user pressed Ctrl-Z: we
        stop as well, so that the shell takes over. Anything else is between the command and whoever
        stopped it.
        """
        if number in (signal.SIGTTIN, signal.SIGTTOU):
            self._is_wanted = True
            self.attend(group)
        elif number == signal.SIGTSTP and (self._is_lent or self._is_ours()):
            self._is_wanted = self._is_lent
            self.take_back()
            os.killpg(os.getpgrp(), signal.SIGSTOP)

    def on_continue(self, group: int) -> None:
        """Have the command go on after the shell's `fg` or `bg`."""
        self.attend(group)
        _send(group, signal.SIGCONT)

    def attend(self, group: int) -> None:
        """Lend the terminal if the command waits for it and we have it by now."""
        if self._is_wanted and self._is_ours() and self._give(group):
            self._is_wanted, self._is_lent = False, True
            _send(group, signal.SIGCONT)

    def take_back(self) -> None:
        """Own the terminal again."""
        if self._is_lent:
            self._is_lent = False
            self._give(os.getpgrp())

    def _is_ours(self) -> bool:
        """Say whether we are in the foreground of a terminal."""
        try:
            if self._file < 0:
                self._file = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
            return os.tcgetpgrp(self._file) == os.getpgrp()
        except OSError:
            return False

    def _give(self, group: int) -> bool:
        # Whoever gives the terminal away from the background would be stopped for it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        try:
            os.tcsetpgrp(self._file, group)
        except OSError:
            return False
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return True


def _send(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except OSError:
        return
