"""A real PostgreSQL: one server for each test run, shared by its workers, thrown away afterwards.

The first test that asks for it starts it. It listens on a free loopback port, keeps its data in a folder of
its own and lives in a far-off time zone, so that a store which leans on the server's zone is found out.
PostgreSQL refuses to run as root; then it runs as `postgres` or `nobody`. It really writes to the disk, as
the tests that kill it require; TOCSIN_TEST_FSYNC=off turns that off where only speed matters.
"""

import fcntl
import json
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.services.ports import free_port
from tests.services.programs import POSTGRES, advice, find

RUN_FOLDER = "TOCSIN_TEST_RUN_FOLDER"
PREFIX = "tocsin-tests-"
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
timezone = 'Pacific/Chatham'
max_connections = 200
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A server of our own, known by its folder, port and password; it starts and stops at will."""

    folder: str
    port: int
    password: str

    @property
    def url(self) -> str:
        """The address of its database `postgres`, with the right to create others."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://tocsin:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers; RuntimeError with the end of its log when it does not."""
        log = Path(self.folder, "log")
        try:
            _run("pg_ctl", "start", "-w", "-t", "60", "-s", "-l", str(log), "-D", f"{self.folder}/data")
        except RuntimeError as error:
            raise RuntimeError(log.read_text()[-4000:] if log.exists() else str(error)) from error

    def stop(self, *, mode: str = "fast") -> None:
        """Stop it and wait: `smart`, `fast`, or `immediate`, which its clients feel like a crash."""
        _run("pg_ctl", "stop", "-w", "-s", "-m", mode, "-D", f"{self.folder}/data")

    def create_database(self) -> str:
        """Create an empty database and return its name."""
        name = f"test_{secrets.token_hex(6)}"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """The server of this run; it belongs to all workers, so a test must not stop it."""
    folder = Path(os.environ[RUN_FOLDER])
    record = folder / "postgres.json"
    with _locked(folder / "postgres.lock"):
        if not record.exists():
            record.write_text(json.dumps(asdict(_new_server(folder))))
        return PostgresServer(**json.loads(record.read_text()))


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of the run's server: its database `postgres`, shared by all tests."""
    return postgres_server.url


@pytest.fixture
def fresh_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a new, empty database of this test alone."""
    name = postgres_server.create_database()
    yield postgres_server.url_of(name)
    postgres_server.drop_database(name)


@pytest.fixture
def postgres_alone() -> Iterator[PostgresServer]:
    """A server of this test alone, running, to be stopped and started at will; costs a second or two."""
    server = _new_server(Path(os.environ[RUN_FOLDER]))
    yield server
    _throw_away(Path(server.folder))


@contextmanager
def throw_away_server() -> Iterator[PostgresServer]:
    """Give a server to something that is no test, such as a benchmark; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tocsin-server-") as folder:
        Path(folder).chmod(0o711)
        server = _new_server(Path(folder))
        try:
            yield server
        finally:
            _throw_away(Path(server.folder))


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a folder that the server's user may enter, and clear up after runs that were killed."""
    if hasattr(config, "workerinput"):
        return
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if left.stat().st_uid == os.geteuid() and not _is_run_alive(left):
            _clear(left)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    folder.chmod(0o711)
    os.environ[RUN_FOLDER] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers of the run when its last worker is done."""
    if not hasattr(config, "workerinput") and (folder := os.environ.pop(RUN_FOLDER, None)):
        _clear(Path(folder))


def _new_server(run_folder: Path) -> PostgresServer:
    """Make a data folder, start a server on it; a port that somebody took in between is tried again."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=run_folder))
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    for path in (folder, folder / "password"):
        os.chown(path, *_server_ids())
    _run(
        "initdb", "--no-sync", "--no-instructions", "--username=tocsin", "--encoding=UTF8", "--locale=C",
        "--auth=scram-sha-256", f"--pwfile={folder}/password", f"--pgdata={folder}/data",
    )  # fmt: skip  # one option after the other is one line of shell
    conf = folder / "data" / "postgresql.conf"
    base = conf.read_text() + SETTINGS + f"fsync = {os.environ.get('TOCSIN_TEST_FSYNC', 'on')}\n"
    failure = RuntimeError("never tried")
    for _ in range(5):
        server = PostgresServer(folder=str(folder), port=free_port(), password=password)
        conf.write_text(f"{base}port = {server.port}\n")
        try:
            server.start()
        except RuntimeError as error:
            failure = error
        else:
            return server
    raise failure


def _run(tool: str, *options: str) -> None:
    """Run one of PostgreSQL's tools as a user that it accepts; RuntimeError with what it said if it fails."""
    postgres = find(POSTGRES)
    if postgres is None:
        pytest.fail(advice((POSTGRES,)), pytrace=False)
    uid, gid = _server_ids()
    as_other = uid != os.geteuid()
    done = subprocess.run(
        [postgres.resolve().with_name(tool), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        check=False,
        user=uid if as_other else None,
        group=gid if as_other else None,
        extra_groups=[] if as_other else None,
    )
    if done.returncode:
        raise RuntimeError(f"{tool} ended with {done.returncode}: {done.stdout[-4000:]}")


def _server_ids() -> tuple[int, int]:
    """Return the user and group that the server runs as."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise RuntimeError("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`.")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that all workers of the run see."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _clear(run_folder: Path) -> None:
    for folder in run_folder.glob("postgres-*"):
        _throw_away(folder)
    shutil.rmtree(run_folder, ignore_errors=True)


def _throw_away(folder: Path) -> None:
    """Stop a server if it runs, and remove all it had."""
    with suppress(RuntimeError):
        _run("pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", f"{folder}/data")
    shutil.rmtree(folder, ignore_errors=True)


def _is_run_alive(run_folder: Path) -> bool:
    """Say whether the test run that made this folder, named after its process id, still goes on."""
    try:
        os.kill(int(run_folder.name.removeprefix(PREFIX).partition("-")[0]), 0)
    except (ProcessLookupError, ValueError):
        return False
    return True
