"""`tocsin batch performance`, `trends` and `export-history`: how batches have gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tocsin.cli.batch_state import as_json, at_state, instant_of, of_pipeline, since, state_at
from tocsin.cli.output import Column, length, moment, print_json, print_table, say
from tocsin.clock import now

if TYPE_CHECKING:
    from tocsin.batch.state.base import Totals, Trend

HOURS: Final = 24
DAYS: Final = 30
PARQUET: Final = ".parquet"


@click.command()
@of_pipeline
@since
@at_state
@as_json
def performance(pipeline: str, since: str | None, place: str | None, *, as_json: bool) -> None:
    """Show how batches of each operation have gone: how many, how long, how fast, how many failed."""
    with state_at(place) as state:
        found = [
            {
                "operation_type": one.operation_type,
                **_told(one.totals),
                "p95_seconds": round(one.p95_seconds, 6),
            }
            for one in state.performance(pipeline=pipeline, since=instant_of(since))
        ]
    if as_json:
        print_json({"items": found})
    elif found:
        print_table(
            (
                Column("OPERATION", lambda one: one["operation_type"], gives=True),
                *_COLUMNS,
                Column("95 % WITHIN", lambda one: _length(one["p95_seconds"])),
                Column("SLOWEST", lambda one: _length(one["slowest_seconds"])),
            ),
            found,
        )
    else:
        say("no batches are in the history")


@click.command()
@of_pipeline
@click.option(
    "--days", is_flag=True, help=f"By day, over {DAYS} days, in place of by hour over {HOURS} hours."
)
@at_state
@as_json
def trends(pipeline: str, place: str | None, *, days: bool, as_json: bool) -> None:
    """Show how batches went hour by hour over a day; days are those of UTC."""
    every, count = (timedelta(days=1), DAYS) if days else (timedelta(hours=1), HOURS)
    starts = _starts(now(), every, count)
    with state_at(place) as state:
        found = state.trends(every=every, since=starts[0], pipeline=pipeline)
    items = _filled(starts, found)
    if as_json:
        print_json({"items": items})
        return
    at = Column(
        "DAY" if days else "FROM",
        lambda one: str(one["starts_at"])[:10] if days else moment(one["starts_at"]),
    )
    print_table((at, *_COLUMNS), items)


@click.command("export-history")
@click.argument("target", metavar="FILE.parquet|FOLDER", type=click.Path(path_type=Path))
@of_pipeline
@since
@at_state
def export_history(target: Path, pipeline: str, since: str | None, place: str | None) -> None:
    """Save the history of batches as the table batch_operations: a Parquet file, or a folder as Delta table.

    A Parquet file is written anew. To a Delta table that is there the rows are added that it does not have,
    and those of batches that were tried again since then are replaced.
    """
    if target.suffix not in {"", PARQUET} and not target.is_dir():
        raise click.UsageError(
            f"{target}: the history is written to a {PARQUET} file, or to a folder as Delta table"
        )
    with state_at(place) as state:
        from tocsin.batch.state.operations import write_delta, write_parquet

        batches = state.batches(pipeline=pipeline, since=instant_of(since))
        if target.suffix == PARQUET:
            say(f"{target}: {write_parquet(target, batches):,} batches")
        else:
            say(f"{target}: {write_delta(target, batches):,} batches that are new or have changed")


def _starts(at: datetime, every: timedelta, count: int) -> list[datetime]:
    """Return when the last hours or days began, the present one among them."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    last = day + (at - day) // every * every
    return [last - (count - 1 - number) * every for number in range(count)]


def _filled(starts: Sequence[datetime], found: Sequence["Trend"]) -> list[dict[str, object]]:
    """Return every hour or day, also those in which nothing was sent."""
    from tocsin.batch.state.base import Totals

    totals = {one.starts_at: one.totals for one in found}
    return [{"starts_at": at.isoformat(), **_told(totals.get(at, Totals()))} for at in starts]


def _told(totals: "Totals") -> dict[str, object]:
    return {
        "batches": totals.batches,
        "total_records": totals.total_records,
        "processed_records": totals.processed_records,
        "failed_records": totals.failed_records,
        "retries": totals.retries,
        "bytes": totals.bytes,
        "mean_seconds": round(totals.mean_seconds, 6),
        "slowest_seconds": round(totals.slowest_seconds, 6),
        "throughput_rps": round(totals.throughput_rps, 3),
        "error_rate_percent": round(totals.error_rate_percent, 4),
    }


def _length(seconds: object) -> str:
    """Return how long something took, which mostly is less than a second."""
    return f"{1_000 * seconds:.0f}ms" if isinstance(seconds, float) and seconds < 1 else length(seconds)


_COLUMNS = (
    Column("BATCHES", lambda one: f"{one['batches']:,}"),
    Column("DELIVERED", lambda one: f"{one['processed_records']:,}"),
    Column("FAILED", lambda one: f"{one['failed_records']:,} ({one['error_rate_percent']:.2f} %)"),
    Column("RETRIES", lambda one: f"{one['retries']:,}"),
    Column("RECORDS/S", lambda one: f"{one['throughput_rps']:,.0f}"),
    Column("A BATCH", lambda one: _length(one["mean_seconds"])),
)
