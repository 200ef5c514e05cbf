"""`tocsin quality`: the checks of data carried out where it lies."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from tocsin.cli import options
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.files import CONFIG_NAME, found_config, needs_quality, needs_server
from tocsin.cli.group import Suggesting
from tocsin.cli.junit import write_junit
from tocsin.cli.output import instant, print_json, say
from tocsin.cli.quality_told import as_cases, as_data, tell
from tocsin.cli.whole_file import written_whole
from tocsin.clock import now
from tocsin.errors import ConfigError, NotMeasured

if TYPE_CHECKING:
    from tocsin.client.run import Run
    from tocsin.config.data_checks import ChecksFile
    from tocsin.measure.checking import Checked

_FILE = click.Path(path_type=Path, dir_okay=False)


class _Quality(Suggesting):
    """The commands, and what others call them."""

    others_say: ClassVar[Mapping[str, str]] = {"check": "run", "scan": "run", "profile": "suggest"}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return [*super().list_commands(ctx), "import"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; what another one needs is not loaded for `run`, which has to start quickly."""
        if cmd_name != "import":
            return super().get_command(ctx, cmd_name)
        from tocsin.cli.quality_import import import_

        return import_


@click.group(cls=_Quality)
def quality() -> None:
    """Check data: measured where it lies, in one pass, and judged."""


@quality.command()
@click.argument("source", required=False, metavar="[PATH|URL]")
@click.option("--table", default="", metavar="NAME", help="Table of the database at URL, or a SELECT.")
@click.option("--checks", "path", type=_FILE, metavar="FILE", help="File of checks.")
@options.config
@click.option("--job", metavar="NAME", help="Job that wrote the data; without --checks, whose checks.")
@options.environment
@click.option("--no-report", is_flag=True, help="Do not report it to the server as a run of the job.")
@click.option("--as-of", metavar="INSTANT", help="When data is to be fresh: 2026-03-01T06:00Z, else now.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def run(
    *,
    source: str | None,
    table: str,
    path: Path | None,
    config: Path | None,
    job: str | None,
    environment: str,
    no_report: bool,
    as_of: str | None,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Check the data at PATH, which may be a pattern: "orders/*.parquet"; left out, what FILE names.

    Or check a table of the database at URL: postgresql://user@host/shop --table orders.

    Without --checks, the checks are those of the job in tocsin.yaml. Where TOCSIN_URL names a server, it is a
    run of the job. Ends with 1 if a check failed, and with 2 if the data or the checks cannot be used.
    """
    reports = not no_report and bool(os.environ.get("TOCSIN_URL"))
    try:
        written = _written(path, config, job, environment)
    except ConfigError as error:
        if reports and path is not None and job:
            with _run_of(job, environment) as failing:
                failing.fail(f"data was not checked: {error}")
        give_up(str(error), Exit.USAGE)
    at = now() if as_of is None else instant(as_of)
    if at is None:
        give_up(f"{as_of!r} is no instant with a zone; write 2026-03-01T06:00Z", Exit.USAGE)
    place, job = source or written.source, job or written.job
    if not place:
        give_up(f"say where the data is: as PATH, or as 'source' in {written.at}", Exit.USAGE)
    if job and reports:
        found = _reported(place, table, written, at, job=job, environment=environment)
    else:
        found = _checked(place, table, written, at)
    if as_json:
        print_json(as_data(found))
    else:
        tell(found)
    if junit is not None:
        write_junit(junit, [as_cases(found)], code=Exit.USAGE)
    if found.failed:
        raise click.exceptions.Exit(Exit.FAILED)


def _written(path: Path | None, config: Path | None, job: str | None, environment: str) -> "ChecksFile":
    """Return the checks that are meant; raises ConfigError where there are none, or they cannot be used."""
    if path is None and job is None:
        give_up("say what is checked: --checks FILE, or --job NAME for the checks in tocsin.yaml", Exit.USAGE)
    if path is not None:
        with needs_quality():
            from tocsin.config.data_checks import load_checks
        return load_checks(path)
    chosen = found_config(config) or Path(CONFIG_NAME)
    with needs_server("quality run --job"):
        from tocsin.config.job_checks import load_job_checks
    return load_job_checks(chosen, job or "", environment)


def _checked(place: str, table: str, written: "ChecksFile", as_of: datetime) -> "Checked":
    """Return what became of the checks; ends the command where the data cannot be read."""
    from tocsin.checking import check
    from tocsin.measure.bounded import bounded_memory

    try:
        with bounded_memory():
            return check(place, written, table=table, as_of=as_of)
    except NotMeasured as error:
        give_up(str(error), Exit.USAGE)


def _reported(
    place: str, table: str, written: "ChecksFile", as_of: datetime, *, job: str, environment: str
) -> "Checked":
    """Return the same, told as a run of a job."""
    from tocsin.checking import check, declare, tell_of
    from tocsin.measure.bounded import bounded_memory

    found, trouble = None, ""
    with _run_of(job, environment) as run:
        declare(run, written)
        try:
            with bounded_memory():
                found = check(place, written, table=table, as_of=as_of)
            tell_of(run, found)
        except NotMeasured as error:
            trouble = str(error)
            run.fail(f"data was not checked: {trouble}")
    if found is None:
        give_up(trouble, Exit.USAGE)
    return found


@contextmanager
def _run_of(job: str, environment: str) -> "Iterator[Run]":
    """Let what is done be a run of a job, which is told to the server."""
    from tocsin.client.client import Client
    from tocsin.client.job import Job

    client = Client(environment=environment)
    with Job(job, environment=environment, client=client) as run:
        yield run
    client.finish()


@quality.command()
@click.argument("source", metavar="PATH|URL")
@click.option("--table", default="", metavar="NAME", help="Table of the database at URL, or a SELECT.")
@click.option(
    "-o", "--output", "path", type=_FILE, metavar="FILE", help="Write it there (default: standard output)."
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@click.option(
    "--null-value",
    "null_values",
    multiple=True,
    metavar="TEXT",
    help="Text that is null in CSV, if it is not found.",
)
def suggest(source: str, table: str, path: Path | None, *, force: bool, null_values: tuple[str, ...]) -> None:
    """Write a file of checks to begin with, which the data at PATH passes as it is now.

    Limits are wide: half the rows, a range half as far again on both sides. Narrow them, and give each check
    its severity.
    """
    with needs_quality():
        from tocsin.cli.quality_written import as_yaml
        from tocsin.measure.bounded import bounded_memory
        from tocsin.measure.opening import opened
        from tocsin.measure.suggesting import null_marks, suggested
    try:
        if not table:
            null_values = null_values or null_marks(source)
        with bounded_memory(), closing(opened(source, table=table, null_values=null_values)) as engine:
            text = as_yaml(source, table, suggested(engine, now()), path, null_values)
    except NotMeasured as error:
        give_up(str(error), Exit.USAGE)
    if path is None:
        click.echo(text, nl=False)
        return
    with written_whole(path, force=force) as file:
        file.write(text.encode())
    say(f"{path} written; look at it, then: tocsin quality run --checks {path}")
