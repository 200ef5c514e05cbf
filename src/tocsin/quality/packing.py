"""Numbers of a Normal as bytes: two bytes each, so that an effect for each hour of the week fits."""

from collections.abc import Iterable
from struct import pack, unpack_from

HUNDREDTHS = 100.0
_LARGEST = 32_767


def packed(values: Iterable[float]) -> bytes:
    """Return numbers as signed two-byte hundredths, the largest cut off at 327."""
    whole = [max(-_LARGEST, min(_LARGEST, round(value * HUNDREDTHS))) for value in values]
    return pack(f"<{len(whole)}h", *whole)


def unpacked(data: bytes) -> tuple[float, ...]:
    """Return the numbers again."""
    return tuple([number / HUNDREDTHS for number in unpack_from(f"<{len(data) // 2}h", data)])


def number_at(data: bytes, index: int) -> float:
    """Return one of the numbers, 0 where there is none."""
    if 2 * index + 2 > len(data):
        return 0.0
    number: int = unpack_from("<h", data, 2 * index)[0]
    return number / HUNDREDTHS
