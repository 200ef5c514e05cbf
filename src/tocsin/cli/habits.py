"""`tocsin habits`: how runs of a job usually go, by weekday and hour where that differs."""

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.jobs import found_job
from tocsin.cli.output import Column, items_of, length, print_json, print_table, say


@click.command()
@click.argument("job")
@options.environment
@options.server
@options.as_json
def habits(job: str, environment: str, server: str | None, *, as_json: bool) -> None:
    """Show how runs of a job usually go."""
    api = api_of(server)
    found_job(api, environment, job)
    page = api.get("jobs", environment, job, "habits")
    if as_json:
        print_json(page)
        return
    items = items_of(page)
    if not items:
        say(f"nothing has been learned from runs of {job!r} yet; it is some minutes after one has ended")
        return
    print_table(_COLUMNS, items)


def _number(value: object) -> str | None:
    return f"{value:,.4g}" if isinstance(value, int | float) else None


def _whole(value: object) -> str | None:
    return f"{value:,.0f}" if isinstance(value, int | float) else None


def _share(value: object) -> str | None:
    return f"{value:.2%}" if isinstance(value, int | float) else None


def _length(value: object) -> str | None:
    return None if value is None else length(value)


_COLUMNS = (
    Column("RUNS OF", lambda one: one.get("of"), gives=True),
    Column("GOOD", lambda one: one.get("good")),
    Column("BAD", lambda one: one.get("bad")),
    Column("TAKE", lambda one: _length(one.get("seconds"))),
    Column("BEGIN LATE BY", lambda one: _length(one.get("delay_seconds"))),
    Column("RECORDS", lambda one: _whole(one.get("records"))),
    Column("PER SECOND", lambda one: _number(one.get("per_second"))),
    Column("FAILED", lambda one: _share(one.get("failed_share"))),
)
