"""`tocsin silence`: mute alerts for a time."""

import shlex
from collections.abc import Sequence
from datetime import timedelta

import click

from tocsin.cli import options
from tocsin.cli.api import Json, api_of
from tocsin.cli.group import Listing
from tocsin.cli.output import Column, items_of, moment, print_json, print_table, say
from tocsin.notify.inert import line

MINUTE = timedelta(minutes=1)


class _Silences(Listing):
    """Whoever writes what to mute at once is told where it belongs."""

    def hint(self, word: str, commands: Sequence[str]) -> str:
        """Return the command that mutes what was named, unless another word was misspelled."""
        matcher = word if set(word) & set("=!~") else f'job="{word}"'
        mute = f"; to mute it: tocsin silence add {shlex.quote(matcher)} --for 2h"
        return super().hint(word, commands) or mute


@click.group(cls=_Silences)
def silence() -> None:
    """Mute alerts for a time: judging goes on, and what is still wrong afterwards is told then."""


@silence.command()
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER...")
@click.option(
    "--for", "length", type=options.Span(), metavar="TIME", help="How long: 30m, 2h or 1d12h; required."
)
@click.option("--comment", metavar="TEXT", default="", help="Why; the others will want to know.")
@click.option("--dry-run", is_flag=True, help="Only say what it would mute, and whether that is too much.")
@options.server
def add(
    matchers: tuple[str, ...], length: timedelta | None, comment: str, server: str | None, *, dry_run: bool
) -> None:
    """Mute what matches all of the tests, from now on.

    A MATCHER tests a label, job, environment, severity, condition or rule: 'job="daily_etl"', also with
    !=, =~ and !~.
    """
    if dry_run:
        _say_what_it_hits(api_of(server).post("silences", "preview", body={"matchers": list(matchers)}))
        return
    if length is None:
        raise click.UsageError("--for is required, such as --for 2h: nothing is muted for ever")
    body = {"matchers": list(matchers), "for_minutes": length / MINUTE, "comment": comment}
    answer = api_of(server).post("silences", body=body)
    click.echo(answer.get("message"))
    say(f"end it early with: tocsin silence expire {answer.get('id')}")


def _say_what_it_hits(found: Json) -> None:
    hit, named = found.get("jobs_hit"), _lines(found.get("named"))
    of = "" if found.get("is_whole") else "the first "
    click.echo(f"would mute what goes wrong with {hit} of {of}{found.get('jobs')} jobs")
    for name in named:
        click.echo(f"  {name}")
    if isinstance(hit, int) and hit > len(named) > 0:
        click.echo(f"  … and {hit - len(named)} more")
    alerts, count = _lines(found.get("alerts")), found.get("alerts_hit")
    least = "" if found.get("alerts_are_whole", True) else "at least "
    click.echo(f"and of the open alerts {least}{count}" + (":" if alerts else ""))
    for text in alerts:
        click.echo(f"  {text}")
    if found.get("warning"):
        say(f"careful: {found.get('warning')}")


def _lines(texts: object) -> list[str]:
    return [line(str(text), 200) for text in texts] if isinstance(texts, list) else []


@silence.command("list")
@options.server
@options.as_json
def list_silences(server: str | None, *, as_json: bool) -> None:
    """List the silences that have not ended, and those of the last week."""
    page = api_of(server).get("silences")
    if as_json:
        print_json(page)
        return
    items = items_of(page)
    if not items:
        say("nothing is silenced")
        return
    print_table(_COLUMNS, items, below=lambda item: item.get("comment"))


@silence.command()
@click.argument("silence_id", metavar="ID")
@click.option(
    "--by",
    "longer",
    type=options.Span(),
    metavar="TIME",
    required=True,
    help="How much later it ends: 30m, 2h or 1d12h.",
)
@options.server
def extend(silence_id: str, longer: timedelta, server: str | None) -> None:
    """Let a silence that has not ended go on for longer."""
    body = {"by_minutes": longer / MINUTE}
    click.echo(api_of(server).post("silences", silence_id, "extend", body=body).get("message"))


@silence.command()
@click.argument("silence_id", metavar="ID")
@options.server
def expire(silence_id: str, server: str | None) -> None:
    """End a silence now."""
    click.echo(api_of(server).delete("silences", silence_id).get("message"))


_COLUMNS = (
    Column("ID", lambda item: item.get("id")),
    Column("STATE", lambda item: item.get("state")),
    Column("UNTIL", lambda item: moment(item.get("ends_at"))),
    Column("BY", lambda item: item.get("created_by"), gives=True),
    Column("MATCHERS", lambda item: item.get("matchers"), gives=True),
)
