"""A real HTTP server on this machine that answers as badly as it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What came in; names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Server:
    """Answers with the answers it was given, one after the other, the last one for good."""

    port: int = 0
    answers: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    reads_bodies: bool = True
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until one side has enough."""
        self.connections += 1
        number = self.connections
        with suppress(OSError, asyncio.IncompleteReadError):
            while request := await _read(reader, number, with_body=self.reads_bodies):
                self.requests.append(request)
                self.asked.set()
                answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
                await answer(request, writer)
                if writer.is_closing():
                    break
        writer.close()

    async def hang(self, _: Request, writer: asyncio.StreamWriter) -> None:
        """Say nothing until the test ends."""
        await self.let_go.wait()
        writer.close()

    async def drip(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Accept, and begin a body that never ends."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        await self.hang(request, writer)


async def _read(reader: asyncio.StreamReader, connection: int, *, with_body: bool) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)) if with_body else 0)
    return Request(method=method, target=target, headers=headers, body=body, connection=connection)


def says(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, phrase: str = ""
) -> Answer:
    """Answer properly."""
    named = {"Content-Length": str(len(body)), **(headers or {})}
    phrase = phrase or (HTTPStatus(status).phrase if status in set(HTTPStatus) else "Odd")

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        content = b"" if request.method == "HEAD" else body
        writer.write(f"HTTP/1.1 {status} {phrase}\r\n{lines}\r\n".encode("latin-1") + content)
        await writer.drain()

    return answer


def sends(raw: bytes) -> Answer:
    """Send these bytes, whatever they are, and close."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    return answer


async def resets(request: Request, writer: asyncio.StreamWriter) -> None:
    """Break the connection off without a word."""
    writer.transport.abort()


@asynccontextmanager
async def serving(*answers: Answer, context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Give a server that answers like this, over TLS where there is a context for it."""
    server = Server(answers=list(answers))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**22, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.let_go.set()
        listening.close()
        await asyncio.wait_for(listening.wait_closed(), PATIENCE_SECONDS)
