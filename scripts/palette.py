"""Makes a picture of a page small: its few colours become a palette, which a third of the bytes can hold.

Format: https://www.w3.org/TR/png-3/, read as far as browsers write it: eight bits, with or without alpha.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import cache

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_COLOURS = 256
MOST_FREQUENT = 64
SAMPLES = {2: 3, 6: 4}


def with_palette(png: bytes) -> bytes:
    """Return the picture in at most 256 colours, every other one as the nearest of them."""
    width, rows = _read(png)
    pixels = [[row[i : i + 3] for i in range(0, len(row), len(row) // width)] for row in rows]
    palette = _palette(Counter(p for row in pixels for p in row))

    @cache
    def nearest(colour: bytes) -> int:
        return min(range(len(palette)), key=lambda n: _distance(palette[n], colour))

    packed = b"".join(b"\0" + bytes(map(nearest, row)) for row in pixels)
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)
    chunks = {b"IHDR": header, b"PLTE": b"".join(palette), b"IDAT": zlib.compress(packed, 9), b"IEND": b""}
    return SIGNATURE + b"".join(_chunk(name, body) for name, body in chunks.items())


def _palette(counted: "Counter[bytes]") -> list[bytes]:
    """Return the most frequent colours, then again and again the one that is farthest from them."""
    palette = [colour for colour, _ in counted.most_common(MOST_FREQUENT)]
    far = {colour: min(_distance(known, colour) for known in palette) for colour in counted}
    while len(palette) < min(MOST_COLOURS, len(counted)):
        chosen = max(far, key=lambda colour: far[colour])
        palette.append(chosen)
        far = {colour: min(distance, _distance(chosen, colour)) for colour, distance in far.items()}
    return palette


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _read(png: bytes) -> tuple[int, list[bytes]]:
    """Return the width, and the bytes of each row without the filters that it was packed with."""
    chunks = list(_chunks(png))
    width, height, _, colours = struct.unpack(">IIBB", chunks[0][1][:10])
    step = SAMPLES[colours]
    data = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    length = width * step
    rows: list[bytes] = []
    above = bytes(length)
    for start in range(0, height * (length + 1), length + 1):
        above = _unfiltered(data[start], data[start + 1 : start + 1 + length], above, step)
        rows.append(above)
    return width, rows


def _unfiltered(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    row = bytearray(line)
    for i in range(len(row)):
        left, up = row[i - step] if i >= step else 0, above[i]
        corner = above[i - step] if i >= step else 0
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        row[i] = (row[i] + guess) & 0xFF
    return bytes(row)


def _paeth(left: int, up: int, corner: int) -> int:
    by_left, by_up, by_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner
