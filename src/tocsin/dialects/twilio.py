"""Whether Twilio made a request (https://www.twilio.com/docs/usage/security#validating-requests).

The signature is the base64 of HMAC-SHA1, under the token of the account, over the whole address that Twilio
was given and the posted fields, sorted, each name followed by its value. It holds no time, so what is
answered twice must be harmless.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Final

_PORTS: Final = {"http": ":80", "https": ":443"}
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]/]*\]|[^:/?@]*)(?P<port>:[0-9]+)?(?P<rest>[/?].*)?"
)


def is_genuine(
    tokens: Iterable[str], address: str, fields: Sequence[tuple[str, str]], signature: str
) -> bool:
    """Whether one of these tokens has signed the request; all are tried, in the same time for every guess.

    Twilio signs the address with its port or without, whichever it was given.
    """
    given = signature.encode("utf-8", "replace")
    addresses = _forms(address)
    matches = [
        hmac.compare_digest(signed(token, form, fields).encode(), given)
        for token in tokens
        for form in addresses
    ]
    return any(matches)


def signed(token: str, address: str, fields: Iterable[tuple[str, str]]) -> str:
    """Return the signature of a request."""
    content = address + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), content.encode(), hashlib.sha1).digest()).decode()


def _forms(address: str) -> tuple[str, ...]:
    """Return the address as it is, without its port, and with the port that it has or would have."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return (address,)
    plain = f"{found['scheme']}://{found['host']}"
    port = found["port"] or _PORTS[found["scheme"]]
    return (address, f"{plain}{found['rest'] or ''}", f"{plain}{port}{found['rest'] or ''}")
