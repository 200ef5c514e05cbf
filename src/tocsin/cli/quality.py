"""`tocsin quality`: the checks of data carried out where it lies."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from tocsin.cli import options
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.files import needs_quality
from tocsin.cli.group import Suggesting
from tocsin.cli.junit import write_junit
from tocsin.cli.output import instant, print_json, say
from tocsin.cli.quality_told import Checked, as_cases, as_data, tell
from tocsin.clock import monotonic, now
from tocsin.errors import ConfigError, NotMeasured

if TYPE_CHECKING:
    from tocsin.config.data_checks import ChecksFile

_FILE = click.Path(path_type=Path, dir_okay=False)


class _Quality(Suggesting):
    """The commands, and what others call them."""

    others_say: ClassVar[Mapping[str, str]] = {"check": "run", "scan": "run", "profile": "suggest"}


@click.group(cls=_Quality)
def quality() -> None:
    """Check data: measured where it lies, in one pass, and judged."""


@quality.command()
@click.argument("source", required=False, metavar="[PATH]")
@click.option("--checks", "path", type=_FILE, required=True, metavar="FILE", help="File of checks.")
@click.option(
    "--as-of", metavar="INSTANT", help="When data is to be fresh: 2026-03-01T06:00Z (default: now)."
)
@click.option("--job", metavar="NAME", help="Report it to the server as a run of this job.")
@options.environment
@click.option("--junit", type=_FILE, metavar="FILE", help="Write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def run(
    *,
    source: str | None,
    path: Path,
    as_of: str | None,
    job: str | None,
    environment: str,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Check the data at PATH, which may be a pattern: "orders/*.parquet"; left out, what FILE names.

    Ends with 1 if a check failed, and with 2 if the data or FILE cannot be used.
    """
    with needs_quality():
        from tocsin.config.data_checks import load_checks
    try:
        written = load_checks(path)
    except ConfigError as error:
        give_up(str(error), Exit.USAGE)
    at = now() if as_of is None else instant(as_of)
    if at is None:
        give_up(f"{as_of!r} is no instant with a zone; write 2026-03-01T06:00Z", Exit.USAGE)
    place = source or written.source
    if not place:
        give_up(f"say where the data is: as PATH, or as 'source' in {path}", Exit.USAGE)
    if job is None:
        found = _checked(place, written, at)
    else:
        from tocsin.cli.quality_sent import reported

        with reported(job, environment, written) as sent:
            found = _checked(place, written, at)
            sent(found)
    if junit is not None:
        write_junit(junit, [as_cases(found)])
    if as_json:
        print_json(as_data(found))
    else:
        tell(found)
    if found.failed:
        raise click.exceptions.Exit(Exit.FAILED)


def _checked(place: str, written: "ChecksFile", as_of: datetime) -> Checked:
    """Return what became of the checks; ends the command where the data cannot be read."""
    with needs_quality():
        from tocsin.measure.checking import Showing, carried_out
        from tocsin.measure.files import Files
    begun = monotonic()
    showing = Showing(key=written.key, sensitive=written.sensitive, most=written.examples)
    try:
        table = Files(place, beside=written.beside)
        try:
            results = carried_out(table, written.checks, as_of, showing)
            remarks = table.remarks()
        finally:
            table.close()
    except NotMeasured as error:
        give_up(str(error), Exit.USAGE)
    return Checked(source=place, results=results, remarks=remarks, seconds=monotonic() - begun)


@quality.command()
@click.argument("source", metavar="PATH")
@click.option(
    "-o", "--output", "path", type=_FILE, metavar="FILE", help="Write it there (default: standard output)."
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
def suggest(source: str, path: Path | None, *, force: bool) -> None:
    """Write a file of checks to begin with, which the data at PATH passes as it is now.

    Limits are wide: half the rows, a range half as far again on both sides. Narrow them, and give each check
    its severity.
    """
    with needs_quality():
        from tocsin.cli.quality_written import as_yaml
        from tocsin.measure.files import Files
        from tocsin.measure.suggesting import suggested
    try:
        table = Files(source)
        try:
            text = as_yaml(source, suggested(table, now()), path)
        finally:
            table.close()
    except NotMeasured as error:
        give_up(str(error), Exit.USAGE)
    if path is None:
        click.echo(text, nl=False)
        return
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        give_up(f"{path} exists already; choose another name, or replace it with --force", Exit.FAILED)
    except OSError as error:
        give_up(f"{path} cannot be written: {error.strerror}", Exit.FAILED)
    say(f"{path} written; look at it, then: tocsin quality run --checks {path}")
