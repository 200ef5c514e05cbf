"""One end for everything that is done on a connection."""

import socket
from contextlib import suppress
from threading import Lock, Timer
from types import TracebackType
from typing import Self


class Deadline:
    """Ends every wait on the watched connections at once, `seconds` after it is entered.

    A socket's own time-out starts anew with every byte, so a peer that sends one byte a second would hold its
    caller for ever. This shuts the connection down instead, whatever is being done on it: hand-shake, read or
    write.
    """

    def __init__(self, seconds: float) -> None:
        self._lock = Lock()
        self._watched: list[socket.socket] = []
        self._over = False
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for twin in self._watched:
                twin.close()
            self._watched.clear()

    @property
    def over(self) -> bool:
        """Whether the connections were shut down because time ran out."""
        return self._over

    def watch(self, connected: socket.socket) -> None:
        """Bind this connection to the deadline, also through TLS, which takes the socket object over."""
        with self._lock:
            twin = connected.dup()
            self._watched.append(twin)
            if self._over:
                _shut(twin)

    def _end(self) -> None:
        with self._lock:
            self._over = True
            for twin in self._watched:
                _shut(twin)


def _shut(twin: socket.socket) -> None:
    with suppress(OSError):  # the peer may have closed it first
        twin.shutdown(socket.SHUT_RDWR)
