"""What the responder should know of where a run ran: host, user and command."""

import os
from collections.abc import Sequence

_MAX_COMMAND = 1000
_HIDDEN = "***"
_SECRETS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "credential",
)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-")


def describe(command: Sequence[str]) -> dict[str, str]:
    """Return the context of a check-in for a command line; what looks like a secret in it is masked."""
    return {"host": os.uname().nodename, "user": _user(), "command": shown(command)}


def shown(command: Sequence[str]) -> str:
    """Return a command line for human eyes: quoted, masked, at most 1000 characters."""
    words = [word[:_MAX_COMMAND] for word in command[:_MAX_COMMAND]]
    line = " ".join(_quote(" ".join(_hide(word.split(" ")))) for word in _hide(words))
    return line if len(line) <= _MAX_COMMAND else line[: _MAX_COMMAND - 1] + "…"


def _hide(words: Sequence[str]) -> list[str]:
    """Mask what words say of secrets: `--password hunter2`, `--password=hunter2`, `TOKEN=hunter2`."""
    masked: list[str] = []
    hide_next = False
    for word in words:
        masked.append(_HIDDEN if hide_next else _mask(word))
        hide_next = word.startswith("-") and " " not in word and "=" not in word and _names_secret(word)
    return masked


def _mask(word: str) -> str:
    """Hide the value of a setting, and the password in a URL."""
    name, mark, _ = word.partition("=")
    if mark and " " not in name and _names_secret(name):
        return f"{name}={_HIDDEN}"
    before, mark, rest = word.partition("://")
    login, has_login, host = rest.partition("@")
    user, has_password, _ = login.partition(":")
    if mark and has_login and has_password and "/" not in login:
        return f"{before}://{user}:{_HIDDEN}@{host}"
    return word


def _names_secret(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return any(secret in plain for secret in _SECRETS)


def _quote(word: str) -> str:
    return word if word and _PLAIN.issuperset(word) else "'" + word.replace("'", "'\"'\"'") + "'"


def _user() -> str:
    """Name the user without asking the directory service, which may be as slow as the network."""
    return os.environ.get("LOGNAME") or os.environ.get("USER") or f"uid {os.getuid()}"
