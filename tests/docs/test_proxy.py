"""The documented nginx before a real server: reporting, looking, logging in and acknowledging through it."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.docs.pages import ROOT, SNIPPETS
from tests.services.ports import free_port
from tests.services.programs import NGINX, find
from tocsin.clock import monotonic

PATIENCE_SECONDS = 30.0
NAME = "tocsin.example.com"
INGEST, ADA = "an-ingest-key-of-cron", "a-token-of-ada-alone"
KEYS = {"TOCSIN_INGEST_KEY": INGEST, "ADA_TOKEN": ADA}
KEPT_NAME = "proxy_set_header Host $host;"
FORWARDED = """
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
"""
NO_KEYS = "server: {host: 127.0.0.1}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer that came through the proxy."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """A server with the proxy before it; `certificate` is what its clients trust."""

    port: int
    certificate: Path
    folder: Path

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Said:
        """Ask as somebody who has looked up the proxy's name."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS) as plain,
            trust.wrap_socket(plain, server_hostname=NAME) as channel,
        ):
            connection = http.client.HTTPConnection(NAME)
            connection.sock = channel
            connection.request(method, path, body or None, {"Host": NAME, **(headers or {})})
            answer = connection.getresponse()
            return Said(status=answer.status, headers=dict(answer.headers), text=answer.read().decode())

    def submit(self, path: str, cookie: str = "", *, origin: str = f"https://{NAME}", **form: str) -> Said:
        """Send a form as a page of ours does in an old browser, which names only its origin."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie, "Origin": origin}
        return self.ask("POST", path, urlencode(form).encode(), headers)

    def run_job(self, *command: str) -> None:
        """Run a command as a watched job that reports through the proxy."""
        environment = {
            **_clean(),
            "HOME": str(self.folder),
            "TOCSIN_URL": f"https://localhost:{self.port}",
            "TOCSIN_KEY": INGEST,
            "TOCSIN_SPOOL": str(self.folder / "spool"),
            "SSL_CERT_FILE": str(self.certificate),
        }

        def tocsin(*words: str) -> subprocess.CompletedProcess[bytes]:
            line = [sys.executable, "-m", "tocsin", *words]
            return subprocess.run(line, env=environment, check=False, capture_output=True, timeout=60)

        tocsin("run", "--job", "etl", "--", *command)
        # A job is held up for less than a second: on a busy machine the rest waits, for this here.
        flushed = tocsin("flush")
        assert flushed.stdout.endswith(b" delivered, 0 waiting\n"), flushed.stderr


def _clean() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return {**clean, "PYTHONPATH": str(ROOT / "src")}


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "cert.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-nodes", "-days", "2"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    named = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},DNS:localhost"]
    written = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, *kind, *named, *written], check=True, capture_output=True)
    return certificate, key


def _proxy_configuration(folder: Path, port: int, behind: int, also: str) -> Path:
    """Write the documented server, and what somebody has added, so that any user can start it."""
    certificate, key = _certificate(folder)
    server = (SNIPPETS / "tls" / "nginx.conf").read_text()
    for documented, here in (
        ("443 ssl", f"127.0.0.1:{port} ssl"),
        (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(certificate)),
        (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(key)),
        ("127.0.0.1:8465", f"127.0.0.1:{behind}"),
        (KEPT_NAME, also if "Host" in also else f"{KEPT_NAME}{also}"),
    ):
        assert documented in server
        server = server.replace(documented, here)
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{place}_temp_path {folder}/{place};\n" for place in places)
    path = folder / "nginx.conf"
    path.write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\ndaemon off;\nmaster_process off;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{server}\n}}\n"
    )
    return path


@contextmanager
def _started(words: list[str], folder: Path, port: int, environment: Mapping[str, str]) -> Iterator[None]:
    glance = threading.Event()
    until = monotonic() + PATIENCE_SECONDS
    log = folder / f"{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=file, stderr=file)
    try:
        while True:
            with socket.socket() as knocking:
                if knocking.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, log.read_text()
            assert monotonic() < until, f"{words} does not listen"
            glance.wait(0.02)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)


@contextmanager
def _behind_nginx(folder: Path, configuration: str, also: str = "") -> Iterator[Front]:
    nginx = find(NGINX)
    assert nginx is not None, "nginx is not there; make test would have installed it"
    port, behind = free_port(), free_port()
    (folder / "tocsin.yaml").write_text(configuration)
    serve = [sys.executable, "-m", "tocsin", "serve", "--port", str(behind), "--data", str(folder / "data")]
    conf = _proxy_configuration(folder, port, behind, also)
    front = Front(port=port, certificate=folder / "cert.pem", folder=folder)
    with (
        _started(serve, folder, behind, {**_clean(), **KEYS, "HOME": str(folder)}),
        _started([str(nginx), "-p", str(folder), "-c", str(conf)], folder, port, _clean()),
    ):
        yield front


@pytest.fixture(params=["", FORWARDED], ids=["as documented", "with what proxies often add"])
def front(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Front]:
    documented = (SNIPPETS / "tls" / "proxy.yaml").read_text()
    with _behind_nginx(tmp_path, documented, also=request.param) as front:
        yield front


def test_what_is_documented_takes_a_job_from_its_failure_to_an_acknowledgement(front: Front) -> None:
    front.run_job("sh", "-c", "exit 3")
    token = {"Authorization": f"Bearer {ADA}"}
    (alert,) = json.loads(front.ask("GET", "/api/v1/alerts", headers=token).text)["items"]
    assert (alert["job"], alert["state"]) == ("etl", "firing")

    sent_away = front.ask("GET", "/")
    assert (sent_away.status, sent_away.headers["location"]) == (303, "/login?next=%2F")
    let_in = front.submit("/login", token=ADA, next="/")
    cookie, _, how = let_in.headers["set-cookie"].partition(";")
    assert cookie.startswith("__Host-tocsin=")
    assert "Secure" in how
    page = front.ask("GET", "/", headers={"Cookie": cookie})
    assert (page.status, "etl" in page.text) == (200, True)

    acknowledge = f"/alerts/{alert['id']}/acknowledge"
    assert front.submit(acknowledge, cookie, origin="https://evil.example").status == 403
    assert front.submit(acknowledge, cookie, note="on it").status == 303
    taken = json.loads(front.ask("GET", f"/api/v1/alerts/{alert['id']}", headers=token).text)
    assert taken["state"] == "acknowledged"
    assert "ada" in json.dumps(taken)


def test_a_body_as_large_as_a_check_in_may_bring_comes_through(front: Front) -> None:
    many = [{"job": "etl", "kind": "log", "log_tail": "x" * 9_000} for _ in range(400)]
    headers = {"Authorization": f"Bearer {INGEST}", "Content-Type": "application/json"}

    assert front.ask("POST", "/api/v1/check-ins", json.dumps(many).encode(), headers).status == 202
    too_large = json.dumps([{"job": "etl", "kind": "log", "log_tail": "x" * 9_000}] * 480).encode()
    assert front.ask("POST", "/api/v1/check-ins", too_large, headers).status == 413


def test_a_server_without_keys_lets_nobody_through_the_proxy(tmp_path: Path) -> None:
    with _behind_nginx(tmp_path, NO_KEYS) as front:
        assert front.ask("GET", "/").status == 421
        assert front.ask("POST", "/api/v1/check-ins", b'{"job":"etl","kind":"fail"}').status == 421


def test_a_server_without_keys_lets_nobody_through_a_proxy_that_takes_its_name(tmp_path: Path) -> None:
    with _behind_nginx(tmp_path, NO_KEYS, also=f"proxy_set_header Host localhost;{FORWARDED}") as front:
        assert front.ask("GET", "/").status == 403
