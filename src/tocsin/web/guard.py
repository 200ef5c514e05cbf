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
_OF_PROXIES: Final = frozenset({b"forwarded", b"x-real-ip", b"via"})
_ALSO_OF_PROXIES: Final = b"x-forwarded-"

THROUGH_PROXY: Final = Problem(
    status=403,
    code="through_proxy",
    message="This request came through a proxy. While no credential exists, Tocsin serves its own machine "
    "alone. Add `keys:` to tocsin.yaml, or make a token there with `tocsin token create --user NAME`.",
)
FOREIGN_HOST: Final = Problem(
    status=421,
    code="foreign_host",
    message="While no credential exists, Tocsin answers to localhost alone, under no other name. To open it "
    "to others add `keys:` to tocsin.yaml, or make a token with `tocsin token create --user NAME`.",
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
    """Return the names under which this machine reaches itself: loopback's, and the address we bind to."""
    return _LOOPBACK | {host_name(settings.host)}


def from_elsewhere(headers: Mapping[bytes, bytes], ours: frozenset[str]) -> Problem | None:
    """Return why a request is not taken for one of this machine, or None where nothing speaks against it.

    Asked only while everything is open. A proxy beside us turns all the world into loopback and often says
    so; and a page anywhere may point its own name at 127.0.0.1 and so read what is bound to loopback.
    """
    if not _OF_PROXIES.isdisjoint(headers) or _ALSO_OF_PROXIES in b" ".join(headers):
        return THROUGH_PROXY
    is_own = host_name(headers.get(b"host", b"").decode("latin-1")) in ours
    return None if is_own else FOREIGN_HOST


def is_cross_site(headers: Mapping[bytes, bytes], settings: WebSettings) -> bool:
    """Whether a browser says that a page of another site made this request; programs say nothing."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in _OWN_SITE
    origin = headers.get(b"origin")
    if origin is None:
        return False
    try:
        netloc = urlsplit(origin.decode("latin-1")).netloc
    except ValueError:
        return True
    ours = {headers.get(b"host", b"").decode("latin-1"), urlsplit(settings.base_url).netloc} - {""}
    return netloc not in ours
