"""`tocsin runs`: the last runs of a job."""

from collections.abc import Mapping

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.jobs import found_job
from tocsin.cli.output import Column, items_of, length, moment, print_json, print_table, say


@click.command()
@click.argument("job")
@options.environment
@options.limit
@options.server
@options.as_json
def runs(job: str, environment: str, limit: int, server: str | None, *, as_json: bool) -> None:
    """Show the last runs of a job, newest first."""
    api = api_of(server)
    found_job(api, environment, job)
    page = api.pages("jobs", environment, job, "runs", limit=limit)
    if as_json:
        print_json(page)
        return
    items = items_of(page)
    if not items:
        say(f"{job!r} is known and has not run yet")
        return
    print_table(_COLUMNS, items, below=_remark)


def _records(run: Mapping[str, object]) -> str | None:
    ok, failed = run.get("records_ok"), run.get("records_failed")
    if ok is None and failed is None:
        return None
    return f"{ok or 0}" + (f" (+{failed} bad)" if failed else "")


def _trouble(run: Mapping[str, object]) -> object:
    if run.get("error_message"):
        return run.get("error_message")
    code = run.get("exit_code")
    return f"exit code {code}" if code else None


def _remark(run: Mapping[str, object]) -> str | None:
    """Return what a person has said of it."""
    remark = run.get("remark")
    if not isinstance(remark, dict):
        return None
    note = f": {remark['note']}" if remark.get("note") else ""
    return f"{str(remark.get('meaning')).replace('_', ' ')}, says {remark.get('who')}{note}"


_COLUMNS = (
    Column("RUN", lambda run: run.get("run"), gives=True),
    Column("STATUS", lambda run: run.get("status")),
    Column("STARTED", lambda run: moment(run.get("started_at"))),
    Column("TOOK", lambda run: length(run.get("execution_seconds"))),
    Column("TRY", lambda run: run.get("attempt")),
    Column("RECORDS", _records),
    Column("CAUSE", lambda run: str(run.get("error_cause") or "").replace("_", " ") or None),
    Column("TROUBLE", _trouble, gives=True),
)
