"""`tocsin report`: look back on a month."""

import io
from pathlib import Path

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.output import print_json, print_or_write

_FILES = {"text": "report.txt", "html": "report.html"}


@click.command()
@click.option("--month", metavar="MONTH", help="Such as 2026-10 (default: the last one that is over).")
@click.option("--from", "first", metavar="DAY", help="First day, such as 2026-10-05, in place of --month.")
@click.option("--to", "last", metavar="DAY", help="Last day, included (default: today).")
@click.option("--timezone", metavar="ZONE", help="Zone of the days (default: that of defaults.timezone).")
@click.option("--format", "form", type=click.Choice(list(_FILES)), default="text", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it there in place of standard output.",
)
@options.server
@options.as_json
def report(
    *,
    month: str | None,
    first: str | None,
    last: str | None,
    timezone: str | None,
    form: str,
    output: Path | None,
    server: str | None,
    as_json: bool,
) -> None:
    """Review a month: how much was told and held back, how soon somebody had it in hand, what is noisy.

    html is one file that loads nothing and can be sent on.
    """
    asked = {"month": month, "from": first, "to": last, "timezone": timezone}
    if as_json and output is None:
        print_json(api_of(server).get("report", **asked))
        return
    content = io.BytesIO()
    api_of(server).download("report" if as_json else _FILES[form], into=content, **asked)
    print_or_write(content.getvalue(), output)
