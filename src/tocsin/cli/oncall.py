"""`tocsin oncall`: who is called upon, now and later, and how that is changed for a while."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import click

from tocsin.cli import options
from tocsin.cli.api import Api, api_of
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.group import Listing, Suggesting
from tocsin.cli.output import (
    Column,
    items_of,
    moment,
    print_json,
    print_lines,
    print_or_write,
    print_table,
    say,
)

DAYS = click.IntRange(1, 366)
MAX_CALENDAR_BYTES = 240_000
ROOT = "oncall"
SCHEDULES = "schedules"

at_option = click.option(
    "--at",
    metavar="TIME",
    help="Another time than now: '2026-11-23 09:00' in the zone of the on-call schedule, or with a zone.",
)
comment_option = click.option(
    "--comment", metavar="TEXT", default="", help="Why; the others will want to know."
)


@click.group(cls=Suggesting)
def oncall() -> None:
    """Tell who is on call, when nobody is, and change it for a while."""


@oncall.command()
@click.argument("schedule", required=False)
@at_option
@options.server
@options.as_json
def who(schedule: str | None, at: str | None, server: str | None, *, as_json: bool) -> None:
    """Tell who is on call, why, and until when; in SCHEDULE or in each on-call schedule.

    Ends with 1 where nobody is on call.
    """
    api = api_of(server)
    if schedule is None:
        answer = api.get(ROOT, SCHEDULES, at=at)
        items = items_of(answer)
    else:
        answer = api.get(ROOT, SCHEDULES, schedule, at=at)
        items = [answer]
    if as_json:
        print_json(answer)
    elif items:
        print_table(_WHO, items)
    else:
        say("there is no on-call schedule; add one under 'oncall' in the configuration")
    if any(item.get("responder") is None for item in items):
        raise click.exceptions.Exit(Exit.FAILED)


@oncall.command("next")
@click.argument("schedule", required=False)
@click.option("--days", type=DAYS, default=14, show_default=True, help="How many days are looked at.")
@options.server
@options.as_json
def show_next(schedule: str | None, days: int, server: str | None, *, as_json: bool) -> None:
    """List the shift of now and those that follow, in SCHEDULE or in each on-call schedule."""
    items = _found(api_of(server), schedule, "shifts", days)
    _print(items, _SHIFTS, f"nobody is on call within {days} days", as_json=as_json)


@oncall.command("gaps")
@click.argument("schedule", required=False)
@click.option("--days", type=DAYS, default=28, show_default=True, help="How many days are looked at.")
@options.server
@options.as_json
def show_gaps(schedule: str | None, days: int, server: str | None, *, as_json: bool) -> None:
    """List when nobody will be on call; ends with 1 where there is any such time."""
    found = _found(api_of(server), schedule, "gaps", days)
    _print(found, _GAPS, f"there is no gap within {days} days", as_json=as_json)
    if found:
        raise click.exceptions.Exit(Exit.FAILED)


@oncall.command("handover")
@click.argument("schedule")
@at_option
@options.server
@options.as_json
def show_hand_over(schedule: str, at: str | None, server: str | None, *, as_json: bool) -> None:
    """Print the message of the next hand-over: who comes, who goes, what is open."""
    answer = api_of(server).get(ROOT, SCHEDULES, schedule, "hand-over", at=at)
    if as_json:
        print_json(answer)
    else:
        print_lines(str(answer.get("text")))


@oncall.group(cls=Listing)
def override() -> None:
    """Have somebody else be on call for a while, whatever the rotations say."""


@override.command("add")
@click.argument("schedule")
@click.argument("responder")
@click.option("--from", "starts", metavar="TIME", help="From when on; now if left out.")
@click.option("--to", "ends", metavar="TIME", required=True, help="Until when: '2026-11-23 09:00'.")
@comment_option
@options.server
def add_override(
    schedule: str, responder: str, *, starts: str | None, ends: str, comment: str, server: str | None
) -> None:
    """Have RESPONDER be on call in SCHEDULE for a span.

    Times are those of the zone of the on-call schedule unless they carry a zone of their own.
    """
    body = {"responder": responder, "starts_at": starts, "ends_at": ends, "comment": comment}
    answer = api_of(server).post(ROOT, SCHEDULES, schedule, "overrides", body=body)
    click.echo(answer.get("message"))
    say(f"end it early with: tocsin oncall override remove {answer.get('id')}")


@override.command("list")
@click.argument("schedule", required=False)
@options.server
@options.as_json
def list_overrides(schedule: str | None, server: str | None, *, as_json: bool) -> None:
    """List the overrides that have not ended, and those of the last week."""
    page = api_of(server).get(ROOT, "overrides", schedule=schedule)
    if as_json:
        print_json(page)
    elif items_of(page):
        print_table(_OVERRIDES, items_of(page), below=lambda item: item.get("comment"))
    else:
        say("there is no override")


@override.command("remove")
@click.argument("override_id", metavar="ID")
@options.server
def remove_override(override_id: str, server: str | None) -> None:
    """End an override now, or both of a swap: the rotations hold again."""
    click.echo(api_of(server).delete(ROOT, "overrides", override_id).get("message"))


@oncall.command()
@click.argument("schedule")
@click.argument("one_at", metavar="TIME")
@click.argument("other_at", metavar="TIME")
@comment_option
@options.server
def swap(schedule: str, one_at: str, other_at: str, comment: str, server: str | None) -> None:
    """Have two people take each other's shift: give a TIME that lies in the one, and one in the other."""
    body = {"one_at": one_at, "other_at": other_at, "comment": comment}
    answer = api_of(server).post(ROOT, SCHEDULES, schedule, "swaps", body=body)
    click.echo(answer.get("message"))
    say(f"undo it with: tocsin oncall override remove {answer.get('id')}")


@oncall.command()
@click.argument("schedule", required=False)
@click.option("--responder", metavar="NAME", help="The shifts of a person, in all on-call schedules.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write; standard output if left out."
)
@options.server
def export(schedule: str | None, responder: str | None, output: Path | None, server: str | None) -> None:
    """Write the shifts of SCHEDULE, or of a responder, as a calendar (iCalendar)."""
    if (schedule is None) == (responder is None):
        raise click.UsageError("give either SCHEDULE or --responder NAME")
    steps = (SCHEDULES, f"{schedule}.ics") if schedule else ("responders", f"{responder}.ics")
    calendar = io.BytesIO()
    api_of(server).download(ROOT, *steps, into=calendar)
    print_or_write(calendar.getvalue(), output)


@oncall.command()
@click.argument("schedule", required=False)
@click.option("--responder", metavar="NAME", help="The shifts of a person, in all on-call schedules.")
@options.server
@options.as_json
def link(schedule: str | None, responder: str | None, server: str | None, *, as_json: bool) -> None:
    """Make a secret link to the calendar of SCHEDULE, or of a responder, for a calendar application.

    Whoever has the link may read this calendar and nothing else, until it is revoked. It is shown once.
    """
    if (schedule is None) == (responder is None):
        raise click.UsageError("give either SCHEDULE or --responder NAME")
    steps = (SCHEDULES, schedule) if schedule is not None else ("responders", str(responder))
    api = api_of(server)
    answer = api.post(ROOT, *steps, "link")
    if as_json:
        print_json(answer)
        return
    click.echo(answer.get("url") or f"{api.url}{answer.get('path')}")
    say(f"this is shown once; revoke it with: tocsin token revoke {answer.get('id')}")


@oncall.command("import")
@click.argument("schedule")
@click.argument("file", type=click.File("rb"))
@comment_option
@options.server
def import_calendar(schedule: str, file: BinaryIO, comment: str, server: str | None) -> None:
    """Keep the events of a calendar, FILE or - for standard input, as overrides of SCHEDULE.

    Whom an event means is told by its attendee's address, or by its summary: a responder's name. All events
    are kept or none. The same calendar again changes what it has made before.
    """
    content = file.read(MAX_CALENDAR_BYTES + 1)
    if len(content) > MAX_CALENDAR_BYTES:
        give_up(f"the calendar is larger than {MAX_CALENDAR_BYTES} bytes; import it in parts", Exit.FAILED)
    try:
        calendar = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        give_up("the calendar is not UTF-8 text", Exit.FAILED)
    body = {"calendar": calendar, "comment": comment}
    answer = api_of(server).post(ROOT, SCHEDULES, schedule, "import", body=body)
    click.echo(answer.get("message"))
    if answer.get("left_out"):
        say(f"left out because they are over or cancelled: {answer.get('left_out')}")
    if answer.get("ended"):
        say(f"ended because their event is over or cancelled: {answer.get('ended')}")
    for one in items_of({"items": answer.get("not_named")}):
        who, since = one.get("responder"), one.get("starts_at")
        say(
            f"not in this calendar and still in force: {who} from {since}; if it is to end: "
            f"tocsin oncall override remove {one.get('id')}"
        )


def _found(api: Api, schedule: str | None, what: str, days: int) -> list[Mapping[str, object]]:
    """Return what one on-call schedule has of something, or each."""
    every = items_of(api.get(ROOT, SCHEDULES)) if schedule is None else [{"schedule": schedule}]
    names = [str(one.get("schedule")) for one in every]
    return [item for name in names for item in items_of(api.get(ROOT, SCHEDULES, name, what, days=days))]


def _print(
    items: list[Mapping[str, object]], columns: tuple[Column, ...], nothing: str, *, as_json: bool
) -> None:
    if as_json:
        print_json({"items": items})
    elif items:
        print_table(columns, items)
    else:
        say(nothing)


def _why(item: Mapping[str, object]) -> str:
    because, source = str(item.get("because")), str(item.get("source") or "")
    return source if source.startswith(because) else f"{because} {source}".rstrip()


_WHO = (
    Column("ON-CALL SCHEDULE", lambda item: item.get("schedule"), gives=True),
    Column("WHO", lambda item: item.get("responder") or "nobody", gives=True),
    Column("UNTIL", lambda item: moment(item.get("until_at"))),
    Column("WHY", _why, gives=True),
    Column("CONTACTS", lambda item: item.get("contacts"), gives=True),
)
_SHIFTS = (
    Column("ON-CALL SCHEDULE", lambda item: item.get("schedule"), gives=True),
    Column("FROM", lambda item: moment(item.get("starts_at"))),
    Column("TO", lambda item: moment(item.get("ends_at"))),
    Column("WHO", lambda item: item.get("responder"), gives=True),
    Column("WHY", _why, gives=True),
)
_GAPS = _SHIFTS[:3]
_OVERRIDES = (
    Column("ID", lambda item: item.get("id")),
    Column("STATE", lambda item: item.get("state")),
    Column("ON-CALL SCHEDULE", lambda item: item.get("schedule"), gives=True),
    Column("WHO", lambda item: item.get("responder"), gives=True),
    Column("FROM", lambda item: moment(item.get("starts_at"))),
    Column("TO", lambda item: moment(item.get("ends_at"))),
    Column("BY", lambda item: item.get("created_by"), gives=True),
)
