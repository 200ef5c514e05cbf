"""How a program ends whose run was stopped, or could not begin: quietly, or in a sentence."""

import signal
from typing import Final

from tocsin.batch.report import RunReport
from tocsin.errors import RunTaken

STOPPED_EXIT: Final = {signal.SIGINT: 130, signal.SIGTERM: 75}


class RunStopped(SystemExit):
    """A signal has stopped the run, which can be resumed; `report` says how far it came.

    Where nobody catches it the program ends quietly, with 130 after Ctrl-C and 75 after SIGTERM.
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
