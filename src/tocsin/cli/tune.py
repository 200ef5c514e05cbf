"""`tocsin tune`: thresholds for a job, with the alerts that each would have given."""

import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.backtest import DEFAULT_SINCE, WARM_UP, configuration_at
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.files import found_config, needs_server
from tocsin.cli.history import Back
from tocsin.cli.output import moment, print_json, say
from tocsin.clock import now

if TYPE_CHECKING:
    from tocsin.cli.past import Past
    from tocsin.engine.configuration import Configuration
    from tocsin.engine.tuning import Proposal
    from tocsin.jobs.checkin import CheckIn
    from tocsin.jobs.job import Job

MOST_CHECK_INS = 50_000
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@click.command()
@click.argument("name", metavar="JOB")
@options.environment
@click.option(
    "--since", type=Back(), metavar="TIME", help="By what came from then on: 90d (default) or an instant."
)
@options.history_file("By")
@options.config
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@options.server
def tune(
    *,
    name: str,
    environment: str,
    since: str | None,
    path: Path | None,
    config: Path | None,
    form: str,
    server: str | None,
) -> None:
    """Propose thresholds for JOB: for each value the alerts that it would have given, and the lines to paste.

    Proposed is the strictest value that would have given no more than one alert in 30 days.
    """
    with needs_server("tune"):
        from tocsin.cli.past import past_of
        from tocsin.engine.tuning import proposals
    configuration = _configuration(found_config(config))
    counts_from = datetime.fromisoformat(since) if since else now() - DEFAULT_SINCE
    if path is not None and since is None:
        counts_from = datetime.fromtimestamp(0, UTC)
    asked = None if path is not None else (counts_from - WARM_UP).isoformat()
    with past_of(path, api_of(server), since=asked, jobs=_pattern(name)) as past:
        job, check_ins = _told(past, name, environment)
    until = check_ins[-1].received_at if path is not None else now()
    begins_at = max(counts_from.astimezone(UTC), check_ins[0].received_at)
    found = list(proposals(configuration, job, check_ins, counts_from=begins_at, until=until))
    if form == "json":
        print_json({"job": name, "environment": environment, "proposals": [_plain(one) for one in found]})
    else:
        _print(found, name, begins_at, until)


def _configuration(path: Path | None) -> "Configuration":
    if path is not None:
        return configuration_at(path)
    with needs_server("tune"):
        from tocsin.config.loading import load
    return load(None, os.environ).configuration


def _told(past: "Past", name: str, environment: str) -> tuple["Job", Sequence["CheckIn"]]:
    """Return the job and its newest check-ins, or end the command where nothing is known of it."""
    from tocsin.jobs.checkin import CheckIn
    from tocsin.jobs.job import Job

    job, check_ins = None, list[CheckIn]()
    for told in past.told():
        if told.environment != environment:
            continue
        if isinstance(told, Job):
            job = told if told.name == name else job
        elif told.job == name:
            check_ins.append(told)
    if not check_ins:
        give_up(f"nothing is known of a job {name!r} in {environment!r} in this time", Exit.FAILED)
    if len(check_ins) > MOST_CHECK_INS:
        check_ins = check_ins[-MOST_CHECK_INS:]
        say(
            f"tried on the newest {MOST_CHECK_INS:,} check-ins, from {moment(check_ins[0].at.isoformat())} on"
        )
    begins_at = check_ins[0].received_at
    return job or Job(name=name, environment=environment, registered_at=begins_at), check_ins


def _print(found: Sequence["Proposal"], name: str, since: datetime, until: datetime) -> None:
    from tocsin.engine.tuning import FEWEST_RUNS

    if not found:
        click.echo(f"too few good runs of {name} to propose anything: {FEWEST_RUNS} are needed")
        return
    days = max(1, round((until - since) / timedelta(days=1)))
    click.echo(f"{name}: what each value would have told in the last {days} days of this history\n")
    for proposal in found:
        click.echo(f"{_title(proposal)}{_seen(proposal)}")
        for trial in proposal.trials:
            alerts = f"{trial.alerts:,} alert{'' if trial.alerts == 1 else 's'}"
            mark = "  proposed" if trial.value == proposal.proposed else ""
            click.echo(f"  {number(trial.value):>8}  {alerts}{mark}")
        click.echo()
    click.echo("to paste:\n")
    click.echo("\n".join(yaml_of(found, name)))


def _title(proposal: "Proposal") -> str:
    knob = proposal.knob
    return f"{knob.key} of {knob.condition} ({knob.unit})" if knob.in_rule else f"{knob.key} ({knob.unit})"


def _seen(proposal: "Proposal") -> str:
    from tocsin.engine.tuning import quantile

    seen = proposal.seen
    if not seen:
        return ""
    middle = number(quantile(seen, 0.5))
    if proposal.knob.is_ceiling:
        most, end = number(quantile(seen, 0.95)), number(seen[-1])
        return (
            f": of {len(seen):,} good runs half have at most {middle}, 95 % at most {most}, all at most {end}"
        )
    least, end = number(quantile(seen, 0.05)), number(seen[0])
    return (
        f": of {len(seen):,} good runs half have at least {middle}, 95 % at least {least}, all at least {end}"
    )


def number(value: float) -> str:
    """Return a number as it is written in the file, with three digits that count."""
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004 -- three digits


def yaml_of(found: Sequence["Proposal"], name: str) -> list[str]:
    """Return the lines that set what is proposed; where nothing is, a word of that."""
    from tocsin.engine.tuning import USUAL_SPREADS

    promises = [one for one in found if one.proposed is not None and not one.knob.in_rule]
    rules = [one for one in found if one.knob.in_rule and one.proposed not in (None, USUAL_SPREADS)]
    quoted = name if PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    lines = []
    if promises:
        lines += ["jobs:", f"  {quoted}:"]
        lines += [f"    {one.knob.key}: {number(one.proposed or 0)}" for one in promises]
    if rules:
        lines += ["rules:  # a condition that is named here loses its default rule for all jobs"]
    for one in rules:
        lines += [
            f"  - name: {one.knob.condition} of one job",
            f"    condition: {one.knob.condition}",
            f"    job_pattern: {json.dumps(_pattern(name), ensure_ascii=False)}",
            f"    {one.knob.key}: {number(one.proposed or 0)}",
        ]
    return lines or ["# every value would have told of more than one alert in 30 days"]


def _pattern(name: str) -> str:
    """Return the pattern of this name alone."""
    return f"{name if PLAIN.fullmatch(name) else re.escape(name)}$"


def _plain(proposal: "Proposal") -> dict[str, object]:
    knob = proposal.knob
    return {
        "key": knob.key,
        "condition": knob.condition,
        "of": "rule" if knob.in_rule else "job",
        "unit": knob.unit,
        "runs": len(proposal.seen),
        "proposed": proposal.proposed,
        "trials": [{"value": trial.value, "alerts": trial.alerts} for trial in proposal.trials],
    }
