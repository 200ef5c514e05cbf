"""Lines of a file in blocks, at a speed that leaves the time to what is in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

MAX_LINE_BYTES: Final = 16 * 2**20
BLOCK_BYTES: Final = 262_144
KEPT_BYTES: Final = 65_536
_BOM: Final = b"\xef\xbb\xbf"


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlong:
    """A line that is longer than the limit: how it begins, and how long it is."""

    begin: bytes
    size: int


def blocks_of_lines(stream: Readable, limit: int = MAX_LINE_BYTES) -> Iterator[list[bytes] | Overlong]:
    """Yield lines without their line feeds, as many at once as a block has, or one that is too long.

    A mark of the byte order at the start is left out. Never more than `limit` bytes and a block are held.
    """
    begun = bytearray()
    size = 0
    is_first = True
    while block := stream.read(min(BLOCK_BYTES, limit)):
        if is_first:
            block = block.removeprefix(_BOM)
            is_first = False
        cut = block.rfind(b"\n")
        if cut >= 0:
            lines = block[:cut].split(b"\n")
            if size + len(lines[0]) > limit:
                begun += lines[0][: max(0, KEPT_BYTES - len(begun))]
                yield Overlong(begin=bytes(begun[:KEPT_BYTES]), size=size + len(lines[0]))
                del lines[0]
            elif size:
                lines[0] = bytes(begun) + lines[0]
            yield lines
            begun.clear()
            size = 0
        rest = block[cut + 1 :]
        size += len(rest)
        begun += rest if size <= limit else rest[: max(0, KEPT_BYTES - len(begun))]
    if size > limit:
        yield Overlong(begin=bytes(begun[:KEPT_BYTES]), size=size)
    elif size:
        yield [bytes(begun)]


class Skipping:
    """How many records are still to be passed over; what passes over some takes them off."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left
