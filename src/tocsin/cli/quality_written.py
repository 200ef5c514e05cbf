"""A file of checks as it is written for people, who are to change it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from tocsin.jobs.checks import MAX_CHECKS

_HEAD: Final = """\
# Checks of {source}, as it is now. Change what is wrong, and leave out what says nothing; then:
#   tocsin quality run --checks {file}
# Every metric and key: docs/reference/data-checks.md
"""


def as_yaml(
    source: str,
    table: str,
    checks: Sequence[Mapping[str, object]],
    path: Path | None,
    null_values: Sequence[str] = (),
) -> str:
    """Return the file: a check to a line, and the source as it is found from the file's folder."""
    found_from = Path() if path is None else path.parent
    there = source if "://" in source else os.path.relpath(source, found_from)
    lines = [_HEAD.format(source=table or source, file=path or "FILE")]
    # The address of a database may hold a password, which has no place in a file.
    lines.append(f"table: {_flow(table)}\n" if table else f"source: {_flow(there)}\n")
    if null_values:
        lines.append(f"null_values: {_flow(list(null_values))}\n")
    lines.append(f"# key: {_flow(_key(checks))}  # columns that name a row: failed rows are shown by them\n")
    lines.append("checks:\n")
    lines += [f"  - {_flow(dict(check))}\n" for check in checks[:MAX_CHECKS]]
    if checks[MAX_CHECKS:]:
        lines.append(f"# A file holds at most {MAX_CHECKS} checks; these would be more:\n")
        lines += [f"#  - {_flow(dict(check))}\n" for check in checks[MAX_CHECKS:]]
    return "".join(lines)


def _key(checks: Sequence[Mapping[str, object]]) -> list[object]:
    """Return the columns by which a row is found: one that is unique, or a word for the reader to replace."""
    unique = [check["column"] for check in checks if check["metric"] == "uniqueness"]
    return unique[:1] or ["column"]


def _flow(value: object) -> str:
    """Return a value as YAML in one line."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=float("inf"), allow_unicode=True
    )
    return text.removesuffix("\n").removesuffix("\n...")
