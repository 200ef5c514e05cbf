"""`tocsin init` and `schema`: the files that people write, and what the commands need that read them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tocsin.cli.example import EXAMPLE
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.output import say

CONFIG_NAME = "tocsin.yaml"


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
@click.option("--tests", is_flag=True, help="That of rules.test.yaml, the tests of a configuration.")
@click.option("--checks", is_flag=True, help="That of files of checks of data.")
def schema(*, tests: bool, checks: bool) -> None:
    """Print the JSON Schema of the configuration, by which editors complete and check it."""
    if tests and checks:
        raise click.UsageError("ask for one schema: with --tests or with --checks")
    with needs_server("schema"):
        from tocsin.config.schema import json_schema
    click.echo(json_schema("rules.test.yaml" if tests else "checks.yaml" if checks else "tocsin.yaml"))


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
