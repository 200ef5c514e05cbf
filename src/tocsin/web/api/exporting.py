"""The history as lines of JSON, portion by portion: out of this server, and into it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from tocsin.engine.commands import Done, TakeHistory
from tocsin.engine.draft import SYSTEM_JOB
from tocsin.errors import InvalidMatcher
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import Job, JobKey
from tocsin.jobs.occurrence import Occurrence
from tocsin.jobs.run import Run
from tocsin.rules.pattern import compile_pattern
from tocsin.store.base import Reading
from tocsin.store.codec import EPOCH
from tocsin.store.exports import Kept
from tocsin.web.api.inputs import Cursor, Who, invalid, read_cursor, refusal, write_cursor
from tocsin.web.api.shape import Shape
from tocsin.web.lines import (
    BadLineError,
    Header,
    OccurrenceOf,
    RunOf,
    Told,
    check_in_line,
    header_line,
    job_line,
    occurrence_line,
    read_line,
    run_line,
)
from tocsin.web.wiring import Wired

NEXT: Final = "tocsin-next"
MEDIA_TYPE: Final = "application/x-ndjson"
ROWS_AT_ONCE: Final = 500
ENOUGH_BYTES: Final = 2 * 2**20
MOST_ROWS: Final = 20_000
MOST_LINES: Final = 2_000

T = TypeVar("T")
router = APIRouter(prefix="/api/v1", tags=["history"])


class TakenShape(Shape):
    """What became of a portion of a history."""

    new: int
    """Lines that were recorded."""
    known: int
    """Lines of what was there already, or is older than what is there."""


Fits = Callable[[str], bool]
Lines = tuple[list[bytes], str]
"""Lines, and the place behind the last of them; empty at the end of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """A part of the history: of which list, and behind which place in it. Nothing is the beginning."""

    stage: str = ""
    place: str = ""


@router.get("/export", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
def export(
    wired: Wired,
    _: Who,
    since: Annotated[AwareDatetime | None, Query(description="What is older is left out.")] = None,
    jobs: Annotated[
        str, Query(max_length=1_000, description="Pattern (RE2) of names, as a rule's `job_pattern`.")
    ] = "",
    cursor: Cursor = None,
) -> Response:
    """Return a portion of the history, one JSON object to a line; `Tocsin-Next` is the cursor of the next.

    First a header, then the jobs, their runs, what became of expected runs, and the check-ins in the order
    of their arrival. Without `Tocsin-Next` it was the last portion.
    """
    stage, place = read_cursor(cursor, 2) or ("", "")
    if stage not in ("", *_STAGES):
        raise invalid("cursor", "is not one that a page before has given")
    from_at = None if since is None else since.astimezone(UTC)
    with wired.store.reading() as reading:
        lines, following = portion_of(reading, Portion(stage=stage, place=place), since=from_at, jobs=jobs)
    headers = {} if following is None else {NEXT: write_cursor(following.stage, following.place)}
    return Response(b"".join(lines), media_type=MEDIA_TYPE, headers=headers)


def portion_of(
    reading: Reading, portion: Portion, *, since: datetime | None, jobs: str
) -> tuple[list[bytes], Portion | None]:
    """Return the lines of a portion of the history, and the next one; None after the last."""
    stage, fits = portion.stage or _STAGES[0], _fitting(jobs)
    lines = [] if portion.stage else [header_line(since, jobs)]
    found, behind = _READ[stage](reading, portion.place, since or EPOCH, fits)
    later = _STAGES[_STAGES.index(stage) + 1 :]
    if behind:
        return [*lines, *found], Portion(stage=stage, place=behind)
    return [*lines, *found], Portion(stage=later[0]) if later else None


def _fitting(pattern: str) -> Fits:
    if not pattern:
        return lambda _: True
    try:
        compiled = compile_pattern(pattern)
    except InvalidMatcher as error:
        raise invalid("jobs", str(error)) from None
    return lambda name: compiled.match(name) is not None


def _jobs(reading: Reading, place: str, since: datetime, fits: Fits) -> Lines:  # noqa: ARG001 -- as the others
    environment, _, name = place.partition("\n")
    after = JobKey(environment, name) if place else None
    watches = reading.jobs(after=after, limit=ROWS_AT_ONCE)
    lines = [job_line(one.job) for one in watches if fits(one.job.name) and not _is_ours(one.job.key)]
    last = watches[-1].job if len(watches) == ROWS_AT_ONCE else None
    return lines, "" if last is None else f"{last.environment}\n{last.name}"


def _runs(reading: Reading, place: str, since: datetime, fits: Fits) -> Lines:
    return _portion(lambda after: reading.runs_from(after, since, ROWS_AT_ONCE), run_line, place, fits)


def _occurrences(reading: Reading, place: str, since: datetime, fits: Fits) -> Lines:
    return _portion(
        lambda after: reading.occurrences_from(after, since, ROWS_AT_ONCE), occurrence_line, place, fits
    )


def _check_ins(reading: Reading, place: str, since: datetime, fits: Fits) -> Lines:
    return _portion(
        lambda after: reading.check_ins_from(after, since, ROWS_AT_ONCE), check_in_line, place, fits
    )


def _portion(
    read: Callable[[int], list[Kept[T]]], write: Callable[[JobKey, T], bytes], place: str, fits: Fits
) -> Lines:
    """Return lines until there are enough of them, or enough was looked through."""
    after, lines, size, looked = _number(place), list[bytes](), 0, 0
    while size < ENOUGH_BYTES and looked < MOST_ROWS:
        rows = read(after)
        for row in rows:
            if row.value is not None and fits(row.job.name) and not _is_ours(row.job):
                lines.append(write(row.job, row.value))
                size += len(lines[-1])
        looked += len(rows)
        if len(rows) < ROWS_AT_ONCE:
            return lines, ""
        after = rows[-1].id
    return lines, str(after)


def _number(place: str) -> int:
    if place and not (place.isascii() and place.isdigit() and len(place) < len(str(2**63))):
        raise invalid("cursor", "is not one that a page before has given")
    return int(place or 0)


def _is_ours(job: JobKey) -> bool:
    return job.environment == SYSTEM_JOB.environment


_READ: Final[dict[str, Callable[[Reading, str, datetime, Fits], Lines]]] = {
    "jobs": _jobs,
    "runs": _runs,
    "occurrences": _occurrences,
    "check-ins": _check_ins,
}
_STAGES: Final = tuple(_READ)


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("/import")
def import_history(
    wired: Wired,
    who: Who,
    body: Annotated[bytes, Depends(_body)],
    first: Annotated[int, Query(ge=1, description="The number of its first line, to name others by.")] = 1,
) -> TakenShape:
    """Record a portion of an exported history: up to 2000 lines and 256 KiB, in the order of the file.

    Nothing of it is judged, and nobody is told. Jobs that are not known are expected from now on. Runs that
    are known stay as they are. Check-ins are added as they come: leave out what a job has reported before its
    `last_seen_at`, or it is there twice.
    """
    lines = body.splitlines()
    if len(lines) > MOST_LINES:
        raise invalid("lines", f"there are {len(lines)}; at most {MOST_LINES} are taken at once")
    result = wired.engine.command(history_of(lines, who, first=first))
    if isinstance(result, Done):
        return TakenShape(new=result.count, known=result.known)
    raise refusal(result)


def history_of(lines: list[bytes], who: str, *, first: int) -> TakeHistory:
    """Return what a portion of a history tells; ends the request at the first line that is none."""
    jobs, runs = list[Job](), list[tuple[JobKey, Run]]()
    occurrences, check_ins = list[tuple[JobKey, Occurrence]](), list[CheckIn]()
    for told in _told(lines, first):
        match told:
            case Job():
                jobs.append(told)
            case CheckIn():
                check_ins.append(told)
            case RunOf():
                runs.append((told.job, told.run))
            case OccurrenceOf():
                occurrences.append((told.job, told.occurrence))
            case Header():
                pass
    return TakeHistory(
        who=who,
        jobs=tuple(jobs),
        runs=tuple(runs),
        occurrences=tuple(occurrences),
        check_ins=tuple(check_ins),
    )


def _told(lines: list[bytes], first: int) -> Iterator[Told]:
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        try:
            yield read_line(line)
        except BadLineError as error:
            raise invalid(f"line {number}", str(error)) from None
