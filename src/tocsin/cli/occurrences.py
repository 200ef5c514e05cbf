"""`tocsin occurrences`: which expected runs of a job came, and of which nobody can say."""

from collections.abc import Mapping

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.jobs import found_job
from tocsin.cli.output import Column, items_of, moment, print_json, print_table, say

MAX_LISTED = 1_000
_WORDS = ("met", "late", "missed", "skipped", "excused", "unknown")


@click.command()
@click.argument("job")
@options.environment
@options.limit
@options.server
@options.as_json
def occurrences(job: str, environment: str, limit: int, server: str | None, *, as_json: bool) -> None:
    """Show the last expected runs of a job with what became of them, newest first."""
    api = api_of(server)
    found_job(api, environment, job)
    page = api.get("jobs", environment, job, "occurrences", limit=min(limit, MAX_LISTED))
    if as_json:
        print_json(page)
        return
    items = items_of(page)
    if not items:
        say(f"of no expected run of {job!r} is it decided yet what became of it")
        return
    print_table(_COLUMNS, items)
    kept = page.get("punctuality")
    say(_in_words(kept if isinstance(kept, dict) else {}))


def _in_words(kept: Mapping[str, object]) -> str:
    """Return how many came in time, and how many are left out because nobody knows."""
    parts = [f"{kept[word]} {word}" for word in _WORDS if kept.get(word)]
    share = kept.get("percent")
    of_known = "" if not isinstance(share, float) else f"; {share:g} % in time"
    left_out = ", unknown ones left out" if of_known and kept.get("unknown") else ""
    return f"{', '.join(parts)}{of_known}{left_out}"


def _status(one: Mapping[str, object]) -> str:
    """Return what became of it, and who has let the job off that."""
    word = one.get("let_off")
    if not isinstance(word, dict):
        return str(one.get("status"))
    by = f"by {word.get('who')}" if one.get("status") == "skipped" else f"excused by {word.get('who')}"
    return f"{one.get('status')}, {by}"


_COLUMNS = (
    Column("EXPECTED", lambda one: moment(one.get("nominal_at"))),
    Column("STATUS", _status),
    Column("START BY", lambda one: moment(one.get("start_by"))),
    Column("END BY", lambda one: moment(one.get("deadline_at"))),
    Column("RUN", lambda one: one.get("run"), gives=True),
)
