"""How a receiver behaves for a while."""

from enum import Enum


class Mode(Enum):
    """What becomes of a message that is handed to a receiver."""

    WELL = "takes it"
    BROKEN = "answers 500"
    BUSY = "answers 429 and names a wait"
    REFUSES = "answers 404"
    SILENT = "never answers and never got it"
    LOSES_ANSWER = "takes it, and its answer is lost"
    RAISES = "meets a bug in the channel"


BAD_MODES = tuple(mode for mode in Mode if mode is not Mode.WELL)
