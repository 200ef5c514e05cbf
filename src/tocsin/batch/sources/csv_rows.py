"""Files of comma-separated values; every record is a dict of strings."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.batch.sources.bad_record import BadRecord
from tocsin.batch.sources.columns import keys_of
from tocsin.batch.sources.lines import MAX_LINE_BYTES, Overlong, Readable, Skipping, blocks_of_lines
from tocsin.errors import InvalidPipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How values stand in a line; `header` names them where the file's first line does not.

    `quote` and `escape` are empty where there is no such sign.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    encoding: str = "utf-8"
    header: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name, least in (("delimiter", 1), ("quote", 0), ("escape", 0)):
            sign = getattr(self, name)
            if not isinstance(sign, str) or not least <= len(sign) <= 1 or sign in ("\n", "\r"):
                raise InvalidPipeline(f"{name} is {sign!r}; it is one character")
        try:
            if any(sign.encode(self.encoding) != sign.encode() for sign in "\n,;\t|\"'"):
                raise InvalidPipeline(
                    f"files in {self.encoding} cannot be read by lines; convert them to utf-8"
                )
        except (LookupError, UnicodeError):
            raise InvalidPipeline(f"encoding {self.encoding!r} is not known") from None
        if self.header is not None:
            if isinstance(self.header, str) or not self.header:
                raise InvalidPipeline(f"header is {self.header!r}; it is a list of names")
            keys_of(self.header, "header")


def csv_rows(
    stream: Readable, name: str, skipping: Skipping, dialect: Dialect, limit: int = MAX_LINE_BYTES
) -> Iterator[object]:
    """Yield a dict for each row, or a BadRecord; empty lines are no records.

    Raises InvalidPipeline for a header that names nothing.
    """
    rows = _rows(_Lines(stream, name, dialect.encoding, limit), dialect)
    header = dialect.header or _header_of(rows, name)
    width = len(header)
    for row in rows:
        if skipping.left:
            skipping.left -= 1
        elif isinstance(row, BadRecord):
            yield row
        elif len(row.values) == width:
            yield dict(zip(header, row.values, strict=True))
        else:
            yield BadRecord(f"{row.where}: {len(row.values)} values for {width} columns", row.raw)


def _header_of(rows: "Iterator[_Row | BadRecord]", name: str) -> Sequence[str]:
    """Return the names that the first row gives; none of an empty file."""
    row = next(rows, None)
    if isinstance(row, BadRecord):
        raise InvalidPipeline(f"the header of {row.reason}")
    if row is None:
        return ()
    return keys_of(row.values, f"the header of {name}")


class _Row:
    """The values of a row, and the lines that they stand in."""

    __slots__ = ("_lines", "values")

    def __init__(self, values: list[str], lines: "_Lines") -> None:
        self.values = values
        self._lines = lines

    @property
    def where(self) -> str:
        """Return where it begins; only until the next row is taken."""
        return self._lines.where

    @property
    def raw(self) -> bytes:
        """Return its lines; only until the next row is taken."""
        return b"\n".join(self._lines.raw)


class _TooLong(Exception):
    """A line, or a row of many lines, is longer than the limit."""


class _Lines:
    """Lines as text for the parser, which takes as many as a row has; those of the present row are kept."""

    def __init__(self, stream: Readable, name: str, encoding: str, limit: int) -> None:
        self._blocks = blocks_of_lines(stream, limit)
        self._waiting: deque[bytes | Overlong] = deque()
        self._name = name
        self._encoding = encoding
        self._limit = limit
        self._taken = 0
        self._size = 0
        self.raw: list[bytes] = []
        self.fault = ""
        self.is_over = False

    @property
    def where(self) -> str:
        """Return the name of the file, and the number of the line in which the present row begins."""
        return f"{self._name} line {self._taken - len(self.raw) + 1}"

    def begin(self) -> None:
        """Begin another row."""
        self.raw.clear()
        self.fault = ""
        self._size = 0

    def give_back(self) -> None:
        """Have all lines of the present row but its first be read again."""
        self._waiting.extendleft(reversed(self.raw[1:]))
        self._taken -= len(self.raw) - 1
        del self.raw[1:]

    def take_overlong(self) -> BadRecord:
        """Return what is said of the line that is too long, which is next."""
        line = self._waiting.popleft()
        assert isinstance(line, Overlong)  # noqa: S101 -- only then is it asked
        self._taken += 1
        where = f"{self._name} line {self._taken}"
        kept = f"its first {len(line.begin):,} are kept"
        return BadRecord(f"{where}: {line.size:,} bytes, longer than {self._limit:,}; {kept}", line.begin)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self._waiting:
            block = next(self._blocks, None)
            if block is None:
                self.is_over = True
                raise StopIteration
            self._waiting.extend([block] if isinstance(block, Overlong) else block)
        line = self._waiting[0]
        if isinstance(line, Overlong):
            raise _TooLong
        self._waiting.popleft()
        self.raw.append(line)
        self._taken += 1
        self._size += len(line)
        if self._size > self._limit:
            raise _TooLong
        try:
            return line.decode(self._encoding) + "\n"
        except UnicodeDecodeError:
            self.fault = f"{self.where}: not {self._encoding.upper()}"
            return line.decode(self._encoding, "replace") + "\n"


def _rows(lines: _Lines, dialect: Dialect) -> Iterator[_Row | BadRecord]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))  # of the process; higher harms nobody
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar=dialect.escape or None,
        strict=True,
    )
    while True:
        lines.begin()
        try:
            values = next(reader)
        except StopIteration:
            return
        except _TooLong:
            yield _never_closed(lines) if lines.raw else lines.take_overlong()
        except csv.Error as error:
            yield _never_closed(lines) if lines.is_over else _broken(lines, str(error))
        else:
            if lines.fault:
                yield _broken(lines)
            elif values:
                yield _Row(values, lines)


def _broken(lines: _Lines, reason: str = "") -> BadRecord:
    return BadRecord(lines.fault or f"{lines.where}: {reason}", b"\n".join(lines.raw))


_SHORT: Final = "a quote is opened and never closed"


def _never_closed(lines: _Lines) -> BadRecord:
    """Return the first line of a row that has no end; what was taken for the rest of it are rows again."""
    lines.give_back()
    return BadRecord(f"{lines.where}: {_SHORT}", lines.raw[0])
