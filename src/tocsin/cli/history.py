"""`tocsin history`: was I told, when, by which way, and why not."""

from collections.abc import Mapping
from datetime import datetime

import click

from tocsin.cli import options
from tocsin.cli.api import PAGE, Api, Json, api_of
from tocsin.cli.output import Column, items_of, moment, print_json, print_table, say
from tocsin.clock import now

MOST_ROUNDS = 1_000
OUTCOMES = ("told", "waiting", "failed", "not-told", "acted", "decided")


class Back(click.ParamType):  # type: ignore[type-arg]  # it takes arguments only in the newest click
    """An instant in the past: so long ago, such as 2d, or an instant of this place."""

    name = "back"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the instant as the API reads it, or end with a usage error."""
        text = str(value).strip()
        if options.is_span(text):
            return (now() - options.Span().convert(text, param, ctx)).isoformat()
        try:
            return datetime.fromisoformat(text).astimezone().isoformat()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no instant; write 2d, 12h or 2026-03-01T06:00", param, ctx)


@click.command()
@click.option("--job", metavar="NAME", help="Of this job alone.")
@click.option(
    "-e", "--environment", metavar="NAME", help=f"Its environment (default: {options.DEFAULT_ENVIRONMENT})."
)
@click.option("--to", "name", metavar="NAME", help="A receiver, a responder or a user: what concerns them.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only what came to this.")
@click.option("--since", type=Back(), metavar="TIME", help="From then on: 2d, 12h or 2026-03-01T06:00.")
@click.option("--until", type=Back(), metavar="TIME", help="Up to then.")
@options.limit
@options.server
@options.as_json
def history(
    *,
    job: str | None,
    environment: str | None,
    name: str | None,
    outcome: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    server: str | None,
    as_json: bool,
) -> None:
    """Tell of all alerts who was told, when and by which way, and why somebody was not; newest first.

    `tocsin alerts ID` tells it of one alert alone.
    """
    asked = {
        "job": job,
        "environment": environment if job else None,
        "to": name,
        "outcome": outcome and outcome.replace("-", "_"),
        "since": since,
        "until": until,
    }
    page = _found(api_of(server), limit, asked)
    items = items_of(page)
    if as_json:
        print_json(page)
    elif not items:
        say("nothing is kept that fits")
    else:
        print_table(_COLUMNS, items)
        if page.get("next"):
            say("there is more; raise --limit to see it")


def _found(api: Api, limit: int, asked: Mapping[str, object]) -> Json:
    """Return up to `limit` lines; a page without any may still be followed by others."""
    items: list[object] = []
    following: object = None
    for _ in range(MOST_ROUNDS):
        page = api.get("history", limit=min(limit - len(items), PAGE), cursor=following, **asked)
        items += items_of(page)
        following = page.get("next")
        if not following or len(items) >= limit:
            break
    return {"items": items, "next": following}


def _about(line: Mapping[str, object]) -> object:
    return line.get("job") or line.get("summary") or line.get("about")


def _whom(line: Mapping[str, object]) -> object:
    return line.get("target") or line.get("who")


def _more(line: Mapping[str, object]) -> object:
    owed = line.get("notification")
    if not isinstance(owed, dict):
        return line.get("note")
    tries = owed.get("attempts")
    if owed.get("last_error"):
        return f"{owed['last_error']} (tries: {tries})"
    return f"at {moment(owed['finished_at'])}" if owed.get("finished_at") else f"tries: {tries}"


_COLUMNS = (
    Column("AT", lambda line: moment(line.get("at"))),
    Column("OUTCOME", lambda line: str(line.get("outcome")).replace("_", " ")),
    Column("WHAT", lambda line: str(line.get("what")).replace("_", " ")),
    Column("ABOUT", _about, gives=True),
    Column("TO OR BY", _whom, gives=True),
    Column("MORE", _more, gives=True),
)
