"""How results are printed: tables that fit, times of this place, JSON for programs, nothing that bites."""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click

from tocsin.cli.exits import Exit, give_up
from tocsin.clock import now
from tocsin.notify.inert import line as inert_line
from tocsin.notify.inert import lines as inert_lines

MAX_CELL = 2_000
MAX_TEXT = 64 * 1024
NARROWEST = 8
GAP = "  "
SEVERITY_COLOURS = {"info": "cyan", "warning": "yellow", "critical": "red", "page": "magenta"}
STANDING_COLOURS = {
    "fine": "green",
    "success": "green",
    "healthy": "green",
    "running": "cyan",
    "trouble": "red",
    "failed": "red",
    "timeout": "red",
    "firing": "red",
    "unknown": "yellow",
    "late": "yellow",
    "paused": "yellow",
    "acknowledged": "yellow",
}
VERDICT_COLOURS = {
    "pass": "green",
    "warn": "yellow",
    "fail": "red",
    "error": "red",
    "no data": "red",
    "learning": "cyan",
}
COLOURS = {**SEVERITY_COLOURS, **STANDING_COLOURS, **VERDICT_COLOURS}
NOTHING = "–"


Read = Callable[[Mapping[str, object]], object]


class Column(NamedTuple):
    """A column of a table; `gives` says that it may be cut where the terminal is narrow."""

    title: str
    read: Read
    gives: bool = False


def print_json(value: object) -> None:
    """Print a result as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=not _speaks_unicode()))


def say(text: str) -> None:
    """Print a message for people, beside the result."""
    click.echo(text, err=True)


def print_or_write(content: bytes, path: Path | None) -> None:
    """Give what the server sent to a file, and say so; without a path to standard output."""
    if path is None:
        click.echo(content, nl=False)
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        give_up(f"{path} cannot be written: {error.strerror}", Exit.FAILED)
    say(f"{path} written")


def items_of(page: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the items of a list that the API answered."""
    items = page.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def print_table(
    columns: Sequence[Column], items: Sequence[Mapping[str, object]], *, below: Read | None = None
) -> None:
    """Print items as rows; on a terminal they are cut to its width, in a pipe they are whole.

    What `below` says of an item stands under its row, where it says something; a tuple are several lines.
    """
    rows = [[_cell(column.read(item)) for column in columns] for item in items]
    widths = [max(map(width_of, (c.title, *(row[n] for row in rows)))) for n, c in enumerate(columns)]
    limit = _terminal_width()
    if limit is not None:
        _fit(widths, columns, limit)
    click.echo(_row([column.title for column in columns], widths))
    for item, row in zip(items, rows, strict=True):
        click.echo(_row(row, widths))
        more = below(item) if below else None
        for line in filter(None, more if isinstance(more, tuple) else (more,)):
            click.echo(f"{GAP}{_cut(_cell(line), limit - len(GAP)) if limit else _cell(line)}")


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print names and values, one to a line; those without a value are left out."""
    shown = [(name, _cell(value)) for name, value in facts if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name.ljust(width)}{GAP}{painted(value)}")


def print_parts(whole: Mapping[str, object], parts: Sequence[tuple[str, str, Sequence[Column]]]) -> None:
    """Print lists within what the API answered as tables: title, field and columns of each that holds any."""
    for title, field, columns in parts:
        items = items_of({"items": whole.get(field)})
        if items:
            click.echo(f"\n{title}")
            print_table(columns, items)


def print_lines(text: str) -> None:
    """Print lines that strangers wrote, harmless and indented."""
    for line in inert_lines(text, MAX_TEXT).splitlines():
        click.echo(f"{GAP}{line}")


def moment(value: object) -> str:
    """Return an instant of the API as this place's clocks show it: `21 Nov 22:10 CET`."""
    at = instant(value)
    if at is None:
        return NOTHING
    local = at.astimezone()
    year = "" if local.year == now().astimezone().year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M} {local.tzname()}"


def instant(value: object) -> datetime | None:
    """Return an instant of the API, or None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def length(seconds: object) -> str:
    """Return a number of seconds as people say it: `3.2s`, `4m 05s`, `2h 05m`."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return NOTHING
    if seconds < timedelta(minutes=1).total_seconds():
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < timedelta(hours=1).total_seconds() / 60:
        return f"{minutes}m {rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m"


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(_letter_width(letter) for letter in text)


def _letter_width(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _cell(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, Mapping):
        value = ", ".join(f"{name}={inner}" for name, inner in value.items())
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return inert_line(str(value), MAX_CELL) or NOTHING


def _fit(widths: list[int], columns: Sequence[Column], limit: int) -> None:
    """Take from the columns that give, the widest first, until the rows fit."""
    giving = [number for number, column in enumerate(columns) if column.gives]
    while giving and sum(widths) + len(GAP) * (len(widths) - 1) > limit:
        widest = max(giving, key=lambda number: widths[number])
        if widths[widest] <= NARROWEST:
            return
        widths[widest] -= 1


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for cell, width in zip(cells, widths, strict=True):
        cut = _cut(cell, width)
        padded.append(painted(cut) + " " * (width - width_of(cut)))
    return GAP.join(padded).rstrip()


def _cut(text: str, width: int) -> str:
    if width_of(text) <= width:
        return text
    taken, used = "", 0
    for letter in text:
        used += _letter_width(letter)
        if used > width - 1:
            break
        taken += letter
    return taken + "…"


def painted(cell: str) -> str:
    """Return a word in its colour, where colours are wanted."""
    colour = COLOURS.get(cell)
    return click.style(cell, fg=colour) if colour and _wants_colour() else cell


def _wants_colour() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _terminal_width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


TOLD = (
    Column("AT", lambda told: moment(told.get("finished_at") or told.get("due_at"))),
    Column("TO", lambda told: told.get("target"), gives=True),
    Column("WHAT", lambda told: told.get("kind")),
    Column("STATE", lambda told: told.get("state")),
    Column("TRIES", lambda told: told.get("attempts")),
    Column("ERROR", lambda told: told.get("last_error"), gives=True),
)
"""How it is listed what was owed to whom, and what became of it."""
