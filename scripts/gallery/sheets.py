"""The pages of the gallery: for each channel all it sends, as text, and on one sheet as a picture."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from scripts.gallery.drawing import DRAWN, draw
from scripts.gallery.payloads import CHANNELS, Shown, shown
from scripts.gallery.scenes import KINDS, SEVERITIES, exhibits

WIDTHS: Final = {"email": 400, "console": 672, "sms": 290}
WIDTH: Final = 400
_CSS: Final = Path(__file__).with_name("sheet.css")


def all_shown(folder: Path) -> dict[str, list[Shown]]:
    """Return everything that every channel sends, by channel; `folder` is for the stores."""
    found = list(exhibits(folder))
    first = {one.severity: one for one in found if one.kind == "first"}
    return {channel: [shown(channel, one, first[one.severity]) for one in found] for channel in CHANNELS}


def texts_of(all_of: Mapping[str, Iterable[Shown]]) -> dict[str, str]:
    """Return the texts of each channel as its file says them."""
    return {channel: "\n".join(_entry(one) for one in several) for channel, several in all_of.items()}


def heading(severity: str, kind: str) -> str:
    """Return the line above one text."""
    return f"===== {severity} / {kind} ====="


def _entry(one: Shown) -> str:
    lines = (line.rstrip() for line in one.text.rstrip().splitlines())
    return "\n".join((heading(one.severity, one.kind), *lines, ""))


def sheets_of(all_of: Mapping[str, Iterable[Shown]]) -> dict[str, str]:
    """Return the sheet of each drawn channel as HTML: a row for each kind, a column for each severity."""
    return {
        channel: _sheet(channel, list(several)) for channel, several in all_of.items() if channel in DRAWN
    }


def _sheet(channel: str, several: list[Shown]) -> str:
    by_place = {(one.kind, one.severity): one for one in several}
    cells = "".join(_cell(by_place[kind, severity]) for kind in KINDS for severity in SEVERITIES)
    columns = f"repeat({len(SEVERITIES)}, {WIDTHS.get(channel, WIDTH)}px)"
    style = _CSS.read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{channel}</title><style>{style}</style>'
        f'<h1>{channel}</h1><main style="grid-template-columns:{columns}">{cells}</main></html>'
    )


def _cell(one: Shown) -> str:
    return f"<section><h2>{one.severity} · {one.kind}</h2>{draw(one.channel, one.raw)}</section>"


def width_of(channel: str) -> int:
    """Return how wide a sheet is, in pixels."""
    return len(SEVERITIES) * (WIDTHS.get(channel, WIDTH) + 12) + 12


def mark_of(sheet: str) -> str:
    """Return what names a sheet; it stands in its picture."""
    return sha256(sheet.encode()).hexdigest()
