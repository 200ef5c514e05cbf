"""`tocsin drill`: prove that whoever has to be told would be, before it is needed."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

import click

from tocsin.cli import options
from tocsin.cli.api import Api, api_of
from tocsin.cli.exits import Exit
from tocsin.cli.output import NOTHING, Column, instant, items_of, length, print_json, print_table, say
from tocsin.clock import monotonic
from tocsin.notify.inert import line as inert_line

LOOK_EVERY_SECONDS = 0.3
PATIENCE = timedelta(seconds=30)
"""How much longer than the drill itself is waited for its end."""
ACKNOWLEDGE_WITHIN = timedelta(minutes=15)
MAX_FAULT = 500
RUNNING = "running"
PROVED = "proved"
TOLD_ALREADY = "told_below"
_OUTCOMES = {
    "sent": "delivered",
    "dead": "failed",
    "unknown": "perhaps delivered",
    "cancelled": "not in time",
    "pending": "waits",
    "sending": "is being sent",
}


@click.command()
@click.option("--receiver", metavar="NAME", help="Tell this receiver.")
@click.option("--policy", metavar="NAME", help="Tell every level of this escalation policy, at once.")
@click.option("--job", metavar="NAME", help="Tell whoever would be told now that this job has failed.")
@options.environment
@click.option(
    "--severity",
    type=click.Choice(["info", "warning", "critical", "page"]),
    default="critical",
    show_default=True,
    help="How severe an alert it stands for.",
)
@click.option("--ack", is_flag=True, help="Wait until somebody of each level has acknowledged it.")
@click.option(
    "--ack-within",
    type=options.Span(),
    metavar="LENGTH",
    help="How long each level has for that (default: 15m); means --ack.",
)
@click.option(
    "--within",
    type=options.Span(),
    metavar="LENGTH",
    default="2m",
    show_default=True,
    help="How long it may take to arrive.",
)
@options.server
@options.as_json
def drill(
    receiver: str | None,
    policy: str | None,
    job: str | None,
    *,
    environment: str,
    severity: str,
    ack: bool,
    ack_within: timedelta | None,
    within: timedelta,
    server: str | None,
    as_json: bool,
) -> None:
    """Send a drill on the way that alerts take, and print the time of every hop.

    Name one of --receiver, --policy and --job. Nobody stands in for who is not reached, and all that the
    drill opens is closed in the end. Ends with 1 unless every level was reached, and with --ack unless
    somebody of every level has acknowledged it.
    """
    named = {"receiver": receiver, "policy": policy, "job": job}
    tried: dict[str, object] = {name: value for name, value in named.items() if value is not None}
    if len(tried) != 1:
        raise click.UsageError("give one of --receiver, --policy and --job")
    tried |= {"environment": environment} if job is not None else {}
    wait = (ack_within or ACKNOWLEDGE_WITHIN) if ack or ack_within is not None else None
    tried |= {"acknowledge_within_seconds": wait.total_seconds()} if wait is not None else {}
    api = api_of(server)
    body = {**tried, "severity": severity, "deliver_within_seconds": within.total_seconds()}
    begun = api.post("drills", body=body)
    say(str(begun.get("message")))
    patience = PATIENCE + max(within, wait or within)
    found = _over(api, str(begun.get("id")), patience, waits_for_people=wait is not None)
    _tell(found, as_json=as_json)


def _tell(found: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_table(_COLUMNS, _rows(found))
    faults = found.get("faults")
    for fault in faults if isinstance(faults, list) else ():
        say(f"not proved: {inert_line(str(fault), MAX_FAULT)}")
    if found.get("state") == RUNNING:
        say("not proved: the drill is still under way; the server's log may say why")
    if found.get("state") != PROVED:
        raise click.exceptions.Exit(Exit.FAILED)
    say("proved: every level was reached")


def _over(api: Api, drill_id: str, patience: timedelta, *, waits_for_people: bool) -> Mapping[str, object]:
    """Return the drill once it is over, or as it is when that takes too long."""
    until, pause = monotonic() + patience.total_seconds(), threading.Event()
    found = api.get("drills", drill_id)
    has_said = False
    while found.get("state") == RUNNING and monotonic() < until:
        if waits_for_people and not has_said and _has_arrived(found):
            say("it has arrived everywhere; now somebody of each level has to acknowledge it")
            has_said = True
        pause.wait(LOOK_EVERY_SECONDS)
        found = api.get("drills", drill_id)
    return found


def _has_arrived(found: Mapping[str, object]) -> bool:
    return all(one.get("state") == "sent" for level in _levels(found) for one in _targets(level))


def _levels(found: Mapping[str, object]) -> list[Mapping[str, object]]:
    return items_of({"items": found.get("levels")})


def _targets(level: Mapping[str, object]) -> list[Mapping[str, object]]:
    return items_of({"items": level.get("targets")})


def _rows(found: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return one row for each message, and one for each level that tells nobody."""
    return [
        {**target, "of": level}
        for level in _levels(found)
        for target in (_targets(level) or [{"state": level.get("state"), "reason": level.get("reason")}])
    ]


def _level(row: Mapping[str, object]) -> str:
    level = row.get("of")
    if not isinstance(level, Mapping):
        return NOTHING
    return f"{level.get('level')} {level.get('name')}" if level.get("level") else str(level.get("name"))


def _outcome(row: Mapping[str, object]) -> str:
    said = _OUTCOMES.get(str(row.get("state")))
    if row.get("state") == TOLD_ALREADY:
        return f"told already: {row.get('reason')}"
    if said is None:
        return f"nobody: {row.get('reason')}"
    return f"{said}: {row.get('reason')}" if row.get("reason") else said


def _accepted(row: Mapping[str, object]) -> str:
    at = instant(row.get("accepted_at"))
    return NOTHING if at is None else f"{at.astimezone():%H:%M:%S.%f}"[:-3]


def _since_accepted(row: Mapping[str, object], at: datetime | None) -> str:
    """Return a hop as what has passed since it was accepted: `+0.152s`."""
    accepted_at = instant(row.get("accepted_at"))
    if at is None or accepted_at is None:
        return NOTHING
    seconds = (at - accepted_at).total_seconds()
    return f"+{seconds:.3f}s" if seconds < PATIENCE.total_seconds() else f"+{length(seconds)}"


def _acknowledged(row: Mapping[str, object]) -> str:
    level = row.get("of")
    if not isinstance(level, Mapping) or not level.get("acknowledged_at"):
        return NOTHING
    return f"{_since_accepted(row, instant(level.get('acknowledged_at')))} {level.get('acknowledged_by')}"


_COLUMNS = (
    Column("LEVEL", _level, gives=True),
    Column("TARGET", lambda row: row.get("target"), gives=True),
    Column("OUTCOME", _outcome, gives=True),
    Column("ACCEPTED", _accepted),
    Column("CLAIMED", lambda row: _since_accepted(row, instant(row.get("claimed_at")))),
    Column("SENT", lambda row: _since_accepted(row, instant(row.get("sent_at")))),
    Column("ANSWERED", lambda row: _since_accepted(row, instant(row.get("answered_at")))),
    Column("ACKNOWLEDGED", _acknowledged, gives=True),
)
