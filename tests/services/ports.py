"""Ports for programs that cannot choose one themselves. Standard library only, as its neighbours."""

import secrets
import socket
from contextlib import suppress
from pathlib import Path

FIRST = 10_000
EPHEMERAL = 32_768
"""Where the ports begin that outgoing connections are given, unless the machine says otherwise."""
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """Return a port that nobody listens on.

    It is none that an outgoing connection may be given before the program takes it: whoever knocks at such a
    port again and again is now and then connected to himself, and then the program cannot listen there. It is
    chosen by chance, for tests that run side by side.
    """
    after = EPHEMERAL
    with suppress(OSError, ValueError):
        after = int(_RANGE.read_text().split()[0])
    if after <= FIRST:
        return _any_port()
    while True:
        port = FIRST + secrets.randbelow(after - FIRST)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
