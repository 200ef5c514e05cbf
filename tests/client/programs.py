"""Starts the programs under test, and looks at what they leave behind."""

import json
import os
import subprocess
from pathlib import Path
from typing import IO, Any, NamedTuple

PATIENCE_SECONDS = 90


class Done(NamedTuple):
    """How a program ended."""

    code: int
    out: bytes
    err: bytes


class Programs:
    """Starts `tocsin …` and Python code with the environment of the test."""

    def __init__(self, python: str, started: list[subprocess.Popen[bytes]]) -> None:
        self._python = python
        self._started = started

    def start(
        self, *words: str, env: dict[str, str] | None = None, **outputs: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start `tocsin` with these words and leave it running."""
        return self._begin([self._python, "-m", "tocsin", *words], env, outputs)

    def run(
        self, *words: str, env: dict[str, str] | None = None, given: bytes = b"", **outputs: IO[bytes]
    ) -> Done:
        """Run `tocsin` to its end."""
        return _finish(self.start(*words, env=env, **outputs), given)

    def python(self, code: str, env: dict[str, str] | None = None) -> Done:
        """Run Python code to its end."""
        return _finish(self._begin([self._python, "-c", code], env, {}), b"")

    def _begin(
        self, words: list[str], env: dict[str, str] | None, outputs: dict[str, IO[bytes]]
    ) -> subprocess.Popen[bytes]:
        program = subprocess.Popen(
            words,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=outputs.get("stdout", subprocess.PIPE),
            stderr=outputs.get("stderr", subprocess.PIPE),
        )
        self._started.append(program)
        return program


def _finish(program: subprocess.Popen[bytes], given: bytes) -> Done:
    out, err = program.communicate(given or None, timeout=PATIENCE_SECONDS)
    return Done(program.returncode, out or b"", err or b"")


def is_running(pid: int) -> bool:
    """Say whether a process runs; one that is dead and not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def waiting_in(spool: Path) -> list[dict[str, Any]]:
    """Return the check-ins that wait in a spool, in their order."""
    return [json.loads(path.read_bytes()) for path in sorted(spool.glob("*/*.json"))]
