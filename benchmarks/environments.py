"""Environments of their own for the tools that we are measured beside."""

import subprocess
import sys
from pathlib import Path


def python_with(pins: Path, place: Path) -> str:
    """Return the Python of an environment with what is pinned, which is made when it is first asked for."""
    python, done = str(place / "bin" / "python"), place / "done"
    if not done.exists() or done.read_text() != pins.read_text():
        print(f"installing {pins} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        install = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*install, "--require-hashes", "--requirement", pins], check=True)
        done.write_text(pins.read_text())
    return python
