"""What a file says about the server itself and about those who may use it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DATABASE_NAME = "tocsin.db"
LOOPBACK = "127.0.0.1"
PORT = 8465


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A credential of the file: whose it is, and the SHA-256 of its secret in hexadecimal."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """A receiver whose vendor calls back: the kind of its channel, and the secrets that sign the calls."""

    kind: str
    receiver: str
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where the server listens, where it keeps its data and whom the file lets in.

    `database` is the path of the SQLite file or an address that starts with postgresql://; it may
    hold a password and is left out of every representation. `tls_certificate` and `tls_key` are
    paths, both or neither.
    """

    host: str = LOOPBACK
    port: int = PORT
    tls_certificate: str | None = None
    tls_key: str | None = None
    database: str = field(default=DATABASE_NAME, repr=False)
    ingest_keys: tuple[Key, ...] = ()
    user_tokens: tuple[Key, ...] = ()


def key_of(name: str, secret: str) -> Key:
    """Return what is kept of a secret of the file."""
    return Key(name=name, digest=hashlib.sha256(secret.encode()).hexdigest())


def data_folder(environment: Mapping[str, str]) -> Path:
    """Return where the server keeps its data: $TOCSIN_DATA, or `tocsin` in the user's XDG data directory."""
    if environment.get("TOCSIN_DATA"):
        return Path(environment["TOCSIN_DATA"])
    base = environment.get("XDG_DATA_HOME")
    home = environment.get("HOME")
    share = Path(base) if base else (Path(home) if home else Path.home()) / ".local" / "share"
    return share / "tocsin"


def default_database(environment: Mapping[str, str]) -> str:
    """Return the path of the SQLite file of a server that was told none."""
    return str(data_folder(environment) / DATABASE_NAME)
