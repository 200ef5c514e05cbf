"""How a command ends: the exit codes, and the one way to end badly."""

from enum import IntEnum
from typing import NoReturn

from tocsin.errors import ClientError


class Exit(IntEnum):
    """The exit codes of every command but `run`, which passes on that of its own command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    BAD_CONFIGURATION = 3
    UNREACHABLE = 4
    NOT_ALLOWED = 5
    REFUSED = 6

    @property
    def meaning(self) -> str:
        """What it says, in words."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "done",
    Exit.FAILED: "it failed, or what was looked for was found (--exit-code)",
    Exit.USAGE: "a mistake in the command line",
    Exit.BAD_CONFIGURATION: "the configuration has mistakes",
    Exit.UNREACHABLE: "the server cannot be reached or cannot answer now",
    Exit.NOT_ALLOWED: "the server wants a token, or a better one",
    Exit.REFUSED: "the server refused: there is no such thing, or it contradicts what is there",
}

INTERRUPTED = 130


def give_up(message: str, code: Exit) -> NoReturn:
    """End the command with a message for people and an exit code for programs."""
    raise ClientError(message, exit_code=code)
