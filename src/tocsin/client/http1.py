"""Sends one request over HTTP/1.1 and reads its answer, within one time limit for all of it.

Written by hand after RFC 9112 because http.client costs every cron job 25 ms of start-up. One request
per connection, no redirects (they would carry the key elsewhere), no proxies.
"""

import socket

from tocsin import clock
from tocsin.client.values import Value

MAX_ANSWER_BYTES = 4 * 1024 * 1024
_MAX_HEAD_LINES = 200
_MAX_LINE_BYTES = 16 * 1024
_MAX_RETRY_AFTER_SECONDS = 3600.0
_NO_CONTENT = (204, 304)
_MAX_PORT = 65535
_INTERIM = range(100, 200)


class Target(Value):
    """Where requests go: an origin, and the path to post to."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The Host header: brackets around IPv6, the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(tls=self.tls) else f"{host}:{self.port}"


class Answer(Value):
    """What the server said."""

    status: int
    body: bytes
    retry_after_seconds: float | None = None


class NoAnswer(Value):
    """Why there is none; `while_sending`: the server hung up on a body that it had not read to its end."""

    reason: str
    while_sending: bool = False


class _BadAnswer(Exception):
    """The bytes that came back are not HTTP/1.1, or too many."""


def parse_target(url: str, path: str) -> Target | str:
    """Return where `path` below `url` is, or what is wrong with the URL."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        return "it must begin with http:// or https://"
    if not url.isprintable() or " " in url:
        return "it must not hold blanks or control characters"
    authority, slash, prefix = rest.partition("/")
    if "@" in authority:
        return "it must not hold a user or password; put the key in TOCSIN_KEY"
    if "?" in rest or "#" in rest:
        return "it must not hold a query or a fragment"
    tls = scheme.lower() == "https"
    host, port = _split_authority(authority)
    if not host or not (port == "" or (port.isascii() and port.isdigit() and 0 < int(port) <= _MAX_PORT)):
        return "its host or port cannot be read"
    return Target(tls, host, int(port or _default_port(tls=tls)), (slash + prefix).rstrip("/") + path)


def post(target: Target, body: bytes, *, key: str, timeout_seconds: float) -> Answer | NoAnswer:
    """Return the server's answer to a JSON body, or the reason for having none; raises nothing.

    Looking up the name of the host is the one step that no time limit can cut short.
    """
    give_up = clock.monotonic() + timeout_seconds
    try:
        request = _head(target, body, key) + body
        with _connect(target, timeout_seconds) as channel:
            return _exchange(channel, request, give_up)
    except TimeoutError:
        return NoAnswer(f"no answer within {timeout_seconds:g} s")
    except (OSError, _BadAnswer, ValueError) as error:
        return NoAnswer(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def _default_port(*, tls: bool) -> int:
    return 443 if tls else 80


def _split_authority(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = authority.partition(":")
    return host, port


def _head(target: Target, body: bytes, key: str) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.host_header}",
        "User-Agent: tocsin-client",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    if key:
        if not key.isascii() or not key.isprintable():
            raise ValueError("the key holds characters that no header can carry")
        lines.append(f"Authorization: Bearer {key}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _connect(target: Target, timeout_seconds: float) -> socket.socket:
    # As text it would be taken through a table of all letters of all languages, which has to be loaded.
    host = target.host.encode("ascii") if target.host.isascii() else target.host
    plain = socket.create_connection((host, target.port), timeout=timeout_seconds)  # type: ignore[arg-type]  # bytes are looked up as they are
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not target.tls:
        return plain
    try:
        import ssl

        return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    except BaseException:  # the socket is closed whatever happened; raised on
        plain.close()
        raise


def _exchange(channel: socket.socket, request: bytes, give_up: float) -> Answer | NoAnswer:
    reader = _Reader(channel, give_up)
    try:
        reader.arm()
        channel.sendall(request)
    except (BrokenPipeError, ConnectionResetError):
        # A server that refuses a body may say why before it hangs up.
        try:
            return _read_answer(reader)
        except (OSError, _BadAnswer, ValueError):
            return NoAnswer("the server hung up while it was sent to", while_sending=True)
    return _read_answer(reader)


class _Reader:
    """Reads lines and bytes from a socket, never beyond the time limit or the size limit."""

    def __init__(self, channel: socket.socket, give_up: float) -> None:
        self._channel = channel
        self._give_up = give_up
        self._held = b""
        self._taken = 0

    def arm(self) -> None:
        left = self._give_up - clock.monotonic()
        if left <= 0:
            raise TimeoutError
        self._channel.settimeout(left)

    def _more(self) -> bool:
        self.arm()
        data = self._channel.recv(65536)
        self._taken += len(data)
        if self._taken > MAX_ANSWER_BYTES:
            raise _BadAnswer("the answer is too large")
        self._held += data
        return bool(data)

    def line(self) -> bytes:
        while b"\n" not in self._held:
            if len(self._held) > _MAX_LINE_BYTES:
                raise _BadAnswer("the answer has a line that is too long")
            if not self._more():
                raise _BadAnswer("the server hung up without an answer")
        line, _, self._held = self._held.partition(b"\n")
        return line.rstrip(b"\r")

    def exactly(self, count: int) -> bytes:
        if count > MAX_ANSWER_BYTES:
            raise _BadAnswer("the answer is too large")
        while len(self._held) < count:
            if not self._more():
                raise _BadAnswer("the server hung up in the middle of its answer")
        data, self._held = self._held[:count], self._held[count:]
        return data

    def rest(self) -> bytes:
        while self._more():
            pass
        return self._held


def _read_answer(reader: _Reader) -> Answer:
    status, headers = _read_head(reader)
    while status in _INTERIM:
        status, headers = _read_head(reader)
    return Answer(status, _read_body(reader, status, headers), _retry_after(headers.get("retry-after", "")))


def _read_head(reader: _Reader) -> tuple[int, dict[str, str]]:
    version, _, rest = reader.line().partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or not status.isdigit():
        raise _BadAnswer("the answer is not HTTP/1.1")
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEAD_LINES):
        line = reader.line()
        if not line:
            return int(status), headers
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    raise _BadAnswer("the answer has too many headers")


def _read_body(reader: _Reader, status: int, headers: dict[str, str]) -> bytes:
    if status in _NO_CONTENT:
        return b""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(reader)
    if "content-length" in headers:
        return reader.exactly(_number(headers["content-length"], 10))
    return reader.rest()


def _read_chunks(reader: _Reader) -> bytes:
    chunks: list[bytes] = []
    while size := _number(reader.line().partition(b";")[0].decode("latin-1"), 16):
        chunks.append(reader.exactly(size))
        reader.line()
    return b"".join(chunks)


def _number(text: str, base: int) -> int:
    number = int(text.strip() or "x", base)
    if number < 0:
        raise _BadAnswer("the answer has a negative length")
    return number


def _retry_after(value: str) -> float | None:
    """Read the header as seconds or as a date (RFC 9110 §10.2.3); bounded, so that no answer silences us."""
    if not value:
        return None
    try:
        seconds = float(value) if value.isdigit() else _seconds_until(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER_SECONDS)


def _seconds_until(date: str) -> float:
    from email.utils import parsedate_to_datetime

    return (parsedate_to_datetime(date) - clock.now()).total_seconds()
