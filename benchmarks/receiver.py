"""A webhook receiver: it answers everything with 200 and hands over what came, and when."""

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any


class Receiver:
    """Listens on a port of its own; `hear` gets each body and the instant of its first byte."""

    def __init__(self, hear: Callable[[Any, float], None]) -> None:
        self._hear = hear
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            data = connection.recv(65_536)
            arrived = time.perf_counter()
            head, _, body = data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self._hear(json.loads(body), arrived)
