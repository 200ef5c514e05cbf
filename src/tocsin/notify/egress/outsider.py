"""Runs as a process of its own: hands one message to the apprise library, which nobody here can bound.

What is to be said comes on standard input as JSON, so that no list of processes shows the address. Answers,
each on a line of standard output, are the words of `Said`. The library resolves and connects by itself; the
addresses that it connects to are held to the same rules as all others.
"""

import json
import os
import socket
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from tocsin.notify.egress.reach import Reach, read_network

NICE = 5


class Said(StrEnum):
    """What the process answers."""

    NOT_INSTALLED = "not_installed"
    """The library is not there."""
    NO_SERVICE = "no_service"
    """The library knows nothing by this address."""
    BEGUN = "begun"
    """From now on the message may arrive."""
    SENT = "sent"
    """The service took it."""
    NOT_SENT = "not_sent"
    """It did not; the library does not say why."""
    FORBIDDEN = "forbidden"
    """It would have led to an address to which nothing is sent."""


class _Forbidden(OSError):
    """Nothing may be said to this address."""


def main() -> None:
    """Read what to say, say it, and answer how that went."""
    os.nice(NICE)
    given, answers = json.load(sys.stdin), sys.stdout
    sys.stdout = sys.stderr  # whatever the library prints is no answer
    for said in _say(given):
        answers.write(f"{said}\n")
        answers.flush()


def _say(given: dict[str, str]) -> Iterator[Said]:
    try:
        import apprise  # noqa: PLC0415 - an extra of its own
    except ImportError:
        yield Said.NOT_INSTALLED
        return
    reach = Reach(allowed=tuple(read_network(text) for text in given["allowed"].split()))
    refused = _guard(urlsplit(given["url"]).hostname or "", reach)
    speaker = apprise.Apprise()
    if not speaker.add(given["url"]):
        yield Said.NO_SERVICE
        return
    yield Said.BEGUN
    took = speaker.notify(
        body=given["body"], title=given["title"], notify_type=given["type"], body_format="text"
    )
    yield Said.SENT if took else Said.FORBIDDEN if refused else Said.NOT_SENT


def _guard(written: str, reach: Reach) -> list[str]:
    """Let this process connect only to where it may; return the list that refused addresses will be in."""
    refused: list[str] = []

    class Guarded(socket.socket):
        """A socket that looks at the address before it connects."""

        def connect(self, address: Any) -> None:  # noqa: ANN401 - as sockets have it
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _may_reach(
                address[0], written, reach
            ):
                refused.append(address[0])
                raise _Forbidden
            super().connect(address)

    socket.socket = Guarded  # type: ignore[misc]  # this process does nothing else
    return refused


def _may_reach(address: str, written: str, reach: Reach) -> bool:
    try:
        return not reach.refusal(address, written)
    except ValueError:  # a name, which the system would resolve by itself
        return False


if __name__ == "__main__":
    main()
