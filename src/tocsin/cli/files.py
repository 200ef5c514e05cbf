"""`tocsin init`, `check` and `schema`: the configuration file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli import options
from tocsin.cli.example import EXAMPLE
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.output import Column, moment, print_json, print_table, say
from tocsin.clock import now
from tocsin.errors import ConfigError, Problem

if TYPE_CHECKING:
    from tocsin.config.loading import Loaded

CONFIG_NAME = "tocsin.yaml"
MOST_SHOWN = 50


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=CONFIG_NAME)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
def init(path: Path, *, force: bool) -> None:
    """Write a commented configuration to PATH (default: tocsin.yaml); it works as it is."""
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(EXAMPLE)
    except FileExistsError:
        give_up(f"{path} exists already; choose another name, or replace it with --force", Exit.FAILED)
    except OSError as error:
        give_up(f"{path} cannot be written: {error.strerror}", Exit.FAILED)
    say(f"{path} written; change it, then: tocsin check, and tocsin serve")


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@options.config
@click.option("--next", "show_next", is_flag=True, help="Show when each job is expected next.")
@click.option("--json", "as_json", is_flag=True, help="Print mistakes and warnings as JSON.")
def check(path: Path | None, config: Path | None, *, show_next: bool, as_json: bool) -> None:
    """Tell every mistake in the configuration at once, each with its line and what was meant.

    PATH is the same as --config PATH. References to secrets are followed, nothing is sent.
    """
    if path is not None and config is not None:
        raise click.UsageError("give the configuration once: as PATH or with --config")
    chosen = found_config(path or config) or Path(CONFIG_NAME)
    with needs_server("check"):
        from tocsin.config.loading import load
    try:
        loaded = load(chosen, os.environ)
    except ConfigError as error:
        _tell(str(chosen), error.problems, error.warnings, as_json=as_json)
        if not as_json:
            say(error.sum_up())
        raise click.exceptions.Exit(Exit.BAD_CONFIGURATION) from None
    _tell(str(chosen), (), loaded.warnings, as_json=as_json)
    if not as_json:
        _sum_up(str(chosen), loaded)
        if show_next:
            _show_next(loaded)


@click.command()
@click.option("--tests", is_flag=True, help="That of rules.test.yaml, the tests of a configuration.")
def schema(*, tests: bool) -> None:
    """Print the JSON Schema of the configuration, by which editors complete and check it."""
    with needs_server("schema"):
        from tocsin.config.schema import json_schema
    click.echo(json_schema("rules.test.yaml" if tests else "tocsin.yaml"))


def found_config(given: Path | None) -> Path | None:
    """Return the configuration that is meant: given, that of TOCSIN_CONFIG, or tocsin.yaml if it is there."""
    if given is not None:
        return given
    if os.environ.get("TOCSIN_CONFIG"):
        return Path(os.environ["TOCSIN_CONFIG"])
    here = Path(CONFIG_NAME)
    return here if here.exists() else None


@contextmanager
def needs_server(command: str) -> Iterator[None]:
    """Turn a missing library of the server part into what to install."""
    with _needs(f"'tocsin {command}' needs the server part", "server"):
        yield


@contextmanager
def needs_quality() -> Iterator[None]:
    """Turn a missing library for checks of data into what to install."""
    with _needs("checks of data need more than is installed", "quality"):
        yield


@contextmanager
def _needs(what: str, extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "tocsin":
            raise
        give_up(
            f"{what} ({error.name} is missing); install it with: pip install 'tocsin[{extra}]'", Exit.FAILED
        )


def _tell(path: str, problems: tuple[Problem, ...], warnings: tuple[Problem, ...], *, as_json: bool) -> None:
    if as_json:
        print_json({"path": path, "problems": _plain(problems), "warnings": _plain(warnings)})
        return
    for problem in problems:
        click.echo(problem.told(path))
    for warning in warnings:
        say(f"{warning.told(path)} (a warning)")


def _plain(problems: tuple[Problem, ...]) -> list[dict[str, object]]:
    return [
        {
            "path": p.path,
            "line": p.line,
            "column": p.column,
            "message": p.message,
            "suggestion": p.suggestion,
            **({"source": p.source} if p.source else {}),
        }
        for p in problems
    ]


def _sum_up(path: str, loaded: "Loaded") -> None:
    configuration = loaded.configuration
    counts = (
        (len(configuration.jobs), "job"),
        (len(configuration.rules), "rule"),
        (len(configuration.targets), "receiver"),
    )
    said = ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for number, name in counts)
    click.echo(f"{path} is good: {said}")


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
