"""`tocsin serve`, and the commands that a job starts with, where they are reached the long way."""

from collections.abc import Callable
from pathlib import Path

import click

from tocsin.cli import options
from tocsin.cli.exits import Exit
from tocsin.cli.files import found_config, needs_server

PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []}


@click.command()
@options.config
@click.option("--host", help="Address to listen on, in place of the configured one.")
@click.option(
    "--port", type=click.IntRange(1, 65_535), help="Port to listen on, in place of the configured one."
)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Directory of the data.")
@click.option("--database", metavar="PATH|URL", help="SQLite file, or postgresql://…, in place of --data.")
def serve(
    config: Path | None, host: str | None, port: int | None, data: Path | None, database: str | None
) -> None:
    """Run the server until it is stopped; SIGHUP has it read the configuration again.

    Without any configuration it watches whatever checks in and prints alerts to its own output.
    """
    if data is not None and database is not None:
        raise click.UsageError("give either --data or --database")
    if data is not None:
        database = str(data / "tocsin.db")
    path = found_config(config)
    with needs_server("serve"):
        from tocsin.app import serve as run_server
    code = run_server(str(path) if path else None, host=host, port=port, database=database)
    raise click.exceptions.Exit(code)


def _passing_on(name: str, summary: str, load: Callable[[], Callable[[list[str]], int]]) -> click.Command:
    """Return a command that leaves its words to the light part, which knows them."""

    @click.command(name, context_settings=PASSED_ON, add_help_option=False, help=summary)
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def command(words: tuple[str, ...]) -> None:
        raise click.exceptions.Exit(load()(list(words)) or Exit.OK)

    return command


def _load_run() -> Callable[[list[str]], int]:
    from tocsin.client.command import main

    return main


def _load_flush() -> Callable[[list[str]], int]:
    from tocsin.client.flush import main

    return main


run = _passing_on("run", "Run a command as a watched job.", _load_run)
flush = _passing_on("flush", "Deliver check-ins that wait on this machine.", _load_flush)
