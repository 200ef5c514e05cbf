"""How a program ends whose run was stopped, or could not begin: in a sentence."""

import signal
from typing import Final

from tocsin.batch.report import RunReport
from tocsin.errors import RunTaken

STOPPED_EXIT: Final = {signal.SIGINT: 130, signal.SIGTERM: 75}


ON_AGAIN: Final = {
    False: "run it with resume=True to go on from there",
    True: "what is left are dead letters as before: replay them again",
}
"""How to go on, of a run and of a replay."""


class RunStopped(SystemExit):
    """A signal has stopped the run, which can be resumed; `report` says how far it came.

    A line on standard error has said so, where no bar was shown that does. Where nobody catches it the
    program ends with 130 after Ctrl-C and 75 after SIGTERM.
    """

    def __init__(self, report: RunReport, number: signal.Signals) -> None:
        super().__init__(STOPPED_EXIT.get(number, 1))
        self.report = report


class RunElsewhere(RunTaken, SystemExit):
    """Somebody else is at work on this run, or on these letters; nothing was sent.

    Where nobody catches it the program ends with 1, and says in a sentence who it is and what to do.
    """

    def __init__(self, taken: RunTaken) -> None:
        super().__init__(str(taken))
        self.code = f"tocsin: {taken}"
