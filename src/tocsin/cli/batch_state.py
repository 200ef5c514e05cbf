"""What the commands of the batch toolkit share: its own state, which they open; no server is asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tocsin.cli.exits import Exit, give_up
from tocsin.cli.history import Back
from tocsin.errors import InvalidPipeline, StoreError

if TYPE_CHECKING:
    from tocsin.batch.state import State
    from tocsin.batch.state.base import DeadLetterQuery

CATEGORIES = ("rate_limit", "network", "validation", "authentication", "unknown")

at_state = click.option(
    "--state",
    "place",
    metavar="PATH|URL",
    help="The toolkit's state (default: TOCSIN_BATCH_STATE, else ~/.local/state/tocsin/batch.db).",
)
of_pipeline = click.option("--pipeline", metavar="NAME", default="", help="Of this pipeline alone.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
since = click.option(
    "--since", type=Back(), metavar="TIME", help="From then on: 2d, 12h or 2026-03-01T06:00."
)

Command = TypeVar("Command", bound=Callable[..., Any])


@contextmanager
def needs_batch() -> Iterator[None]:
    """Tell which extra is missing, and end with what the state has to say where it cannot be used."""
    try:
        yield
    except ModuleNotFoundError as error:
        give_up(f"this needs the package {error.name!r}: pip install 'tocsin[batch]'", Exit.FAILED)
    except (StoreError, InvalidPipeline) as error:
        give_up(str(error), Exit.FAILED)


@contextmanager
def state_at(place: str | None) -> Iterator["State"]:
    """Open the state that is there; a command that asks makes none."""
    with needs_batch():
        from tocsin.batch.state import POSTGRES, open_state, state_place

        where = place or state_place()
        if not where.startswith(POSTGRES) and not Path(where).expanduser().exists():
            give_up(f"{where} is not there: no pipeline has kept its state there yet", Exit.FAILED)
        state = open_state(where)
        try:
            yield state
        finally:
            state.close()


def selecting(command: Command) -> Command:
    """Give a command the options that say which dead letters are meant."""
    for option in (
        click.option("--id", "ids", type=click.IntRange(min=1), multiple=True, help="This one; repeatable."),
        click.option(
            "--run",
            "run_id",
            metavar="RUN",
            default="",
            help="Of this run; its first letters do.",
        ),
        click.option("--reason", metavar="TEXT", default="", help="With this in the reason."),
        click.option("--category", type=click.Choice(CATEGORIES), help="Of this category alone."),
        since,
    ):
        command = option(command)
    return command


def query_of(
    *,
    pipeline: str = "",
    ids: tuple[int, ...],
    run_id: str,
    reason: str,
    category: str | None,
    since: str | None,
    everything: bool = False,
) -> "DeadLetterQuery":
    """Return the question that the options ask."""
    from tocsin.batch.outcome import Category
    from tocsin.batch.state.base import DeadLetterQuery

    return DeadLetterQuery(
        pipeline=pipeline,
        run_id=run_id,
        reason=reason,
        category=None if category is None else Category(category),
        since=instant_of(since),
        ids=ids,
        also_settled=everything,
    )


@contextmanager
def letters_at(
    place: str | None,
    **which: Any,  # noqa: ANN401 -- handed on
) -> Iterator[tuple["State", "DeadLetterQuery"]]:
    """Open the state that is there, with the question that the options ask of it."""
    with state_at(place) as state:
        from tocsin.batch.state.called import meant

        yield state, meant(state, query_of(**which))


def instant_of(since: str | None) -> datetime | None:
    """Return the instant that an option gave."""
    return None if since is None else datetime.fromisoformat(since)
