"""How the web server is reached and who may use it, and how credentials look."""

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from tocsin.notify.answering import Line

SECRET_BYTES: Final = 32


class CredentialKind(Enum):
    """What a credential opens: INGEST reports check-ins and no more, USER is a person and may do all."""

    INGEST = "ingest"
    USER = "user"


_PREFIXES: Final = {CredentialKind.INGEST: "tcs_in_", CredentialKind.USER: "tcs_us_"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A credential as it is configured: whose it is, and the digest of its secret."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A receiver whose vendor tells what people do there: its kind, and the secrets that sign the calls."""

    kind: str
    receiver: str
    secrets: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """How the server is reached and who may use it.

    `host` is the address it binds to; `base_url` how people reach it ("" when nobody said). `secure` says
    that people come over TLS, ours or a proxy's. `lines` are the telephones that may answer. Credentials
    may also be kept in the store.
    """

    host: str = "127.0.0.1"
    base_url: str = ""
    ingest_keys: tuple[Credential, ...] = ()
    user_tokens: tuple[Credential, ...] = ()
    secure: bool = False
    hooks: tuple[Hook, ...] = ()
    lines: tuple[Line, ...] = ()

    def hook(self, kind: str, receiver: str) -> Hook | None:
        """Return the hook of a receiver, or None where it has none of this kind."""
        return next((one for one in self.hooks if (one.kind, one.receiver) == (kind, receiver)), None)


def is_loopback(host: str) -> bool:
    """Whether an address to bind to is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def new_secret(kind: CredentialKind) -> str:
    """Return a new secret of 256 random bits, with the prefix that tells its kind."""
    return _PREFIXES[kind] + secrets.token_urlsafe(SECRET_BYTES)


def digest_of(secret: bytes) -> str:
    """Return what is kept of a secret: its SHA-256 in hexadecimal.

    A slow hash would add nothing, because nobody can guess 256 random bits.
    """
    return hashlib.sha256(secret).hexdigest()
