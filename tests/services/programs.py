"""Where the real programs are that the tests start, and what to do when one is missing.

Standard library only: it runs before and beside pytest.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Something that the tests start: its names, what it is for, and the Debian package that holds it."""

    names: tuple[str, ...]
    purpose: str
    package: str
    folders: str = ""


POSTGRES = Program(
    names=("postgres",),
    purpose="the shared store",
    package="postgresql",
    folders="/usr/lib/postgresql/*/bin",
)
CHROMIUM = Program(
    names=("chromium", "chromium-browser", "google-chrome"), purpose="the pages", package="chromium"
)
AMTOOL = Program(names=("amtool",), purpose="routes as Alertmanager's", package="prometheus-alertmanager")
ALERTMANAGER = Program(
    names=("prometheus-alertmanager", "alertmanager"),
    purpose="groups as Alertmanager's",
    package="prometheus-alertmanager",
)
NGINX = Program(names=("nginx",), purpose="TLS before us", package="nginx-light", folders="/usr/sbin")
CURL = Program(names=("curl",), purpose="pings as they are documented", package="curl")
OPENSSL = Program(names=("openssl",), purpose="certificates and secrets", package="openssl")
JAVA = Program(
    names=("java",),
    purpose="pipelines on Spark",
    package="default-jre-headless",
    folders="/usr/lib/jvm/*/bin",
)
PROGRAMS = (POSTGRES, CHROMIUM, AMTOOL, ALERTMANAGER, NGINX, CURL, OPENSSL, JAVA)


def find(program: Program) -> Path | None:
    """Return the path of a program, from PATH or from its own folders (the newest of them), or None."""
    on_path = [Path(found) for name in program.names if (found := shutil.which(name))]
    elsewhere = [folder / name for folder in _newest_first(program.folders) for name in program.names]
    return next((path for path in (*on_path, *elsewhere) if os.access(path, os.X_OK)), None)


def missing() -> tuple[Program, ...]:
    """Return the programs that this machine lacks."""
    return tuple(program for program in PROGRAMS if find(program) is None)


def advice(programs: tuple[Program, ...]) -> str:
    """Return what a person has to install, as one list."""
    rows = [f"  {p.names[0]:<10} for {p.purpose:<24} (Debian package: {p.package})" for p in programs]
    packages = " ".join(dict.fromkeys(program.package for program in programs))
    return "\n".join(
        [
            "The tests start real programs, and this machine lacks:",
            *rows,
            f"Install them, then run the tests again. On Debian: sudo apt-get install {packages}",
        ]
    )


def _newest_first(pattern: str) -> list[Path]:
    if not pattern:
        return []
    return sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdigit())
