"""`tocsin groups`: alerts that are told together, as one storm."""

import click

from tocsin.cli import options
from tocsin.cli.api import PAGE, Api, Json, api_of
from tocsin.cli.around import risk_line
from tocsin.cli.climbing import climb_line
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.meant import MOST_LISTED, SHORTEST_BEGINNING, meant_id
from tocsin.cli.output import (
    TOLD,
    Column,
    items_of,
    moment,
    print_facts,
    print_json,
    print_parts,
    print_table,
    say,
)


@click.command()
@click.argument("group_id", required=False)
@options.limit
@options.server
@options.as_json
def groups(group_id: str | None, limit: int, server: str | None, *, as_json: bool) -> None:
    """List the open groups of alerts, or show one with its alerts.

    The first characters of an ID suffice, at least four.
    """
    api = api_of(server)
    if group_id is None:
        _list(api.pages("groups", limit=limit), as_json=as_json)
        return
    whole = found_group_id(api, group_id)
    if whole is None:
        give_up(f"there is no group {group_id!r}; see the open ones with: tocsin groups", Exit.REFUSED)
    _show(_with_alerts(api, whole, limit), as_json=as_json)


def found_group_id(api: Api, group_id: str) -> str | None:
    """Return the id of a group by itself, or by its beginning if it is open and the only one; else None."""
    group = api.find("groups", group_id)
    if group is not None:
        return str(group.get("id"))
    if len(group_id) < SHORTEST_BEGINNING:
        return None
    return meant_id(group_id, items_of(api.find("groups", limit=MOST_LISTED) or {}), "groups")


def _with_alerts(api: Api, group_id: str, limit: int) -> Json:
    """Return a group with up to `limit` of its alerts, over their pages."""
    group = api.get("groups", group_id, limit=min(limit, PAGE))
    found, following = items_of({"items": group.get("alerts")}), group.get("next")
    while following and len(found) < limit:
        more = api.get("groups", group_id, limit=min(limit - len(found), PAGE), cursor=following)
        found += items_of({"items": more.get("alerts")})
        following = more.get("next")
    return {**group, "alerts": found, "next": following}


def _list(page: Json, *, as_json: bool) -> None:
    items = items_of(page)
    if as_json:
        print_json(page)
    elif not items:
        say("no group of alerts is open")
    else:
        print_table(_COLUMNS, items)
        say("take all alerts of one in hand with: tocsin ack ID")


def _show(group: Json, *, as_json: bool) -> None:
    if as_json:
        print_json(group)
        return
    print_facts(_facts(group))
    print_parts(group, (("Alerts", "alerts", _ALERTS), ("Told", "notifications", TOLD)))
    if group.get("next"):
        say("there are more alerts; raise --limit to see them")


def _facts(group: Json) -> list[tuple[str, object]]:
    return [
        ("group", group.get("id")),
        ("state", "open" if group.get("is_open") else "over"),
        ("severity", group.get("severity")),
        ("receiver", group.get("receiver")),
        ("labels", group.get("labels")),
        ("since", moment(group.get("opened_at"))),
        ("told as one", group.get("told_as_one_at") and moment(group.get("told_as_one_at"))),
        ("over", group.get("closed_at") and moment(group.get("closed_at"))),
        ("alerts", _counts(group)),
        ("first", _first(group)),
        ("they share", _cause(group)),
        ("at risk", risk_line(group, beyond="at least")),
        ("escalation", climb_line(group)),
    ]


def _counts(group: Json) -> str:
    counts = [f"{group.get(name)} {word}" for name, word in _COUNTED if group.get(name)]
    return f"{group.get('total')} in all" + (f": {', '.join(counts)}" if counts else "")


def _first(group: Json) -> str | None:
    first = group.get("first")
    if not isinstance(first, dict):
        return None
    return f"{first.get('job')} at {moment(first.get('at'))}: {first.get('summary')}"


def _cause(group: Json) -> str | None:
    cause = group.get("shared_cause")
    if not isinstance(cause, dict):
        return None
    return f"{cause.get('kind')} {cause.get('what')} ({cause.get('count')} of {group.get('total')})"


_COUNTED = (
    ("waiting", "not told yet"),
    ("open", "open"),
    ("taken", "of these in hand"),
    ("apart", "told by themselves since"),
    ("over", "over"),
)
_COLUMNS = (
    Column("ID", lambda group: group.get("id")),
    Column("SEVERITY", lambda group: group.get("severity")),
    Column("SINCE", lambda group: moment(group.get("opened_at"))),
    Column("WAITING", lambda group: str(group.get("waiting"))),
    Column("OPEN", lambda group: str(group.get("open"))),
    Column("IN HAND", lambda group: str(group.get("taken"))),
    Column("LABELS", lambda group: group.get("labels"), gives=True),
)
_ALERTS = (
    Column("ID", lambda alert: alert.get("id")),
    Column("SEVERITY", lambda alert: alert.get("severity")),
    Column("STATE", lambda alert: alert.get("state")),
    Column("JOB", lambda alert: alert.get("job"), gives=True),
    Column("WHAT", lambda alert: alert.get("summary"), gives=True),
)
