"""`tocsin backup`: a copy of what the server keeps."""

from pathlib import Path

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.output import say
from tocsin.cli.whole_file import written_whole

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
    with written_whole(path, force=force) as file:
        size = api_of(server).download("backup", into=file)
    say(f"{path}: {size // KIB} KiB saved; keep it safe, it holds all that jobs have reported")
