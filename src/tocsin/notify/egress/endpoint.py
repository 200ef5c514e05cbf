"""Where a notification is posted to, without ever showing the secret part of the address."""

import re
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, make_headers, parse_url

from tocsin.notify.egress.reach import OUTWARD, Reach
from tocsin.notify.egress.tls import trust

_SECRET_LENGTH: Final = 6
_HIDDEN: Final = "…"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Endpoint:
    """A web address to post to; as text it is its scheme and host alone, for the rest may be a secret.

    The address comes from the operator's own configuration file, so hosts of the internal network are
    allowed; `reach` says where its name must not lead.
    """

    scheme: str
    host: str
    port: int | None
    target: str
    authorization: str
    context: ssl.SSLContext | None
    secrets: tuple[str, ...] = ()
    reach: Reach = OUTWARD

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}"

    __repr__ = __str__

    def hide(self, text: str) -> str:
        """Return what a receiver said, with the secrets and parts of the address in it struck out."""
        parts = {
            self.target,
            *re.split(r"[/?&=;,#]", self.target),
            *self.authorization.split(),
            *self.secrets,
        }
        secrets = {form for part in parts for form in (part, unquote(part)) if len(form) >= _SECRET_LENGTH}
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return text


def endpoint(
    url: str, *, ca_file: str | None = None, secrets: tuple[str, ...] = (), reach: Reach = OUTWARD
) -> Endpoint:
    """Return the endpoint of a web address; for https, `ca_file` adds authorities to those of this machine.

    `secrets` are sent to it and must not be shown where it repeats them. Raises ValueError, which does not
    repeat the address, and OSError for a `ca_file` that cannot be used.
    """
    parsed = _parse(url)
    if parsed is None or parsed.scheme not in {"http", "https"} or not parsed.host:
        reason = "the URL must be a complete web address that starts with https:// or http://"
        raise ValueError(reason)
    return Endpoint(
        scheme=parsed.scheme,
        host=parsed.host,
        port=parsed.port,
        target=parsed.request_uri,
        authorization=make_headers(basic_auth=unquote(parsed.auth))["authorization"] if parsed.auth else "",
        context=trust(ca_file) if parsed.scheme == "https" else None,
        secrets=secrets,
        reach=reach,
    )


def _parse(url: str) -> Url | None:
    try:
        return parse_url(url) if url.isprintable() and " " not in url else None
    except LocationParseError:
        return None
