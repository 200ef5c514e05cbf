"""How the tests of this room read a configuration."""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from tocsin.config.loading import Loaded, load_text
from tocsin.errors import ConfigError, Problem

ELSEWHERE = "hooks.example.com"
SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
ENVIRONMENT = {
    "X": "smtp-password",
    "SLACK_URL": "https://chat.example.com/services/T000/B000/verysecret",
    "HOOK_SECRET": SECRET,
    "HOME": "/nonexistent",
}

Load = Callable[..., Loaded]
Faults = Callable[..., tuple[Problem, ...]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Reads the text of a file, with its own environment and folder."""

    def read(text: str, environment: Mapping[str, str] = ENVIRONMENT) -> Loaded:
        return load_text(dedent(text).encode(), environment, source="tocsin.yaml", folder=tmp_path)

    return read


@pytest.fixture
def misled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that leads a name of others to this machine."""
    real = socket.getaddrinfo

    def misleading(host: str, *more: object, **named: object) -> object:
        return real("127.0.0.1" if host == ELSEWHERE else host, *more, **named)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(socket, "getaddrinfo", misleading)


@pytest.fixture
def faults(load: Load) -> Faults:
    """Returns the problems of a text that must have some."""

    def read(text: str, environment: Mapping[str, str] = ENVIRONMENT) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            load(text, environment)
        return caught.value.problems

    return read
