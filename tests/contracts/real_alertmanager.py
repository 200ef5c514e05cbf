"""Debian's real Alertmanager, which tells a web server of this machine."""

import http.client
import http.server
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.services.ports import free_port
from tocsin.clock import monotonic, now

PATIENCE_SECONDS: Final = 90.0
Labels = Mapping[str, str]
Groups = set[tuple[str, tuple[tuple[str, str], ...], frozenset[str]]]


class Ear:
    """Hears every webhook; the last part of its path is the receiver that it is for."""

    def __init__(self) -> None:
        self._told: list[tuple[str, dict[str, Any]]] = []
        self._heard_at: list[datetime] = []
        self._changed = threading.Condition()
        ear = self

        class Answering(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()
                ear.hear(self.path.strip("/"), body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the library's
                """Keep quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hear(self, receiver: str, body: dict[str, Any]) -> None:
        with self._changed:
            self._told.append((receiver, body))
            self._heard_at.append(now())
            self._changed.notify_all()

    def wait_for(self, told: set[tuple[str, str]], status: str) -> None:
        """Wait until these receivers were told of these jobs."""
        with self._changed:
            heard = self._changed.wait_for(lambda: told <= self.told(status), PATIENCE_SECONDS)
        assert heard, (told - self.told(status), self.told(status))

    def instants_of(self, receiver: str, job: str, *, at_least: int) -> list[datetime]:
        """Wait until a receiver was told so often of a job; return when."""
        with self._changed:
            enough = partial(self._has_heard, receiver, job, at_least)
            assert self._changed.wait_for(enough, PATIENCE_SECONDS), self._instants(receiver, job)
            return self._instants(receiver, job)

    def _has_heard(self, receiver: str, job: str, at_least: int) -> bool:
        return len(self._instants(receiver, job)) >= at_least

    def _instants(self, receiver: str, job: str) -> list[datetime]:
        return [
            at
            for at, (told, body) in zip(self._heard_at, self._told, strict=True)
            if told == receiver and any(alert["labels"]["job"] == job for alert in body["alerts"])
        ]

    def told(self, status: str) -> set[tuple[str, str]]:
        """Return which receiver was told of which job that it is firing, or resolved."""
        return {
            (receiver, alert["labels"]["job"])
            for receiver, body in list(self._told)
            for alert in body["alerts"]
            if alert["status"] == status
        }

    @property
    def groups(self) -> Groups:
        """The groups that were told: receiver, common labels, jobs."""
        jobs: dict[tuple[str, tuple[tuple[str, str], ...]], set[str]] = {}
        for receiver, body in list(self._told):
            key = (receiver, tuple(sorted(body["groupLabels"].items())))
            jobs.setdefault(key, set()).update(alert["labels"]["job"] for alert in body["alerts"])
        return {(*key, frozenset(found)) for key, found in jobs.items()}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Alertmanager:
    """One that runs; `told` is what its receivers have heard."""

    def __init__(self, port: int, ear: Ear) -> None:
        self._port = port
        self.ear = ear

    def ask(self, method: str, path: str, body: object = None) -> int:
        """Return the status of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, json.dumps(body), {"content-type": "application/json"})
            return connection.getresponse().status
        finally:
            connection.close()

    def fire(self, alerts: Sequence[Labels], at: datetime, *, ends_at: datetime | None = None) -> None:
        """Report alerts, or with `ends_at` that they are over."""
        ends = {} if ends_at is None else {"endsAt": ends_at.isoformat()}
        told = [{"labels": dict(labels), "startsAt": at.isoformat(), **ends} for labels in alerts]
        assert self.ask("POST", "/api/v2/alerts", told) == http.client.OK


@contextmanager
def running(program: Path, folder: Path, configuration: Mapping[str, Any]) -> Iterator[Alertmanager]:
    """Run it with this configuration, whose receivers are given webhooks, until the block ends."""
    ear, port = Ear(), free_port()
    webhooks = [
        {"name": one["name"], "webhook_configs": [{"url": f"{ear.url}/{one['name']}"}]}
        for one in configuration["receivers"]
    ]
    path = folder / "alertmanager.yml"
    path.write_text(json.dumps({**configuration, "receivers": webhooks}))
    words = (
        f"--config.file={path}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *words], cwd=folder, stdout=log, stderr=log)
    manager = Alertmanager(port, ear)
    try:
        _await(manager, process, folder / "log")
        yield manager
    finally:
        process.terminate()
        process.wait()
        ear.close()


def _await(manager: Alertmanager, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until, pause = monotonic() + PATIENCE_SECONDS, threading.Event()
    while True:
        try:
            if manager.ask("GET", "/-/ready") == http.client.OK:
                return
        except OSError:
            pass
        assert process.poll() is None, log.read_text()
        assert monotonic() < until, log.read_text()
        pause.wait(0.05)
