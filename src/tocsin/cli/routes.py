"""`tocsin routes`: the tree of the configuration file, and whom an alert would reach; asks no server."""

import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli import options
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.files import CONFIG_NAME, found_config, needs_server
from tocsin.cli.group import Suggesting
from tocsin.cli.output import moment, print_facts, print_json, say
from tocsin.clock import now
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from tocsin.alerts.route import Grouping, Route, Way
    from tocsin.engine.configuration import Configuration

MAX_LABELS = 100


@click.group(cls=Suggesting)
def routes() -> None:
    """Show the routes of the configuration file, or whom an alert would reach."""


@routes.command()
@click.argument("labels", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--at", "at", metavar="TIME", help="When, as 2026-11-22T08:00 or with +01:00 (default: now).")
@click.option("--expect", metavar="RECEIVERS", help="End with 1 unless these, separated by commas, are told.")
@options.config
@click.option("--json", "as_json", is_flag=True, help="Print the ways as JSON.")
def test(
    labels: tuple[str, ...], at: str | None, expect: str | None, config: Path | None, *, as_json: bool
) -> None:
    """Print the ways that an alert with these labels takes, and who is told now.

    `tocsin routes test severity=page job=etl team=data`; labels left out are empty. Nothing is sent.
    """
    configuration = _configuration("routes test", config)
    from tocsin.engine.behind import escalation_of
    from tocsin.engine.reaching import ways_of

    instant, alert = _instant(at), _read_labels(labels)
    found, policy = ways_of(alert, configuration, instant), escalation_of(configuration.route, alert)
    if as_json:
        plain = [_plain(way, configuration) for way in found]
        print_json({"at": instant.isoformat(), "ways": plain, "escalation": policy or None})
    else:
        for number, way in enumerate(found):
            click.echo("" if number else f"at {moment(instant.isoformat())}\n")
            print_facts(_facts(way, configuration))
        click.echo(f"\nescalated by {policy}" if policy else "\nnot escalated")
    told = {way.receiver for way in found if way.muted_until is None}
    if not told:
        say(f"nobody is told at {moment(instant.isoformat())}")
    if expect is not None and told != (wanted := {name.strip() for name in expect.split(",")}):
        give_up(
            f"expected {', '.join(sorted(wanted))}, but told: {', '.join(sorted(told)) or 'nobody'}",
            Exit.FAILED,
        )


@routes.command()
@options.config
def show(config: Path | None) -> None:
    """Print the tree of routes, with what each one tells and when."""
    configuration = _configuration("routes show", config)
    from tocsin.engine.reaching import usual_grouping

    for line in _tree(configuration.route, usual_grouping(configuration), "", is_root=True):
        click.echo(line)


def _configuration(command: str, config: Path | None) -> "Configuration":
    chosen = found_config(config) or Path(CONFIG_NAME)
    with needs_server(command):
        from tocsin.config.loading import load
    try:
        return load(chosen, os.environ).configuration
    except ConfigError as error:
        for problem in error.problems:
            say(problem.told(str(chosen)))
        raise click.exceptions.Exit(Exit.BAD_CONFIGURATION) from None


def _read_labels(words: tuple[str, ...]) -> dict[str, str]:
    from tocsin.alerts.implying import KNOWN_VALUES

    if len(words) > MAX_LABELS:
        raise click.UsageError(f"at most {MAX_LABELS} labels can be given")
    labels: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        value = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
        if not equals or not name.strip() or value[:1] == "~":
            raise click.UsageError(f"{word!r} is not a label; write NAME=VALUE, such as team=data")
        if name.strip() in labels:
            raise click.UsageError(f"the label {name.strip()!r} is given twice")
        known = KNOWN_VALUES.get(name.strip())
        if known and value not in known:
            raise click.UsageError(f"{value!r} is no {name.strip()}; choose one of {', '.join(known)}")
        labels[name.strip()] = value
    return labels


def _instant(text: str | None) -> datetime:
    if text is None:
        return now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is not a time; write it as 2026-11-22T08:00") from None
    return at.astimezone() if at.tzinfo is None else at


def _facts(way: "Way", configuration: "Configuration") -> list[tuple[str, object]]:
    muted = f"by {way.muted_by} {_until(way)}" if way.muted_until is not None else None
    targets = ", ".join(configuration.targets[way.receiver]) or None
    daily = [
        f"{one.target} at {one.at:%H:%M}" for one in configuration.digests if one.receiver == way.receiver
    ]
    return [
        ("way", way.path),
        ("receiver", way.receiver),
        ("told now", targets if muted is None else "nobody"),
        ("told daily", ", ".join(daily) or None),
        ("muted", muted),
        ("told later", targets if muted is not None and not _never(way) else None),
        ("grouped by", _labels(way.group_by)),
        ("waits", _waits(way.group_wait_for, way.group_every, way.repeat_every)),
    ]


def _plain(way: "Way", configuration: "Configuration") -> Mapping[str, object]:
    return {
        "path": way.path,
        "receiver": way.receiver,
        "targets": list(configuration.targets[way.receiver]),
        "told_now": way.muted_until is None,
        "muted_by": way.muted_by or None,
        "muted_until": way.muted_until.isoformat() if way.muted_until is not None else None,
        "group_by": list(way.group_by),
        "group_wait_seconds": way.group_wait_for.total_seconds(),
        "group_interval_seconds": way.group_every.total_seconds(),
        "repeat_interval_seconds": way.repeat_every.total_seconds(),
    }


def _never(way: "Way") -> bool:
    from tocsin.alerts.route import FOR_EVER

    return way.muted_until == FOR_EVER


def _until(way: "Way") -> str:
    if _never(way) or way.muted_until is None:
        return "for ever"
    return f"until {moment(way.muted_until.isoformat())}"


def _labels(group_by: tuple[str, ...]) -> str:
    if not group_by:
        return "nothing: all alerts together"
    return "all labels" if group_by == ("...",) else ", ".join(group_by)


def _waits(wait: timedelta, interval: timedelta, repeat: timedelta) -> str:
    lengths = (_length(wait), _length(interval), _length(repeat))
    return "{} for more of a group, {} for an update, {} for a repeat".format(*lengths)


def _length(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _tree(node: "Route", grouping: "Grouping", indent: str, *, is_root: bool = False) -> Iterator[str]:
    tests = " ".join(map(str, node.matchers)) or ("every alert" if is_root else "the rest")
    here = grouping.at(node)
    words = [f"tells {node.receiver}"]
    words += ["and goes on"] if node.continues else []
    if node.escalation is not None:
        words.append(f"escalated by {node.escalation}" if node.escalation else "not escalated")
    words += [f"quiet during {', '.join(node.mute_time_intervals)}"] if node.mute_time_intervals else []
    words += [f"only during {', '.join(node.active_time_intervals)}"] if node.active_time_intervals else []
    if is_root or here != grouping:
        words += [
            f"groups by {_labels(here.group_by)}",
            _waits(here.group_wait_for, here.group_every, here.repeat_every),
        ]
    yield f"{indent}{tests}: {'; '.join(words)}"
    for child in node.routes:
        yield from _tree(child, here, f"{indent}  ")
