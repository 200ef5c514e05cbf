import ssl
import subprocess
from pathlib import Path

import pytest

from tests.client.listener import Listener, listening
from tests.client.programs import Programs, waiting_in


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate for 127.0.0.1 that nobody trusts yet, with its key in one file."""
    path = tmp_path / "server.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", str(path), "-out", str(tmp_path / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (tmp_path / "cert.pem").read_text())
    return path


def secured(listener: Listener, certificate: Path) -> str:
    """Have a listener speak TLS; return its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener.wrap(context)
    return listener.url.replace("http://", "https://")


def test_a_server_with_a_certificate_that_is_trusted_is_reported_to(
    programs: Programs, certificate: Path, spool: Path
) -> None:
    with listening() as listener:
        env = {"TOCSIN_URL": secured(listener, certificate), "SSL_CERT_FILE": str(certificate)}

        assert programs.run("run", "--", "true", env=env).err == b""
        assert listener.kinds() == ["start", "success"]


def test_a_server_that_cannot_prove_who_it_is_hears_nothing(
    programs: Programs, certificate: Path, spool: Path
) -> None:
    with listening() as listener:
        env = {"TOCSIN_URL": secured(listener, certificate), "TOCSIN_KEY": "s3cret"}
        done = programs.run("run", "--", "true", env=env)

        assert listener.requests == []
    assert done.code == 0
    assert b"self-signed certificate" in done.err
    assert len(waiting_in(spool)) == 2
