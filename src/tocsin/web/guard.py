"""What is refused unread: foreign host names, and what pages of other sites do in a browser."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from tocsin.web.faults import Problem
from tocsin.web.settings import WebSettings

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OWN_SITE: Final = frozenset({b"same-origin", b"none"})

FOREIGN_HOST: Final = Problem(
    status=421,
    code="foreign_host",
    message="While no credential is configured, Tocsin answers only to localhost and to its base_url.",
)
CROSS_SITE: Final = Problem(
    status=403,
    code="cross_site",
    message="The request was made by a page of another site, so it was not carried out.",
)


@lru_cache(maxsize=1_024)
def host_name(netloc: str) -> str:
    """Return the name of a host without its port, in lower case; "" where it cannot be read."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def own_hosts(settings: WebSettings) -> frozenset[str]:
    """Return the names that are ours: this machine's loopback, the address we bind to, and the base_url."""
    base = urlsplit(settings.base_url).netloc
    return (_LOOPBACK | {host_name(settings.host), host_name(base)}) - {""}


def is_own_host(host: bytes, ours: frozenset[str]) -> bool:
    """Whether a Host header names one of ours.

    Asked only while everything is open: a page anywhere may point its own name at 127.0.0.1 and so read
    what is bound to loopback.
    """
    return host_name(host.decode("latin-1")) in ours


def is_cross_site(headers: Mapping[bytes, bytes], settings: WebSettings) -> bool:
    """Whether a browser says that a page of another site made this request; programs say nothing."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in _OWN_SITE
    origin = headers.get(b"origin")
    if origin is None:
        return False
    netloc = urlsplit(origin.decode("latin-1")).netloc
    ours = {headers.get(b"host", b"").decode("latin-1"), urlsplit(settings.base_url).netloc} - {""}
    return netloc not in ours
