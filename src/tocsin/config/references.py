"""Secrets: written into the file, or better, referred to as `env:NAME` or `file:/path`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tocsin.notify.egress.reach import OUTWARD, Reach

MAX_SECRET_BYTES = 64 * 1024
ENVIRONMENT_PREFIX = "env:"
FILE_PREFIX = "file:"
STAND_IN = "https://absent.invalid"


class Origin(Enum):
    """Where a secret stands."""

    LITERAL = "literal"
    ENVIRONMENT = "environment"
    FILE = "file"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secret:
    """A value that nothing but its user may see; as text it is only where it came from."""

    value: str
    origin: Origin

    def __repr__(self) -> str:
        return f"Secret({self.origin.value})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Surroundings:
    """What a file may refer to, and what it is read against.

    `folder` is that of the file, from which relative paths count. `timezone` is the zone of jobs
    that name none. `base_url` is the address of the server, and `reach` how far notifications may go. Where
    it `needs_secrets` not, because nothing will be sent, one that is not there is taken for good.
    """

    environment: Mapping[str, str]
    folder: Path
    timezone: str = "UTC"
    base_url: str = ""
    reach: Reach = OUTWARD
    needs_secrets: bool = True


class Missing(Exception):
    """A reference leads nowhere; the text says what to do."""


def follow(text: str, around: Surroundings) -> Secret:
    """Return what a value stands for; raises Missing where it refers to something that is not there."""
    try:
        return _followed(text, around)
    except Missing:
        if around.needs_secrets:
            raise
        return Secret(value=STAND_IN, origin=Origin.ABSENT)


def _followed(text: str, around: Surroundings) -> Secret:
    if text.startswith(ENVIRONMENT_PREFIX):
        name = text.removeprefix(ENVIRONMENT_PREFIX).strip()
        return Secret(value=_from_environment(name, around), origin=Origin.ENVIRONMENT)
    if text.startswith(FILE_PREFIX):
        name = text.removeprefix(FILE_PREFIX).strip()
        return Secret(value=_from_file(name, around), origin=Origin.FILE)
    return Secret(value=text, origin=Origin.LITERAL)


def located(text: str, around: Surroundings) -> Path:
    """Return the path that a file of the configuration names, seen from the file's folder."""
    return around.folder / Path(text).expanduser()


def _from_environment(name: str, around: Surroundings) -> str:
    value = around.environment.get(name, "")
    if not value.strip():
        state = "empty" if name in around.environment else "not set"
        raise Missing(f"refers to the environment variable {name[:100]!r}, which is {state}; export it first")
    return value.strip()


def _from_file(name: str, around: Surroundings) -> str:
    path = located(name, around)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the path is not one"
        raise Missing(f"refers to the file {str(path)[:200]!r}, which cannot be read: {reason}") from None
    if len(content) > MAX_SECRET_BYTES:
        raise Missing(f"refers to the file {str(path)[:200]!r}, which is larger than 64 KiB")
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise Missing(f"refers to the file {str(path)[:200]!r}, which is not UTF-8 text") from None
    if not text:
        raise Missing(f"refers to the file {str(path)[:200]!r}, which is empty")
    return text
