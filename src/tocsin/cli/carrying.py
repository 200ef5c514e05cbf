"""`tocsin export` and `tocsin import`: the history of all jobs, out of a server and into one."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import click

from tocsin.cli import options
from tocsin.cli.api import Api, Json, api_of
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.history import Back
from tocsin.cli.history_file import STANDARD, lines_of, written
from tocsin.cli.options import DEFAULT_ENVIRONMENT
from tocsin.cli.output import instant, items_of, say
from tocsin.cli.progress import Progress

LINES_AT_ONCE = 1_000
BYTES_AT_ONCE = 250 * 1024
MOST_JOBS = 1_000_000
HEADER = "tocsin-history"


@click.command(name="export")
@click.option(
    "--since", type=Back(), metavar="TIME", help="From then on: 90d or 2026-03-01T06:00 (default: all)."
)
@options.jobs_named
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    default=STANDARD,
    help="Write it there, packed if it ends in .gz (default: standard output).",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@options.server
def export_(*, since: str | None, jobs: str, output: Path, force: bool, server: str | None) -> None:
    """Save what jobs have reported, and what became of their runs, as lines of JSON.

    Each line is one job, run, expected run or check-in. `tocsin import` gives it to another server, and
    `tocsin backtest --file` replays it.
    """
    api, progress, count = api_of(server), Progress("lines"), 0
    with written(output, force=force) as file:
        for portion in portions(api, since, jobs):
            file.write(portion)
            count += portion.count(b"\n")
            progress.show(count)
    progress.end()
    if output != STANDARD:
        say(f"{output}: {count:,} lines; keep it safe, it holds all that jobs have reported")


def portions(api: Api, since: str | None, jobs: str) -> Iterator[bytes]:
    """Return what the server exports, portion by portion."""
    following = ""
    while True:
        content, following = api.portion("export", since=since, jobs=jobs or None, cursor=following or None)
        yield content
        if not following:
            return


@click.command(name="import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@options.server
def import_(path: Path, server: str | None) -> None:
    """Give a server the history in FILE, as `tocsin export` wrote it; `-` reads standard input.

    It is recorded as history: nothing of it is judged, nobody is told, and jobs that are new to the server
    are expected from now on. What the server knows already stays as it is, so the same file may be given
    again, such as after an interruption.
    """
    api, progress, new, known = api_of(server), Progress("lines"), 0, 0
    for portion in cut(path, _seen(api)):
        if portion.lines.strip():
            answer = api.send("import", lines=portion.lines, first=portion.first)
            new, known = new + _count(answer.get("new")), known + _count(answer.get("known"))
        known += portion.known
        progress.show(new + known)
    progress.end()
    say(f"{new:,} lines are new to the server; {known:,} it knew already, or has newer ones of that job")


Seen = Mapping[tuple[str, str], datetime]
"""By environment and name of a job, when its newest check-in came that the server knows."""


def _seen(api: Api) -> Seen:
    jobs = items_of(api.pages("jobs", limit=MOST_JOBS))
    seen = ((str(job["environment"]), str(job["name"]), instant(job.get("last_seen_at"))) for job in jobs)
    return {(environment, name): at for environment, name, at in seen if at is not None}


class Portion(NamedTuple):
    """Lines to be given at once, the number of the first, and how many were left out, for they are there.

    What is left out is an empty line, so that all others keep their number.
    """

    lines: bytes
    first: int
    known: int


def cut(path: Path, seen: Seen) -> Iterator[Portion]:
    """Return the lines of a file as the server takes them at once, without the check-ins that it has."""
    taken, size, first, known, number = list[bytes](), 0, 1, 0, 0
    for number, line in lines_of(path):
        is_known = _is_known(_read(path, number, line), seen)
        if taken and (len(taken) >= LINES_AT_ONCE or size + len(line) > BYTES_AT_ONCE):
            yield Portion(b"".join(taken), first, known)
            taken, size, known = [], 0, 0
        first = first if taken else number
        taken += [b"\n"] * (number - first - len(taken))
        taken.append(b"\n" if is_known else line.rstrip(b"\n") + b"\n")
        size, known = size + len(taken[-1]), known + is_known
    if not number:
        give_up(f"{path} is empty; write one with: tocsin export -o FILE", Exit.FAILED)
    yield Portion(b"".join(taken), first, known)


def _read(path: Path, number: int, line: bytes) -> Json:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or (number == 1 and found.get("type") != HEADER):
        give_up(f"{path}, line {number}: is not of a history that tocsin export wrote", Exit.FAILED)
    return found


def _is_known(line: Json, seen: Seen) -> bool:
    check_in = line.get("check_in")
    if not isinstance(check_in, dict):
        return False
    newest_at = seen.get((check_in.get("environment") or DEFAULT_ENVIRONMENT, check_in.get("job", "")))
    at = instant(line.get("received_at")) if newest_at is not None else None
    return newest_at is not None and at is not None and at <= newest_at


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
