"""Where a sink sends to, without ever showing the secret part of the address."""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from tocsin.batch.answers import in_words
from tocsin.errors import InvalidPipeline

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Address:
    """A web address; as text it is its scheme and host alone, for the rest may be a secret.

    `url` is without user and password, which `authorization` holds as a header; `secrets` are struck out of
    whatever the other side says.
    """

    url: str
    shown: str
    authorization: str = ""
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.shown

    __repr__ = __str__

    def hidden(self, said: str | bytes) -> str:
        """Return what the other side said as one short line without secrets."""
        return in_words(said, self.secrets)


def address_of(
    url: str,
    *,
    authorization: str = "",
    headers: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
    allow_http: bool = False,
) -> Address:
    """Return the address of a sink; raises InvalidPipeline, which does not repeat what may be secret.

    https is required, so that keys and records are not read on their way; http is taken for this machine
    itself, and elsewhere only where `allow_http` says that it is meant.
    """
    parts = _parts(url)
    host = parts.hostname or ""
    if parts.scheme == "http" and not allow_http and not _is_this_machine(host):
        raise InvalidPipeline(
            f"http://{host} would send keys and records unencrypted; use https://, or say allow_http=True"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    named = authorization or (basic(user, password) if user or password else "")
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="")
    hidden = {named, *named.split(), password, *secrets, *re.split(r"[/?&=]", f"{parts.path}?{parts.query}")}
    for name, value in (headers or {}).items():
        if name.lower() not in _OPEN_HEADERS:
            hidden |= {value, *value.split()}
    return Address(
        url=urlunsplit(bare),
        shown=f"{bare.scheme}://{bare.netloc}",
        authorization=named,
        secrets=tuple(sorted(hidden)),
    )


_OPEN_HEADERS: Final = frozenset({"accept", "content-type", "user-agent"})


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not _is_one_word(url):
        raise InvalidPipeline("the URL must be a complete web address that starts with https:// or http://")
    return parts


def _is_one_word(url: str) -> bool:
    return url.isprintable() and " " not in url


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def basic(user: str, password: str) -> str:
    """Return the Authorization header of HTTP Basic (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def scope_of(kind: str, *parts: str) -> str:
    """Return who shares a rate: a name that tells two accounts apart and gives no secret away."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return f"{kind}:{digest}"


def checked_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return headers that can be sent; raises InvalidPipeline for one that would break the request."""
    for name, value in (headers or {}).items():
        if not _HEADER_NAME.fullmatch(str(name)):
            raise InvalidPipeline(f"{name!r} cannot be the name of a header")
        if not _HEADER_VALUE.fullmatch(str(value)):
            raise InvalidPipeline(f"the value of the header {name} is no line of plain text")
    return {str(name): str(value) for name, value in (headers or {}).items()}


def merged(headers: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Return headers with others over them, however each spells its names."""
    named = {name.lower() for name in over}
    return {**{name: value for name, value in headers.items() if name.lower() not in named}, **over}
