"""From the commit of a failure to the first byte at a webhook receiver, at a steady rate of alerts."""

import json
import socket
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.processes import ACCEPTED, Server, post, running
from benchmarks.report import Row, mid

CONFIGURATION = """\
route: {{receiver: hook, group_by: ['...']}}
receivers: [{{name: hook, webhook: {{url: "http://127.0.0.1:{port}/"}}}}]
"""


class Receiver:
    """Answers 200 to every webhook and remembers when its first byte came, by the job it is about."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        self.port = int(self._socket.getsockname()[1])
        self.first_byte_at: dict[str, float] = {}
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
            self.first_byte_at.setdefault(json.loads(body)["alert"]["job"], arrived)


def measure(per_second: int, seconds: float) -> list[Row]:
    """Return the delay between the 202, which follows the commit, and the first byte at the receiver."""
    receiver = Receiver()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "tocsin.yaml"
        config.write_text(CONFIGURATION.format(port=receiver.port))
        with running("ours", database=str(Path(folder) / "t.db"), config=str(config), cpu=None) as server:
            sent_at = _fail(server, per_second, seconds)
            _wait(receiver, len(sent_at))
    delays = sorted((receiver.first_byte_at.get(job, float("inf")) - at) for job, at in sent_at.items())
    p99 = delays[int(len(delays) * 0.99)]
    detail = (
        f"p50 {mid(delays) * 1e3:.3g} ms, longest {delays[-1] * 1e3:.3g} ms, {len(delays)} alerts; "
        "counted from before the request was sent, so a little too much"
    )
    name = f"failure reported → first byte at the receiver, {per_second} alerts/s, p99"
    return [Row(name=name, value=p99, unit="s", at_most=1, detail=detail)]


def _fail(server: Server, per_second: int, seconds: float) -> dict[str, float]:
    sent_at: dict[str, float] = {}
    begins = time.perf_counter()
    for number in range(int(per_second * seconds)):
        due = begins + number / per_second
        time.sleep(max(due - time.perf_counter(), 0))
        job = f"failing_{number}"
        body = {"job": job, "kind": "fail", "run": "r", "seq": 1, "error": {"message": "no"}}
        sent_at[job] = time.perf_counter()
        if post(server.port, json.dumps(body).encode()) != ACCEPTED:
            raise RuntimeError("the server did not take a check-in")
    return sent_at


def _wait(receiver: Receiver, count: int) -> None:
    ends = time.perf_counter() + 20
    while len(receiver.first_byte_at) < count and time.perf_counter() < ends:
        time.sleep(0.05)
