"""`tocsin alerts`, `ack`, `snooze` and `resolve`: what is wrong, and who has it in hand."""

from collections.abc import Mapping
from datetime import timedelta

import click

from tocsin.cli import options
from tocsin.cli.api import Api, Json, api_of
from tocsin.cli.around import alike_line, cause_line, muted_line, risk_line
from tocsin.cli.climbing import climb_line
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.groups import found_group_id
from tocsin.cli.meant import MOST_LISTED, SHORTEST_BEGINNING, meant_id
from tocsin.cli.output import (
    TOLD,
    Column,
    items_of,
    moment,
    print_facts,
    print_json,
    print_lines,
    print_parts,
    print_table,
    say,
)
from tocsin.errors import ClientError

MINUTE = timedelta(minutes=1)


@click.command()
@click.argument("alert_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Also those that are resolved.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if any alert is open.")
@options.limit
@options.server
@options.as_json
def alerts(
    alert_id: str | None, limit: int, server: str | None, *, everything: bool, exit_code: bool, as_json: bool
) -> None:
    """List the open alerts, most severe first, or show one with its history."""
    api = api_of(server)
    if alert_id is not None:
        _show(_found(api, alert_id), as_json=as_json)
        return
    page = api.pages("alerts", limit=limit, state="all" if everything else "open")
    items = items_of(page)
    _list(page, items, as_json=as_json, everything=everything)
    if exit_code and any(item.get("state") != "resolved" for item in items):
        raise click.exceptions.Exit(Exit.FAILED)


@click.command()
@click.argument("alert_ids", nargs=-1, required=True, metavar="ID...")
@click.option(
    "--for", "length", type=options.Span(), metavar="TIME", help="How long: 30m, 2h or 1d12h; else for good."
)
@options.note
@options.server
def ack(alert_ids: tuple[str, ...], length: timedelta | None, note: str, server: str | None) -> None:
    """Take alerts in hand: they are not repeated unless they get worse, or --for has passed.

    The ID of a group means all its alerts. The first characters of an ID suffice, at least four.
    """
    body: dict[str, object] = {"note": note}
    if length is not None:
        body["for_minutes"] = length / MINUTE
    _act(api_of(server), alert_ids, "acknowledge", body, takes_groups=True)


@click.command()
@click.argument("alert_ids", nargs=-1, required=True, metavar="ID...")
@click.option(
    "--until",
    type=options.Until(),
    required=True,
    metavar="WHEN",
    help="next-run, next-success, a length such as 2h, or an instant such as 2026-03-01T06:00.",
)
@options.note
@options.server
def snooze(alert_ids: tuple[str, ...], until: options.End, note: str, server: str | None) -> None:
    """Put alerts off: nothing more is told before then unless they get worse, and then they are told again.

    Judging goes on, and whoever was told hears it when the trouble is over. The first characters of an ID
    suffice, at least four.
    """
    body: dict[str, object] = {"note": note}
    if isinstance(until, timedelta):
        body["for_minutes"] = until / MINUTE
    else:
        body["until"] = until
    _act(api_of(server), alert_ids, "snooze", body)


@click.command()
@click.argument("alert_ids", nargs=-1, required=True, metavar="ID...")
@options.note
@options.server
def resolve(alert_ids: tuple[str, ...], note: str, server: str | None) -> None:
    """Declare the trouble of alerts over; everybody who was told of them hears it.

    The first characters of an ID suffice, at least four.
    """
    _act(api_of(server), alert_ids, "resolve", {"note": note})


def _act(
    api: Api, ids: tuple[str, ...], verb: str, body: dict[str, object], *, takes_groups: bool = False
) -> None:
    """Do it for each, and tell at the end whether one of them was refused."""
    worst = Exit.OK
    for one in ids:
        try:
            whole = _meant(api, one, takes_groups=takes_groups)
            click.echo(api.post(*whole, verb, body=body).get("message"))
        except ClientError as error:
            if error.exit_code != Exit.REFUSED:
                raise
            say(f"tocsin: {error}")
            worst = Exit.REFUSED
    if worst:
        raise click.exceptions.Exit(worst)


def _meant(api: Api, one: str, *, takes_groups: bool) -> tuple[str, str]:
    """Return which of the lists an id stands in, and the whole of it; an alert before a group."""
    try:
        return "alerts", str(_found(api, one)["id"])
    except ClientError as error:
        whole = found_group_id(api, one) if takes_groups and error.exit_code == Exit.REFUSED else None
        if whole is None:
            raise
        return "groups", whole


def _found(api: Api, alert_id: str) -> Json:
    """Return an alert by its id, or by the beginning of it if it is open and the only one."""
    alert = api.find("alerts", alert_id)
    if alert is not None:
        return alert
    whole = None
    if len(alert_id) >= SHORTEST_BEGINNING:
        listed = items_of(api.pages("alerts", limit=MOST_LISTED, state="open"))
        whole = meant_id(alert_id, listed, "alerts")
    if whole is None:
        give_up(f"there is no alert {alert_id!r}; see the open ones with: tocsin alerts", Exit.REFUSED)
    return api.get("alerts", whole)


def _list(page: Json, items: list[Mapping[str, object]], *, as_json: bool, everything: bool) -> None:
    if as_json:
        print_json(page)
    elif not items:
        say("there is no alert" if everything else "no alert is open")
    else:
        print_table(_COLUMNS, items, below=_below)
        if page.get("next"):
            say("there are more; raise --limit to see them")
        if any(item.get("state") == "firing" for item in items):
            say("take one in hand with: tocsin ack ID")


def _below(alert: Mapping[str, object]) -> tuple[object, ...]:
    line = muted_line(alert)
    return alert.get("summary"), f"muted {line}" if line and line.startswith("since") else line


def _show(alert: Json, *, as_json: bool) -> None:
    if as_json:
        print_json(alert)
        return
    print_facts(_facts(alert))
    print_parts(alert, (("History", "history", _HISTORY), ("Told", "notifications", TOLD)))
    if alert.get("log_tail"):
        click.echo("\nEnd of the log")
        print_lines(str(alert["log_tail"]))


def _facts(alert: Json) -> list[tuple[str, object]]:
    return [
        ("alert", alert.get("id")),
        ("state", alert.get("state")),
        ("severity", alert.get("severity")),
        ("job", alert.get("job")),
        ("environment", alert.get("environment")),
        ("run", alert.get("run")),
        ("what", alert.get("summary")),
        ("rule", f"{alert.get('rule')} ({alert.get('condition')})"),
        ("since", moment(alert.get("since_at"))),
        ("acknowledged", _by(alert, "acknowledged")),
        ("acknowledged until", alert.get("acknowledged_until") and moment(alert.get("acknowledged_until"))),
        ("snoozed", _snoozed(alert)),
        ("escalation", climb_line(alert)),
        ("resolved", _by(alert, "resolved")),
        ("muted", muted_line(alert)),
        ("likely cause", cause_line(alert)),
        ("at risk", risk_line(alert)),
        ("same error", alike_line(alert)),
        ("silenced until", alert.get("silenced_until") and moment(alert.get("silenced_until"))),
        *_evidence(alert),
        ("next step", alert.get("next_step")),
        ("runbook", alert.get("runbook")),
        ("owner", alert.get("owner")),
        ("labels", alert.get("labels")),
    ]


def _evidence(alert: Json) -> list[tuple[str, object]]:
    """Return what else speaks for it; the run stands above already."""
    evidence = alert.get("evidence")
    pairs = evidence.items() if isinstance(evidence, dict) else ()
    return [(str(name), value) for name, value in pairs if name != "run"]


def _by(alert: Json, what: str) -> str | None:
    if not alert.get(f"{what}_at"):
        return None
    who = alert.get(f"{what}_by")
    return moment(alert[f"{what}_at"]) + (f" by {who}" if who else "")


def _snoozed(alert: Json) -> str | None:
    if not alert.get("snoozed_until"):
        return None
    end = str(alert.get("snooze_end"))
    waits = f"until its {end.replace('_', ' ')}, at most " if end != "time" else ""
    return f"{waits}until {moment(alert['snoozed_until'])} by {alert.get('snoozed_by')}"


_COLUMNS = (
    Column("ID", lambda alert: alert.get("id")),
    Column("SEVERITY", lambda alert: alert.get("severity")),
    Column("STATE", lambda alert: alert.get("state")),
    Column("SINCE", lambda alert: moment(alert.get("since_at"))),
    Column("JOB", lambda alert: alert.get("job"), gives=True),
)
_HISTORY = (
    Column("AT", lambda entry: moment(entry.get("at"))),
    Column("WHAT", lambda entry: str(entry.get("reason")).replace("_", " ")),
    Column("SEVERITY", lambda entry: entry.get("severity")),
    Column("WHO", lambda entry: entry.get("who"), gives=True),
    Column("NOTE", lambda entry: entry.get("note"), gives=True),
)
