"""Puts the rooms together and runs the server; the only file besides `config` that knows concrete stores."""

import asyncio
import gc
import logging
import os
import random
import secrets
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import uvicorn

from tocsin.clock import SystemClock
from tocsin.config.loading import Loaded, load
from tocsin.config.settings import CallBack, Key, ServerSettings, default_database
from tocsin.engine.engine import Engine
from tocsin.errors import ConfigError, StoreError
from tocsin.store.base import Store
from tocsin.store.sqlite import SqliteStore
from tocsin.telemetry.metrics import Metrics
from tocsin.web.application import create_app
from tocsin.web.listener import Listener
from tocsin.web.settings import Credential, CredentialKind, Hook, WebSettings

EXIT_FAILED = 1
EXIT_BAD_CONFIGURATION = 3
LOOPBACK = ("127.0.0.1", "::1", "localhost")
POSTGRES_SCHEMES = ("postgresql://", "postgres://")
KEEP_ALIVE_SECONDS = 75
STOP_SECONDS = 10
PREPARE_SECONDS = 0.05
GC_THRESHOLDS = (50_000, 20, 100)

_OPENING = frozenset(kind.value for kind in CredentialKind)

_log = logging.getLogger("tocsin")


def serve(
    path: str | None, *, host: str | None = None, port: int | None = None, database: str | None = None
) -> int:
    """Run the server until it is told to stop; return the exit code.

    `path` is the configuration file, None for none; the others override what it says. SIGHUP reads
    the file again and keeps the running configuration when the new one is bad.
    """
    _log_to_stderr()
    try:
        loaded = load(path, os.environ)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_CONFIGURATION
    _warn(loaded)
    settings = _overridden(loaded.server, host=host, port=port, database=database)
    try:
        store = open_store(settings.database)
    except StoreError as error:
        sys.stderr.write(f"tocsin: {error}\n")
        return EXIT_FAILED
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_Server(path, loaded, settings, store).run())
    finally:
        store.close()


def calm_collector() -> None:
    """Take what was loaded out of the collector's rounds, and make those rarer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 -- not there on every platform
    except ImportError:  # the library is not made for every platform; asyncio's own loop serves as well
        return None
    return uvloop.new_event_loop


def open_store(database: str) -> Store:
    """Return the opened store at a path or a postgresql:// address; raises StoreError."""
    if database.startswith(POSTGRES_SCHEMES):
        try:
            from tocsin.store.postgres import PostgresStore  # noqa: PLC0415 -- an extra of its own
        except ImportError:
            raise StoreError("PostgreSQL needs its driver: pip install 'tocsin[postgres]'") from None
        return PostgresStore(database)
    path = database or default_database(os.environ)
    folder = Path(path).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the data folder {folder} cannot be made: {error.strerror}") from None
    return SqliteStore(path)


class _Server:
    """One run of the server, from its first to its last breath."""

    def __init__(self, path: str | None, loaded: Loaded, settings: ServerSettings, store: Store) -> None:
        self._path = path
        self._read = loaded.server
        self._settings = settings
        self._store = store
        clock = SystemClock()
        metrics = Metrics(clock)
        self._engine = Engine(
            store=store,
            configuration=loaded.configuration,
            channels=loaded.channels,
            clock=clock,
            new_id=lambda: secrets.token_hex(8),
            metrics=metrics,
            jitter=random.random,
        )
        self._engine.watchdog.heartbeat = loaded.heartbeat
        self._host = _allowed_host(settings, store)
        self._app = create_app(
            self._engine, store, web_settings(loaded, settings, self._host), clock=clock, metrics=metrics
        )
        self._uvicorn = Listener(_uvicorn_config(self._app, settings, self._host))

    async def run(self) -> int:
        """Serve until stopped; what is queued and being sent is finished first."""
        self._engine.start()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
        calm_collector()
        preparing = asyncio.create_task(self._prepare())
        try:
            await self._uvicorn.serve()
        except SystemExit:
            where = (self._host, self._settings.port)
            _log.error("the server cannot listen on %s:%d; choose another with --host or --port", *where)
            return EXIT_FAILED
        finally:
            preparing.cancel()
            await asyncio.to_thread(self._engine.stop)
        return 0

    async def _prepare(self) -> None:
        """Load the API and the pages once check-ins are served."""
        while not self._uvicorn.started:  # noqa: ASYNC110 -- uvicorn has no event to wait for
            await asyncio.sleep(PREPARE_SECONDS)
        scheme = "https" if self._settings.tls_certificate else "http"
        _log.info("Tocsin listens on %s://%s:%d", scheme, self._host, self._settings.port)
        await asyncio.to_thread(self._app.prepare)
        calm_collector()

    def _reload(self) -> None:
        try:
            loaded = load(self._path, os.environ)
        except ConfigError as error:
            _log.error("the configuration is kept as it was, because the new one is bad:\n%s", error)
            return
        _warn(loaded)
        self._engine.reconfigure(loaded.configuration, loaded.channels)
        self._engine.watchdog.heartbeat = loaded.heartbeat
        self._app.reload(web_settings(loaded, self._settings, self._host))
        if _without_keys(loaded.server) != _without_keys(self._read):
            _log.warning("what has changed under `server` takes effect only after a restart")
        if self._host != self._settings.host and _has_keys(loaded.server):
            _log.warning("there are keys now: restart the server to listen on %s", self._settings.host)
        if _has_keys(self._read) and not _has_keys(loaded.server):
            _log.warning("there are no keys any more; without tokens everybody on this machine may do all")
        _log.info("the configuration was read again; jobs follow in slices")


def _overridden(
    settings: ServerSettings, *, host: str | None, port: int | None, database: str | None
) -> ServerSettings:
    return replace(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
        database=settings.database if database is None else database,
    )


def _allowed_host(settings: ServerSettings, store: Store) -> str:
    """Return the address to bind to: loopback alone while anybody could come in without a key."""
    if settings.host in LOOPBACK or _has_keys(settings):
        return settings.host
    with store.reading() as reading:
        if any(token.kind in _OPENING for token in reading.tokens()):
            return settings.host
    _log.warning(
        "no key and no token is configured, so the server listens on 127.0.0.1 alone instead of %s; "
        "add `keys:` to the configuration, or make one with `tocsin token create`, to open it",
        settings.host,
    )
    return "127.0.0.1"


def _has_keys(settings: ServerSettings) -> bool:
    return bool(settings.ingest_keys or settings.user_tokens)


def _without_keys(settings: ServerSettings) -> ServerSettings:
    return replace(settings, ingest_keys=(), user_tokens=())


def web_settings(loaded: Loaded, started: ServerSettings, host: str) -> WebSettings:
    """Return what the web room needs to know, of a server that was started so and is bound to `host`."""
    base_url = loaded.configuration.base_url
    return WebSettings(
        host=host,
        base_url=base_url,
        ingest_keys=_credentials(loaded.server.ingest_keys),
        user_tokens=_credentials(loaded.server.user_tokens),
        secure=bool(started.tls_certificate) or base_url.startswith("https://"),
        hooks=_hooks(loaded.call_backs),
        lines=loaded.lines,
    )


def _hooks(call_backs: tuple[CallBack, ...]) -> tuple[Hook, ...]:
    return tuple(
        Hook(kind=one.kind, receiver=one.receiver, secrets=tuple(secret.encode() for secret in one.secrets))
        for one in call_backs
    )


def _credentials(keys: tuple[Key, ...]) -> tuple[Credential, ...]:
    return tuple(Credential(name=key.name, digest=key.digest) for key in keys)


def _uvicorn_config(app: Callable[..., object], settings: ServerSettings, host: str) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=settings.port,
        http="httptools",
        loop="none",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )


def _warn(loaded: Loaded) -> None:
    for problem in loaded.warnings:
        _log.warning("%s", problem.told(loaded.source))


def _log_to_stderr() -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
