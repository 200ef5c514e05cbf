"""Files with one JSON value a line."""

from collections.abc import Iterator
from typing import Final

import msgspec

from tocsin.batch.sources.bad_record import BadRecord
from tocsin.batch.sources.lines import MAX_LINE_BYTES, Overlong, Readable, Skipping, blocks_of_lines

_EMPTY: Final = (b"", b"\r")
_decode = msgspec.json.Decoder().decode


def json_lines(
    stream: Readable, name: str, skipping: Skipping, limit: int = MAX_LINE_BYTES
) -> Iterator[object]:
    """Yield what each line says, or a BadRecord for one that is no JSON; empty lines are no records."""
    number = 1
    for lines in blocks_of_lines(stream, limit):
        if isinstance(lines, Overlong):
            if skipping.left:
                skipping.left -= 1
            else:
                yield _overlong(lines, f"{name} line {number}", limit)
            number += 1
            continue
        passed = _passed_over(lines, skipping) if skipping.left else 0
        for index, line in enumerate(lines[passed:] if passed else lines, number + passed):
            try:
                record = _decode(line)
            except (ValueError, RecursionError) as error:
                if line in _EMPTY:
                    continue
                yield BadRecord(f"{name} line {index}: {_reason(error)}", line)
            else:
                yield record
        number += len(lines)


def _passed_over(lines: list[bytes], skipping: Skipping) -> int:
    """Return how many of these lines come before the first that is wanted."""
    count = len(lines) - sum(map(lines.count, _EMPTY))
    if count <= skipping.left:
        skipping.left -= count
        return len(lines)
    for index, line in enumerate(lines):
        if not skipping.left:
            return index
        if line not in _EMPTY:
            skipping.left -= 1
    return len(lines)


def _overlong(line: Overlong, where: str, limit: int) -> BadRecord:
    return BadRecord(
        f"{where}: {line.size:,} bytes, longer than {limit:,}; its first {len(line.begin):,} are kept",
        line.begin,
    )


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"not JSON: {error}"
