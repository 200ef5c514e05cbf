"""Rows of figures, each against its target, as a table for people and as JSON."""

import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: what was measured, what it is, and what it should be.

    `at_most` and `at_least` are the target; `detail` says what stands behind the figure, `command` and
    `machine` what it was taken with and on.
    """

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    detail: str = ""
    command: str = ""
    machine: str = ""

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.at_most is not None:
            return "ok" if self.value <= self.at_most else "MISSED"
        if self.at_least is not None:
            return "ok" if self.value >= self.at_least else "MISSED"
        return ""

    @property
    def target(self) -> str:
        """The target as it is written."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else ""


def mid(values: Iterable[float]) -> float:
    """Return the median."""
    return median(values)


def spread(values: Sequence[float]) -> str:
    """Return the median with the least and the most."""
    return f"{median(values):,.4g} ({min(values):,.4g}–{max(values):,.4g})"


def machine() -> str:
    """Return what the figures were taken on, in one line."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} × {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| what | figure | target | | behind it |", "|---|--:|--:|---|---|"]
    lines += [
        f"| {row.name} | {row.value:,.3g} {row.unit} | {row.target} | {row.verdict} | {row.detail} |"
        for row in rows
    ]
    return "\n".join(lines)


def write(rows: Iterable[Row], command: str, folder: Path) -> None:
    """Write RESULTS.md and results.json: these rows, and those kept there of which none was taken anew."""
    data, here = folder / "results.json", machine()
    kept = json.loads(data.read_text()) if data.exists() else {"rows": []}
    newest = {}
    for row in kept["rows"]:
        known = Row(**{key: value for key, value in row.items() if key != "verdict"})
        newest[known.name] = known if known.machine else replace(known, machine=kept["machine"])
    newest.update({row.name: replace(row, command=command, machine=here) for row in rows})
    document = {"rows": [{**asdict(row), "verdict": row.verdict} for row in newest.values()]}
    data.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    (folder / "RESULTS.md").write_text(_PAGE.format(_taken(newest.values()), table(list(newest.values()))))


def _taken(rows: Iterable[Row]) -> str:
    """Return by which commands the rows were taken, machine by machine."""
    commands: dict[str, dict[str, None]] = {}
    for row in rows:
        commands.setdefault(row.machine, {})[row.command] = None
    parts = (
        "\n".join([f"On {machine}", "", *(f"- `{one}`" for one in of)]) for machine, of in commands.items()
    )
    return "\n\n".join(parts)


_PAGE: Final = """# Figures

The server has one core, the load generator the other; the machines are virtual and their speed changes by
half from one second to the next, so the ratios count and not the absolute figures.

{}

{}
"""
