"""Apprise: one channel for the services that have no channel of their own (https://appriseit.com).

The library runs in a process of its own, which is ended when time is up. It says whether a service took the
message, and not why it did not, so that every failure is tried again and may be seen twice.
"""

import json
import os
import subprocess
import sys
from datetime import datetime
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from tocsin.clock import monotonic
from tocsin.errors import ChannelError
from tocsin.notify import inert, wording
from tocsin.notify.channel import Accepted
from tocsin.notify.egress.outsider import Said
from tocsin.notify.egress.reach import OUTWARD, Reach
from tocsin.notify.message import Message, MessageKind

TIMEOUT_SECONDS: Final = 15.0
LEAST_SECONDS: Final = 2.0
BODY_LIMIT: Final = 3500
FACTS_LIMIT: Final = 16
LOG_LINES: Final = 8

_PROGRAM: Final = "tocsin.notify.egress.outsider"
_TYPES: Final = {"info": "info", "warning": "warning", "critical": "failure", "page": "failure"}
_KEPT: Final = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TZ")


class AppriseChannel:
    """Tells one service by its Apprise address, such as `tgram://token/chat`, itself a secret.

    Messages are sent one after the other. Raises ValueError, which does not repeat it, for what is no
    address; whether Apprise knows the service shows when something is sent.
    """

    kind = "apprise"
    recognises_repeats = False  # few services would, and the library does not say which

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS, *, reach: Reach = OUTWARD) -> None:
        check_address(url)
        self._url = url
        self._service = urlsplit(url).scheme
        self._timeout_seconds = timeout_seconds
        self._allowed = " ".join(str(network) for network in reach.allowed)
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"AppriseChannel({self})"

    def __str__(self) -> str:
        return f"{self._service}://…"

    def send(self, message: Message, *, at: datetime) -> Accepted:  # noqa: ARG002 - nothing is dated
        """Hand the message to the library; raises ChannelError if the service did not take it."""
        ends_seconds = monotonic() + self._timeout_seconds
        if not self._lock.acquire(timeout=self._timeout_seconds):
            raise ChannelError(f"{self}: other messages take too long; nothing was sent")
        try:
            left_seconds = ends_seconds - monotonic()
            if left_seconds < min(LEAST_SECONDS, self._timeout_seconds / 2):
                raise ChannelError(f"{self}: other messages take too long; nothing was sent")
            given = {"url": self._url, "allowed": self._allowed, **words_of(message)}
            said = _run(given, left_seconds)
        finally:
            self._lock.release()
        return self._judged(said)

    def _judged(self, said: list[str]) -> Accepted:
        if Said.SENT in said:
            return Accepted(detail="taken by Apprise")
        if Said.NOT_INSTALLED in said:
            raise ChannelError("Apprise is not installed: pip install 'tocsin[apprise]'", permanent=True)
        if Said.NO_SERVICE in said:
            raise ChannelError(f"{self}: Apprise knows no service by this address", permanent=True)
        if Said.FORBIDDEN in said:
            raise ChannelError(f"{self}: it leads to an address to which nothing is sent")
        if Said.NOT_SENT in said:
            raise ChannelError(f"{self}: Apprise could not send it; it does not say why")
        if Said.BEGUN in said:
            raise ChannelError(f"{self}: begun, and it took too long", outcome_unknown=True)
        raise ChannelError(f"{self}: it took too long to begin")


def check_address(url: str) -> None:
    """Raise ValueError, which does not repeat it, for what cannot be an Apprise address."""
    scheme, found, rest = url.partition("://")
    if not (
        found and rest and scheme.isascii() and scheme.isalnum() and url.isprintable() and " " not in url
    ):
        reason = "an Apprise address has the form service://…, as in https://appriseit.com"
        raise ValueError(reason)


def _run(given: dict[str, str], timeout_seconds: float) -> list[str]:
    """Return the lines that the process has answered before its time was up."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with subprocess.Popen(  # noqa: S603 - our own program, with nothing from outside on its line
        [sys.executable, "-P", "-m", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        try:
            answer, _ = process.communicate(json.dumps(given).encode(), timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            answer, _ = process.communicate()
    return answer.decode("utf-8", "replace").split()


def words_of(message: Message) -> dict[str, str]:
    """Return what the library is given to say: title, body and type."""
    kind = "success" if message.kind is MessageKind.RESOLVED else _TYPES.get(message.severity, "info")
    return {"title": wording.headline(message), "body": _body(message), "type": kind}


def _body(message: Message) -> str:
    facts = (*wording.lasting(message), *message.evidence, ("owner", message.owner))
    told = [f"{wording.named(name)}: {value}" for name, value in facts if value]
    parts = (
        wording.body(message),
        f"Do now: {message.next_step}" if message.next_step else "",
        f"Likely cause: {message.likely_cause}" if message.likely_cause else "",
        "\n".join(told[:FACTS_LIMIT]),
        "\n".join(f"{wording.named(link.name)}: {link.url}" for link in message.links),
        "\n".join(message.log_tail.splitlines()[-LOG_LINES:]),
    )
    text = "\n\n".join(part for part in parts if part) or wording.title(message)
    return inert.shorten(text, BODY_LIMIT)
