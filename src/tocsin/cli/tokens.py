"""`tocsin token`: keys for jobs and tokens for people."""

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.group import Listing
from tocsin.cli.output import Column, items_of, moment, print_json, print_table, say


@click.group(cls=Listing)
def token() -> None:
    """Make, list or revoke credentials; alone it lists them."""


@token.command()
@click.option("--ingest", metavar="NAME", help="A key for jobs: it may report check-ins and nothing else.")
@click.option("--user", metavar="NAME", help="A token for a person, who may do everything.")
@options.server
@options.as_json
def create(ingest: str | None, user: str | None, server: str | None, *, as_json: bool) -> None:
    """Make a credential; its secret is printed this once and kept nowhere.

    The first one must be a user token: from then on nobody gets in without one.
    """
    if (ingest is None) == (user is None):
        raise click.UsageError("give either --ingest NAME or --user NAME")
    body = {"kind": "ingest", "name": ingest} if ingest is not None else {"kind": "user", "name": user}
    answer = api_of(server).post("tokens", body=body)
    if as_json:
        print_json(answer)
        return
    click.echo(answer.get("secret"))
    variable = (
        "TOCSIN_KEY where the jobs run" if ingest is not None else "TOCSIN_TOKEN where the person works"
    )
    say(f"this is shown once; set it as {variable}")


@token.command("list")
@options.server
@options.as_json
def list_tokens(server: str | None, *, as_json: bool) -> None:
    """List all credentials, without their secrets."""
    page = api_of(server).get("tokens")
    if as_json:
        print_json(page)
        return
    items = items_of(page)
    if not items:
        say("there is none yet; make the first with: tocsin token create --user NAME")
        return
    print_table(_COLUMNS, items)


@token.command()
@click.argument("token_id", metavar="ID")
@options.server
def revoke(token_id: str, server: str | None) -> None:
    """Let a credential open nothing from now on."""
    click.echo(api_of(server).delete("tokens", token_id).get("message"))


_COLUMNS = (
    Column("ID", lambda item: item.get("id") or "(in the file)"),
    Column("KIND", lambda item: item.get("kind")),
    Column("NAME", lambda item: item.get("name"), gives=True),
    Column("MADE", lambda item: moment(item.get("created_at"))),
)
