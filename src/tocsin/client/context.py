"""What the responder should know of where a run ran: host, user and command."""

import os
import re
from collections.abc import Sequence

_MAX_COMMAND = 1000
_HIDDEN_NAME = (
    r"[\w.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|credential)[\w.-]*"
)
_ASSIGNED = re.compile(rf"(?i)^(-{{0,2}}{_HIDDEN_NAME}=).+$", re.DOTALL)
_ANNOUNCED = re.compile(rf"(?i)^--?{_HIDDEN_NAME}$")
_IN_URL = re.compile(r"(?i)([a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+@")
_HIDDEN = "***"
_BARE_WORD = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


def describe(command: Sequence[str]) -> dict[str, str]:
    """Return the context of a check-in for a command line; what looks like a secret in it is masked."""
    return {"host": os.uname().nodename, "user": _user(), "command": shown(command)}


def shown(command: Sequence[str]) -> str:
    """Return a command line for human eyes: quoted, masked, at most 1000 characters."""
    line = ""
    hide_next = False
    for word in command:
        part = _HIDDEN if hide_next else _quote(_mask(word[:_MAX_COMMAND]))
        hide_next = bool(_ANNOUNCED.match(word[:_MAX_COMMAND]))
        line = f"{line} {part}" if line else part
        if len(line) > _MAX_COMMAND:
            return line[: _MAX_COMMAND - 1] + "…"
    return line


def _mask(word: str) -> str:
    return _IN_URL.sub(rf"\1{_HIDDEN}@", _ASSIGNED.sub(rf"\1{_HIDDEN}", word))


def _quote(word: str) -> str:
    return word if _BARE_WORD.fullmatch(word) else "'" + word.replace("'", "'\"'\"'") + "'"


def _user() -> str:
    """Name the user without asking the directory service, which may be as slow as the network."""
    return os.environ.get("LOGNAME") or os.environ.get("USER") or f"uid {os.getuid()}"
