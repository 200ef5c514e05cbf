"""The few words that the client says to the person at the terminal."""

import os
import sys


def say(text: str) -> None:
    """Write one line to standard error, or nothing where there is none.

    The line goes past Python's buffer: a daemon thread that held the buffer's lock when the
    interpreter ends would take the whole process down.
    """
    line = "tocsin: " + " ".join(text.split()) + "\n"
    stream = sys.stderr
    if stream is None:
        return
    try:
        os.write(stream.fileno(), line.encode("utf-8", "backslashreplace"))
    except (OSError, ValueError, AttributeError):
        _say_softly(line)


def _say_softly(line: str) -> None:
    """Use the stream itself where it has no file behind it, as in a test or a notebook."""
    try:
        sys.stderr.write(line)
    except (OSError, ValueError, AttributeError):
        return
