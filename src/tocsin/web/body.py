"""Reading the body of a request, whatever is sent: bounded on the wire and after it is unpacked."""

import asyncio
import zlib
from collections.abc import Mapping
from typing import Final

from starlette.types import Receive

from tocsin.web.faults import Problem

MAX_SENT: Final = 4 * 2**20
MAX_UNPACKED: Final = 16 * 2**20
MAX_MEMBERS: Final = 16
MAX_VALUES: Final = 250_000
FEWEST_BYTES: Final = 2
_SLICE: Final = 2**20
_OPENERS: Final = (b",", b"[", b"{")
_UNPACK_ASIDE: Final = 64 * 2**10
_WINDOW_BITS: Final = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}

_TOO_LARGE: Final = Problem(
    status=413,
    code="too_large",
    message=f"The body is larger than {MAX_SENT // 2**20} MiB; send the check-ins in several requests.",
)
_UNPACKS_TOO_LARGE: Final = Problem(
    status=413,
    code="too_large",
    message=f"The body is larger than {MAX_UNPACKED // 2**20} MiB when unpacked; send it in several parts.",
)
TOO_MANY_VALUES: Final = Problem(
    status=413,
    code="too_large",
    message=f"The body holds more than {MAX_VALUES:,} values; send the check-ins in several requests.",
)
_DAMAGED: Final = Problem(
    status=400, code="damaged_body", message="The body cannot be unpacked; it is damaged or incomplete."
)
_UNKNOWN_ENCODING: Final = Problem(
    status=415,
    code="unknown_encoding",
    message="The body's Content-Encoding is not known here; send it plain, or as gzip or deflate.",
)
_GONE: Final = Problem(status=400, code="gone", message="The sender left before the body was complete.")


async def read_body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes | Problem:
    """Return the whole body of a request, unpacked, or why it cannot be had.

    At most 4 MiB as sent and 16 MiB unpacked; gzip and deflate are understood.
    """
    sent = await _read_sent(receive)
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if isinstance(sent, Problem) or encoding in (b"", b"identity"):
        return sent
    window_bits = _WINDOW_BITS.get(encoding)
    if window_bits is None:
        return _UNKNOWN_ENCODING
    if len(sent) < _UNPACK_ASIDE:
        return unpack(sent, window_bits)
    return await asyncio.to_thread(unpack, sent, window_bits)


async def _read_sent(receive: Receive) -> bytes | Problem:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return _whole(message["type"], body)
    chunks, size = [body], len(body)
    while message.get("more_body", False) and size <= MAX_SENT:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    return _whole(message["type"], b"".join(chunks))


def _whole(kind: str, body: bytes) -> bytes | Problem:
    if kind != "http.request":
        return _GONE
    return body if len(body) <= MAX_SENT else _TOO_LARGE


def unpack(sent: bytes, window_bits: int) -> bytes | Problem:
    """Return what was compressed, at most 16 MiB of it; `window_bits` as zlib takes them."""
    parts: list[bytes] = []
    room = MAX_UNPACKED + 1
    try:
        for _ in range(MAX_MEMBERS):
            unpacker = zlib.decompressobj(window_bits)
            parts.append(unpacker.decompress(sent, room))
            room -= len(parts[-1])
            if room <= 0:
                return _UNPACKS_TOO_LARGE
            if not unpacker.eof:
                return _DAMAGED
            sent = unpacker.unused_data
            if not sent:
                return b"".join(parts)
    except zlib.error:
        return _DAMAGED
    return _DAMAGED


def holds_too_much(body: bytes) -> bool:
    """Whether JSON holds so many values that reading it would cost a hundred times its size in memory.

    Values are counted by what must stand between or around them, outside of strings. Nearly every body is
    let through by its length, or by a count that does not look for strings.
    """
    if len(body) <= MAX_VALUES * FEWEST_BYTES or sum(map(body.count, _OPENERS)) <= MAX_VALUES:
        return False
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    values, inside = 0, 0
    for start in range(0, len(plain), _SLICE):
        parts = plain[start : start + _SLICE].split(b'"')
        outside = b"".join(parts[inside::2])
        values += sum(map(outside.count, _OPENERS))
        inside = (inside + len(parts) - 1) % 2
    return values > MAX_VALUES
