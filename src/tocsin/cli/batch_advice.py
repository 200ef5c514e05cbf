"""`tocsin batch advise`: what held a run up, and which settings another throughput would take."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tocsin.cli.batch_state import as_json, at_state, state_at
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.output import print_json, say

if TYPE_CHECKING:
    from tocsin.batch.advice import Suggestion
    from tocsin.batch.report import RunReport


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--target",
    type=click.FloatRange(min=0, min_open=True),
    metavar="RECORDS/S",
    help="Say which settings this throughput takes, or why none does.",
)
@at_state
@as_json
def advise(run_id: str, target: float | None, place: str | None, *, as_json: bool) -> None:
    """Say what a run has waited for, with evidence, and how another throughput is reached."""
    with state_at(place) as state:
        from tocsin.batch.advice import explained, suggested
        from tocsin.batch.report import report_from
        from tocsin.batch.state.called import run_called

        run = run_called(state, run_id)
        report = report_from(run.report)
        if report is None:
            give_up(f"run {run.id} has no report: it has not ended in order", Exit.FAILED)
        lines = explained(report)
        found = None if target is None else suggested(report, target)
    if as_json:
        print_json({"held_up_by": lines, "suggestion": None if found is None else asdict(found)})
        return
    for line in lines:
        click.echo(line)
    if found is not None:
        _show(found, report)


def _show(found: "Suggestion", report: "RunReport") -> None:
    if not found.is_possible:
        most = f"{found.records_per_second:,.0f} at most"
        give_up(f"{found.wanted:,.0f} records/s are {found.reason}; {most}", Exit.FAILED)
    say(f"for {found.wanted:,.0f} records/s (it had {report.records_per_second:,.0f}): {found.reason}")
