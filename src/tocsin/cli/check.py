"""`tocsin check`: every mistake in what people write, the configuration and files of checks, at once."""

import os
from collections.abc import Sequence
from contextlib import closing
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from tocsin.cli import options
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.files import CONFIG_NAME, found_config, needs_quality, needs_server
from tocsin.cli.output import Column, moment, print_json, print_table, say
from tocsin.clock import now
from tocsin.errors import ConfigError, NotMeasured, Problem

if TYPE_CHECKING:
    from tocsin.config.loading import Loaded
    from tocsin.measure.table import Column as ColumnOfData

MOST_SHOWN = 50


class _Looked(NamedTuple):
    """What was found in a file: mistakes, what is unwise, in one line what it comes to, and what it says."""

    path: Path
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    said: str
    loaded: "Loaded | None" = None


@click.command()
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, metavar="[PATH]...")
@options.config
@click.option("--data", metavar="PATH|URL", help="Data whose columns files of checks are held against.")
@click.option("--table", default="", metavar="NAME", help="Table of the database at URL, or a SELECT.")
@click.option("--next", "show_next", is_flag=True, help="Show when each job is expected next.")
@click.option("--json", "as_json", is_flag=True, help="Print mistakes and warnings as JSON.")
def check(
    paths: tuple[Path, ...],
    config: Path | None,
    data: str | None,
    table: str,
    *,
    show_next: bool,
    as_json: bool,
) -> None:
    """Tell every mistake in the configuration at once, each with its line and what was meant.

    PATH is the same as --config PATH, or a file of checks, whose columns are looked up in its data where that
    is at hand. References to secrets are followed, nothing is sent.
    """
    if paths and config is not None:
        raise click.UsageError("give the configuration once: as PATH or with --config")
    if table and data is None:
        raise click.UsageError("--table is of the database whose address --data gives")
    chosen = paths or (found_config(config) or Path(CONFIG_NAME),)
    found = [_looked(path, data, table) for path in chosen]
    if as_json:
        told = [_plain(one) for one in found]
        print_json(told[0] if len(told) == 1 else told)
    else:
        for one in found:
            _tell(one)
            if show_next and one.loaded is not None:
                _show_next(one.loaded)
    if any(one.problems for one in found):
        raise click.exceptions.Exit(Exit.BAD_CONFIGURATION)


def _looked(path: Path, data: str | None, table: str) -> _Looked:
    with needs_server("check"):
        from tocsin.config.data_checks import is_of_checks
    try:
        if is_of_checks(path):
            return _of_checks(path, data, table)
        if data is not None:
            give_up(f"--data is for files of checks, and {path} is no file of checks", Exit.USAGE)
        return _of_configuration(path)
    except ConfigError as error:
        return _Looked(path, error.problems, error.warnings, error.sum_up())


def _of_configuration(path: Path) -> _Looked:
    with needs_server("check"):
        from tocsin.config.loading import load
    loaded = load(path, os.environ)
    configuration = loaded.configuration
    counts = (
        (len(configuration.jobs), "job"),
        (len(configuration.rules), "rule"),
        (len(configuration.targets), "receiver"),
    )
    said = ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for number, name in counts)
    return _Looked(path, (), loaded.warnings, f"{path} is good: {said}", loaded)


def _of_checks(path: Path, data: str | None, table: str) -> _Looked:
    """Return what is wrong with a file of checks; ends the command where no data is what was called data."""
    from tocsin.config.data_checks import load_checks

    at_hand = _AtHand(data, table)
    checks = len(load_checks(path, at_hand.columns).checks)
    said = f"{path} is good: {checks} check{'' if checks == 1 else 's'}"
    said += ", of columns that the data has" if at_hand.is_known else ""
    return _Looked(path, (), at_hand.troubles, said)


class _AtHand:
    """The data of a file of checks: what was named as such, else what the file names, if that is here."""

    def __init__(self, data: str | None, table: str) -> None:
        self._data, self._table = data, table
        self.is_known = False
        self.troubles: tuple[Problem, ...] = ()

    def columns(
        self, source: str, table: str, null_values: Sequence[str]
    ) -> "tuple[ColumnOfData, ...] | None":
        """Return the columns of the data, or None where it is not here or cannot be read."""
        if self._data is None and ("://" in source or not (source and _is_here(source))):
            return None
        with needs_quality():
            from tocsin.measure.opening import opened
        try:
            place = self._data or source
            with closing(opened(place, table=self._table or table, null_values=null_values)) as engine:
                found = engine.columns()
        except NotMeasured as error:
            if self._data is not None:
                give_up(str(error), Exit.USAGE)
            self.troubles = (Problem(path="source", message=f"its columns could not be read: {error}"),)
            return None
        self.is_known = True
        return found


def _is_here(source: str) -> bool:
    return Path(source).exists() or bool(glob(source, recursive=True))  # noqa: PTH207 -- it may be absolute


def _tell(one: _Looked) -> None:
    for problem in one.problems:
        click.echo(problem.told(str(one.path)))
    for warning in one.warnings:
        say(f"{warning.told(str(one.path))} (a warning)")
    (say if one.problems else click.echo)(one.said)


def _plain(one: _Looked) -> dict[str, object]:
    return {
        "path": str(one.path),
        "problems": [_as_data(problem) for problem in one.problems],
        "warnings": [_as_data(warning) for warning in one.warnings],
    }


def _as_data(problem: Problem) -> dict[str, object]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "suggestion": problem.suggestion,
        **({"source": problem.source} if problem.source else {}),
    }


def _show_next(loaded: "Loaded") -> None:
    from tocsin.jobs.occurrence import next_occurrence

    at = now()
    rows = []
    for key, definition in sorted(loaded.configuration.jobs.items(), key=lambda job: job[0])[:MOST_SHOWN]:
        found = next_occurrence(definition.plan, at)
        instants = (found.nominal_at, found.start_by, found.deadline_at) if found else (None, None, None)
        names = ("nominal_at", "start_by", "deadline_at")
        told = {name: value and value.isoformat() for name, value in zip(names, instants, strict=True)}
        rows.append({"job": key.name, "environment": key.environment, **told})
    print_table(_NEXT, rows)


_NEXT = (
    Column("JOB", lambda row: row["job"], gives=True),
    Column("ENVIRONMENT", lambda row: row["environment"], gives=True),
    Column("EXPECTED", lambda row: moment(row["nominal_at"])),
    Column("TO START BY", lambda row: moment(row["start_by"])),
    Column("TO END BY", lambda row: moment(row["deadline_at"])),
)
