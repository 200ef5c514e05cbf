"""`tocsin batch dead-letters`: what could not be delivered, looked at, saved, sent once more, or given up."""

import json
import shlex
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli import options
from tocsin.cli.batch_state import (
    as_json,
    at_state,
    letters_at,
    needs_batch,
    of_pipeline,
    query_of,
    selecting,
    state_at,
)
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.group import Listing
from tocsin.cli.history_file import STANDARD, written
from tocsin.cli.output import Column, moment, print_facts, print_json, print_lines, print_table, say
from tocsin.clock import now

if TYPE_CHECKING:
    from tocsin.batch.state.base import DeadLetter

PORTION = 500
_hide = click.option(
    "--redact",
    metavar="FIELD",
    multiple=True,
    help="Hide this field too: email, properties.card; repeatable.",
)
_settled = click.option("--all", "everything", is_flag=True, help="Also those replayed or discarded.")


@click.group(name="dead-letters", cls=Listing)
def dead_letters() -> None:
    """List, show, export, replay or discard records that could not be delivered; alone it lists them.

    The fields that the pipeline names in `redact` are hidden in all that is shown and exported.
    """


@dead_letters.command("list")
@of_pipeline
@selecting
@_settled
@_hide
@options.limit
@at_state
@as_json
def list_letters(
    place: str | None,
    limit: int,
    redact: tuple[str, ...],
    *,
    as_json: bool,
    **which: Any,  # noqa: ANN401 -- handed on
) -> None:
    """List dead letters, the oldest first."""
    with letters_at(place, **which) as (state, query):
        total = state.count_dead_letters(query)
        found: list[dict[str, object]] = []
        for letter in state.dead_letters(query):
            if len(found) == limit:
                break
            found.append(_told(letter, redact))
    if as_json:
        print_json({"items": found, "total": total})
        return
    if not found:
        say("there are no such dead letters")
        return
    print_table(_COLUMNS if which["everything"] else _COLUMNS[:-1], found)
    if total > len(found):
        say(f"{len(found):,} of {total:,} are shown; see more with: --limit {limit * 10}")


@dead_letters.command()
@click.argument("letter_id", metavar="ID", type=click.IntRange(min=1))
@_hide
@at_state
@as_json
def show(letter_id: int, redact: tuple[str, ...], place: str | None, *, as_json: bool) -> None:
    """Show a dead letter with its record."""
    from tocsin.batch.state.base import DeadLetterQuery

    with state_at(place) as state:
        found = next(state.dead_letters(DeadLetterQuery(ids=(letter_id,), also_settled=True)), None)
        where = state.where
    if found is None:
        give_up(f"there is no dead letter {letter_id} in {where}", Exit.FAILED)
    told = _told(found, redact)
    if as_json:
        print_json(told)
        return
    print_facts(
        [
            ("dead letter", told["id"]),
            ("pipeline", told["pipeline"]),
            ("run", told["run"]),
            ("record", told["record_id"]),
            ("place in the source", told["ordinal"]),
            ("reason", told["reason"]),
            ("category", told["category"]),
            ("tried", _tried(found)),
            ("settled", told["settled"] and f"{told['settled']}, {moment(told['settled_at'])}"),
            ("hidden", ", ".join((*found.redact, *redact)) or None),
        ]
    )
    click.echo("\nas it would be sent" if found.is_encoded else "\nas the source had it")
    print_lines(json.dumps(told["payload"], indent=2, ensure_ascii=False))


@dead_letters.command()
@of_pipeline
@selecting
@_settled
@_hide
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    default=STANDARD,
    help="Write it there, packed if it ends in .gz (default: standard output).",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@at_state
def export(
    place: str | None,
    output: Path,
    redact: tuple[str, ...],
    *,
    force: bool,
    **which: Any,  # noqa: ANN401 -- handed on
) -> None:
    """Save dead letters as lines of JSON, with their records."""
    count = 0
    with letters_at(place, **which) as (state, query), written(output, force=force) as file:
        for letter in state.dead_letters(query):
            file.write(json.dumps(_told(letter, redact), ensure_ascii=False).encode() + b"\n")
            count += 1
    say(_counted(count) + ("" if output == STANDARD else f" in {output}"))


@dead_letters.command()
@click.option(
    "--pipeline",
    "where",
    metavar="MODULE:NAME",
    required=True,
    help="The pipeline in your program: jobs.events:pipeline.",
)
@selecting
def replay(where: str, **which: Any) -> None:  # noqa: ANN401 -- handed on
    """Send dead letters once more, by the pipeline they come from; ends with 1 if any fails again."""
    with needs_batch():
        pipeline = _pipeline(where)
        report = pipeline.replay(query_of(**which))
    click.echo(str(report))
    if report.dead or not report.is_complete:
        say(f"what is left: tocsin batch dead-letters --pipeline {shlex.quote(pipeline.name)}")
        raise click.exceptions.Exit(Exit.FAILED)


@dead_letters.command()
@of_pipeline
@selecting
@click.option("--all", "everything", is_flag=True, help="All of them, where nothing else is said.")
@options.yes
@at_state
def discard(
    place: str | None,
    *,
    everything: bool,
    yes: bool,
    **which: Any,  # noqa: ANN401 -- handed on
) -> None:
    """Give dead letters up: they are not sent any more."""
    if not everything and not any(which.values()):
        raise click.UsageError("say which: --id, --pipeline, --run, --reason, --category, --since, or --all")
    from tocsin.batch.state.base import Settled

    with letters_at(place, **which) as (state, query):
        total = state.count_dead_letters(query)
        if not total:
            say("there are no such dead letters")
            return
        if not yes:
            click.confirm(f"Give up {_counted(total)} for good?", abort=True, err=True)
        count, portion = 0, list[int]()
        for letter in state.dead_letters(query):
            portion.append(letter.id)
            if len(portion) == PORTION:
                count += state.settle_dead_letters(portion, Settled.DISCARDED, now())
                portion = []
        count += state.settle_dead_letters(portion, Settled.DISCARDED, now())
    click.echo(f"{_counted(count)} discarded; for some time `list --all` still shows what they were")


def _tried(letter: "DeadLetter") -> str:
    first, last = moment(letter.first_at.isoformat()), moment(letter.last_at.isoformat())
    if not letter.attempts:
        return f"not at all, since {first}"
    count = "once" if letter.attempts == 1 else f"{letter.attempts} times"
    return f"{count}, {last}" if first == last else f"{count}, {first} to {last}"


def _counted(count: int) -> str:
    return f"{count:,} dead letter{'' if count == 1 else 's'}"


def _pipeline(where: str) -> Any:  # noqa: ANN401 -- a Pipeline, whose module is not loaded with ours
    """Return the pipeline that a program defines; the folder one stands in is looked in too."""
    module, _, name = where.partition(":")
    if not module or not name:
        raise click.UsageError(
            f"{where!r} is no place in a program; write module:name, such as jobs.events:pipeline"
        )
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = import_module(module)
    except Exception as error:  # noqa: BLE001 -- whatever the program raises is told to whoever wrote it
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            give_up(f"there is no module {module!r} here, nor among what is installed", Exit.FAILED)
        give_up(f"{module} cannot be loaded: {type(error).__name__}: {error}", Exit.FAILED)
    pipeline = getattr(found, name, None)
    if not callable(getattr(pipeline, "replay", None)):
        give_up(f"{module} has no pipeline {name!r}", Exit.FAILED)
    return pipeline


def _told(letter: "DeadLetter", redact: tuple[str, ...]) -> dict[str, object]:
    """Return a dead letter as others may see it."""
    from tocsin.batch.state.redaction import redacted

    shown = redacted(letter, redact)
    return {
        "id": shown.id,
        "pipeline": shown.pipeline,
        "run": shown.run_id,
        "ordinal": shown.ordinal,
        "record_id": shown.record_id,
        "reason": shown.reason,
        "category": shown.category.value,
        "attempts": shown.attempts,
        "first_at": shown.first_at.isoformat(),
        "last_at": shown.last_at.isoformat(),
        "is_encoded": shown.is_encoded,
        "is_redacted": letter.is_redacted,
        "settled": None if shown.settled is None else shown.settled.value,
        "settled_at": None if shown.settled_at is None else shown.settled_at.isoformat(),
        "payload": _payload(shown.payload),
    }


def _payload(payload: bytes) -> object:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")


_COLUMNS = (
    Column("ID", lambda letter: letter["id"]),
    Column("PIPELINE", lambda letter: letter["pipeline"], gives=True),
    Column("SINCE", lambda letter: moment(letter["first_at"])),
    Column("CATEGORY", lambda letter: letter["category"]),
    Column("TRIES", lambda letter: letter["attempts"]),
    Column("RECORD", lambda letter: letter["record_id"], gives=True),
    Column("REASON", lambda letter: letter["reason"], gives=True),
    Column("SETTLED", lambda letter: letter["settled"]),
)
