"""`tocsin backup`: a copy of what the server keeps."""

import os
import tempfile
from pathlib import Path

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.output import say

KIB = 1024


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@options.server
def backup(path: Path, server: str | None, *, force: bool) -> None:
    """Save a consistent copy of the server's data to PATH, while the server works.

    PATH is on this machine and is there only once the copy is complete. Give it back to a server with:
    tocsin serve --database PATH
    """
    if path.exists() and not force:
        give_up(f"{path} exists already; choose another name, or replace it with --force", Exit.FAILED)
    api = api_of(server)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                size = api.download("backup", into=file)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        give_up(f"{path} cannot be written: {error.strerror}", Exit.FAILED)
    say(f"{path}: {size // KIB} KiB saved; keep it safe, it holds all that jobs have reported")
