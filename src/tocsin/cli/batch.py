"""`tocsin batch`: what pipelines have done, how they do, and what they could not deliver."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

import click

from tocsin.cli import options
from tocsin.cli.batch_advice import advise
from tocsin.cli.batch_history import export_history, performance, trends
from tocsin.cli.batch_letters import dead_letters
from tocsin.cli.batch_state import as_json, at_state, of_pipeline, state_at
from tocsin.cli.exits import Exit
from tocsin.cli.group import Suggesting
from tocsin.cli.output import Column, length, moment, print_facts, print_json, print_table, say
from tocsin.clock import now

if TYPE_CHECKING:
    from tocsin.batch.state import State
    from tocsin.batch.state.base import RunRow


class _Batch(Suggesting):
    """The commands, and what others call them."""

    others_say: ClassVar[Mapping[str, str]] = {
        "list": "runs",
        "letters": "dead-letters",
        "dlq": "dead-letters",
        "export": "export-history",
    }


@click.group(cls=_Batch)
def batch() -> None:
    """Look at what pipelines of the batch toolkit have done; reads their own state, and asks no server."""


batch.add_command(dead_letters)
batch.add_command(performance)
batch.add_command(trends)
batch.add_command(export_history)
batch.add_command(advise)


@batch.command()
@of_pipeline
@options.limit
@at_state
@as_json
def runs(pipeline: str, limit: int, place: str | None, *, as_json: bool) -> None:
    """List the last runs, newest first."""
    with state_at(place) as state:
        found = [{**_told(run), "is_gone": _is_gone(state, run)} for run in state.runs(pipeline, limit=limit)]
        where = state.where
    if as_json:
        print_json({"items": found})
    elif found:
        print_table(_RUNS, found)
    else:
        say(f"there are no runs{f' of {pipeline!r}' if pipeline else ''} in {where}")


@batch.command()
@click.argument("run_id", metavar="RUN")
@at_state
@as_json
def show(run_id: str, place: str | None, *, as_json: bool) -> None:
    """Show a run and its report; the first letters of its id are enough."""
    with state_at(place) as state:
        from tocsin.batch.state.called import run_called

        run = run_called(state, run_id)
        letters = _open_letters(state, run.id)
    report = _report(run)
    if as_json:
        print_json({**_told(run), "open_dead_letters": letters, "report": report})
        return
    print_facts([*_facts(run), ("dead letters left", letters or None)])
    more = _flat({name: value for name, value in report.items() if name not in _SAID_ALREADY})
    if more:
        click.echo("\nreport")
        print_facts([(f"  {name}", value) for name, value in more])
    if letters:
        say(f"see them with: tocsin batch dead-letters --run {run.id}")


@batch.command()
@of_pipeline
@click.option("--exit-code", is_flag=True, help="End with 1 if any does not go well.")
@at_state
@as_json
def status(pipeline: str, place: str | None, *, exit_code: bool, as_json: bool) -> None:
    """Show how the runs do that are at work now."""
    with state_at(place) as state:
        found = [one for run in state.runs(pipeline, at_work=True) if (one := _standing(state, run))]
    if as_json:
        print_json({"items": found})
    elif found:
        print_table(_STANDING, found, below=lambda run: tuple(run["why"]) if run["why"] else None)  # type: ignore[arg-type]  # it is our own list
    else:
        say("no run is at work; see the last ones with: tocsin batch runs")
    if exit_code and any(run["health"] != "healthy" for run in found):
        raise click.exceptions.Exit(Exit.FAILED)


def _standing(state: "State", run: "RunRow") -> dict[str, object] | None:
    """Return how a run does; None where it was killed and a later one has taken its place."""
    from tocsin.batch.state.base import Totals
    from tocsin.batch.watching import WINDOW, health_of, live_of, warnings_of

    at, is_gone = now(), not state.is_at_work(run.id)
    lately = Totals() if run.checkpoint.live else state.totals(run_id=run.id, since=at - WINDOW)
    live = live_of(run, lately, at, is_gone=is_gone)
    said = warnings_of(live)
    if is_gone and _was_replaced(state, run):
        return None
    return {
        **_told(run),
        "health": health_of(live).value,
        "throughput_rps": round(live.throughput_rps, 3),
        "error_rate_percent": round(live.error_rate_percent, 3),
        "requests_per_second": round(live.requests_per_second, 3),
        "in_flight": live.in_flight,
        "waits_for": live.limited_by,
        "seconds_left": None if live.seconds_left is None or is_gone else round(live.seconds_left, 1),
        "silent_seconds": round(live.silent_seconds, 1),
        "why": [one.text for one in said],
    }


def _is_gone(state: "State", run: "RunRow") -> bool:
    """Whether a run was killed, or its machine was: it has not ended, and no process is at work on it."""
    return run.ended_at is None and not state.is_at_work(run.id)


def _was_replaced(state: "State", run: "RunRow") -> bool:
    from tocsin.batch.state.called import SOME_RUNS

    later = state.runs(run.pipeline, limit=SOME_RUNS)
    return any(one.source == run.source and one.started_at > run.started_at for one in later)


def _open_letters(state: "State", run_id: str) -> int:
    from tocsin.batch.state.base import DeadLetterQuery

    return state.count_dead_letters(DeadLetterQuery(run_id=run_id))


def _told(run: "RunRow") -> dict[str, object]:
    """Return what a run says of itself, for programs and tables."""
    at = run.checkpoint
    return {
        "run": run.id,
        "pipeline": run.pipeline,
        "source": run.source,
        "status": run.status.value,
        "reason": run.reason,
        "started_at": run.started_at.isoformat(),
        "ended_at": None if run.ended_at is None else run.ended_at.isoformat(),
        "saved_at": at.at.isoformat(),
        "total": run.total,
        "read": at.read,
        "delivered": at.delivered,
        "skipped": at.skipped,
        "dead": at.dead,
        "host": run.host,
        "pid": run.pid,
    }


def _took(run: Mapping[str, object]) -> str:
    until = datetime.fromisoformat(str(run["ended_at"] or run["saved_at"]))
    return length((until - datetime.fromisoformat(str(run["started_at"]))).total_seconds())


def _why(run: Mapping[str, object]) -> str:
    """Return why a run ended, or that one at work is gone, or hangs."""
    from tocsin.batch.watching import Thresholds

    silent_seconds = (now() - datetime.fromisoformat(str(run["saved_at"]))).total_seconds()
    if run["is_gone"]:
        return f"its process is gone, last heard of {length(silent_seconds)} ago: resume it"
    if run["status"] == "processing" and silent_seconds > Thresholds().silent_after_seconds:
        return f"no sign of life for {length(silent_seconds)}: it hangs"
    return str(run["reason"])


def _progress(run: Mapping[str, object]) -> str:
    read, total = run["read"], run["total"]
    if not isinstance(total, int) or not isinstance(read, int) or not total:
        return f"{read:,}"
    return f"{read:,} ({100 * read / total:.0f} %)"


def _facts(run: "RunRow") -> list[tuple[str, object]]:
    told = _told(run)
    return [
        ("run", run.id),
        ("pipeline", run.pipeline),
        ("source", run.source),
        ("status", run.status.value),
        ("reason", run.reason),
        ("started", moment(told["started_at"])),
        ("ended", run.ended_at and moment(told["ended_at"])),
        ("took", _took(told)),
        ("last saved", moment(told["saved_at"])),
        ("on", f"{run.host}, process {run.pid}"),
        ("read", _progress(told)),
        ("delivered", f"{run.checkpoint.delivered:,}"),
        ("left out", f"{run.checkpoint.skipped:,}" if run.checkpoint.skipped else None),
        ("dead", f"{run.checkpoint.dead:,}" if run.checkpoint.dead else None),
    ]


def _report(run: "RunRow") -> dict[str, object]:
    try:
        report = json.loads(run.report) if run.report else {}
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def _flat(report: Mapping[str, object], before: str = "") -> list[tuple[str, object]]:
    """Return the numbers and words of a report, those within others under both names."""
    facts: list[tuple[str, object]] = []
    for key, value in report.items():
        name = f"{before}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            facts.extend(_flat(value, f"{name}: "))
        elif isinstance(value, float):
            facts.append((name, f"{value:,.3f}"))
        elif value not in (0, None, ""):
            facts.append((name, f"{value:,}" if isinstance(value, int) else value))
    return facts


_SAID_ALREADY = frozenset(
    {"pipeline", "run_id", "source", "status", "reason", "read", "delivered", "dead", "skipped", "config"}
)
"""Of a report what stands above it, and the settings; all of it is told with --json."""
_RUNS = (
    Column("RUN", lambda run: run["run"], gives=True),
    Column("PIPELINE", lambda run: run["pipeline"], gives=True),
    Column("STATUS", lambda run: run["status"]),
    Column("STARTED", lambda run: moment(run["started_at"])),
    Column("TOOK", _took),
    Column("READ", _progress),
    Column("DEAD", lambda run: run["dead"] or None),
    Column("REASON", _why, gives=True),
)
_STANDING = (
    Column("PIPELINE", lambda run: run["pipeline"], gives=True),
    Column("RUN", lambda run: run["run"], gives=True),
    Column("HEALTH", lambda run: run["health"]),
    Column("READ", _progress),
    Column("RECORDS/S", lambda run: f"{run['throughput_rps']:,.0f}"),
    Column("FAILED", lambda run: f"{run['error_rate_percent']:.1f} %"),
    Column("WAITS FOR", lambda run: run["waits_for"] or None),
    Column("LEFT", lambda run: None if run["seconds_left"] is None else length(run["seconds_left"])),
    Column("LAST SIGN", lambda run: f"{length(run['silent_seconds'])} ago"),
)
