"""A picture of a page in few colours, which bears the name of what it was taken of.

Format: https://www.w3.org/TR/png-3/. The browser reads its own picture and chooses the colours: it does so in
no time, and Python would take minutes.
"""

import base64
import struct
import zlib
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

MOST_FREQUENT: Final = 12
MOST_COLOURS: Final = 28
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEYWORD: Final = b"Source\0"
_SCRIPT: Final = Path(__file__).with_name("palette.js")


def small_picture(page: Page, mark: str) -> bytes:
    """Return the whole page as a PNG of few colours that bears the mark."""
    png = base64.b64encode(page.screenshot(full_page=True)).decode()
    found = page.evaluate(_SCRIPT.read_text(encoding="utf-8"), [png, MOST_FREQUENT, MOST_COLOURS])
    return _written(found, mark)


def mark_in(png: bytes) -> str:
    """Return the mark that a picture bears, "" for none."""
    start = png.find(b"tEXt" + _KEYWORD)
    if start < 0:
        return ""
    [length] = struct.unpack(">I", png[start - 4 : start])
    return png[start + 4 + len(_KEYWORD) : start + 4 + length].decode("latin-1")


def _written(found: dict[str, Any], mark: str) -> bytes:
    pixels, width = base64.b64decode(found["pixels"]), int(found["width"])
    rows = [pixels[start : start + width] for start in range(0, len(pixels), width)]
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    body = (
        (b"IHDR", header),
        (b"tEXt", _KEYWORD + mark.encode("latin-1")),
        (b"PLTE", bytes(found["palette"])),
        (b"IDAT", packed),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(_chunk(name, content) for name, content in body)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
