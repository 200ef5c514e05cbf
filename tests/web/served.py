"""A real server for the tests of the web: engine, embedded store and uvicorn, in threads of this process."""

import http.client
import itertools
import json
import secrets
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tocsin.alerts.group import EACH_ALONE
from tocsin.clock import SystemClock, monotonic
from tocsin.config.loading import load
from tocsin.engine.configuration import Configuration
from tocsin.engine.engine import Engine
from tocsin.notify.channel import Accepted
from tocsin.notify.message import Message
from tocsin.store.sqlite import SqliteStore
from tocsin.telemetry.metrics import Metrics
from tocsin.web.application import create_app
from tocsin.web.settings import Credential, CredentialKind, WebSettings, digest_of, new_secret

# How long an answer takes says more about the neighbours of this machine than about us; pytest waits longer.
PATIENCE_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An answer of the server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # JSON is anything
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Ear:
    """A receiver that hears everything and can be waited for."""

    kind = "ear"
    recognises_repeats = True

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._news = threading.Condition()

    def send(self, message: Message, *, at: datetime) -> Accepted:  # noqa: ARG002  # the protocol passes it
        """Take a message."""
        with self._news:
            self.messages.append(message)
            self._news.notify_all()
        return Accepted(detail="heard")

    def wait_for(self, count: int) -> None:
        """Return once that many messages were heard; fail when they do not come."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.messages) >= count, PATIENCE_SECONDS), self.messages

    def heard(self, is_meant: Callable[[Message], bool]) -> list[Message]:
        """Return the messages that are meant, once there is one; fail when none comes."""
        with self._news:
            assert self._news.wait_for(lambda: any(map(is_meant, self.messages)), PATIENCE_SECONDS)
            return [message for message in self.messages if is_meant(message)]


@dataclass(slots=True)
class Disk:
    """Gives every connection of a store, and makes the store read-only while told so."""

    broken: bool = False
    connections: list[sqlite3.Connection] = field(default_factory=list)

    def hook(self, connection: sqlite3.Connection) -> None:
        """Take note of a connection that was opened."""
        self.connections.append(connection)
        connection.execute(f"PRAGMA query_only = {int(self.broken)}")

    def break_down(self) -> None:
        """Let every write fail from now on."""
        self._set(broken=True)

    def heal(self) -> None:
        """Let writes succeed again."""
        self._set(broken=False)

    def _set(self, *, broken: bool) -> None:
        self.broken = broken
        for connection in self.connections:
            try:
                connection.execute(f"PRAGMA query_only = {int(broken)}")
            except sqlite3.ProgrammingError:
                continue


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server and its rooms."""

    port: int
    engine: Engine
    store: SqliteStore
    metrics: Metrics
    ear: Ear
    disk: Disk
    key: str = ""
    token: str = ""

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Heard:
        """Return the answer to a request; a body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body=data, headers={**self._credentials, **(headers or {})})
            answer = connection.getresponse()
            heard = {name.lower(): value for name, value in answer.getheaders()}
            return Heard(status=answer.status, headers=heard, body=answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:  # noqa: ANN401  # JSON is anything
        """Return what is found at an address of the API."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.text
        return answer.json

    def report(self, *check_ins: object) -> list[dict[str, Any]]:
        """Report check-ins and return what became of each."""
        answer = self.ask("POST", "/api/v1/check-ins", list(check_ins))
        assert answer.status in (202, 422), answer.text
        results: list[dict[str, Any]] = answer.json["results"]
        return results

    @property
    def _credentials(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}


def wait_until(holds: Callable[[], object]) -> None:
    """Return once it holds, asked again and again; fail when that does not come about."""
    end, pause = monotonic() + PATIENCE_SECONDS, threading.Event()
    while not holds():
        assert monotonic() < end, "it did not come about in time"
        pause.wait(0.02)


Change = Callable[[Configuration], Configuration]


@contextmanager
def serving(
    folder: Path, *, closed: bool = False, settings: WebSettings | None = None, change: Change = lambda c: c
) -> Iterator[Served]:
    """Run a server on a store in this folder; `closed` gives it an ingest key and a user token."""
    key, token = (new_secret(kind) for kind in CredentialKind)
    settings = settings or WebSettings()
    if closed:
        settings = replace(
            settings,
            ingest_keys=(Credential(name="jobs", digest=digest_of(key.encode())),),
            user_tokens=(Credential(name="ada", digest=digest_of(token.encode())),),
        )
    clock, ear, disk = SystemClock(), Ear(), Disk()
    metrics = Metrics(clock)
    store = SqliteStore(str(folder / "tocsin.db"), hook=disk.hook)
    loaded = load(None, {})
    policy = replace(loaded.configuration.policy, pace=EACH_ALONE)
    configuration = change(replace(loaded.configuration, policy=policy))
    channels = {name: ear for targets in configuration.targets.values() for name in targets}
    engine = Engine(
        store=store,
        configuration=configuration,
        channels=channels,
        clock=clock,
        new_id=lambda: secrets.token_hex(8),
        metrics=metrics,
        jitter=lambda: 0.5,
    )
    app = create_app(engine, store, settings, clock, metrics)
    engine.start()
    try:
        with _listening(app) as port:
            yield Served(
                port=port,
                engine=engine,
                store=store,
                metrics=metrics,
                ear=ear,
                disk=disk,
                key=key if closed else "",
                token=token if closed else "",
            )
    finally:
        engine.stop()
        store.close()


class _Announced(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextmanager
def _listening(app: ASGIApp) -> Iterator[int]:
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http="httptools", ws="none", lifespan="off", log_config=None
    )
    server = _Announced(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.listening.wait(PATIENCE_SECONDS)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


_numbers = itertools.count(1)


def fresh(name: str = "job") -> str:
    """Return a job name that no other test uses."""
    return f"{name}_{next(_numbers)}_{secrets.token_hex(3)}"
