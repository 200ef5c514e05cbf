"""`tocsin jobs`: what is watched, and what is done to it."""

import difflib
import shlex
from collections.abc import Mapping, Sequence

import click

from tocsin.cli import options
from tocsin.cli.api import Api, Json, api_of
from tocsin.cli.data_checks import checks
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.group import Listing
from tocsin.cli.output import Column, items_of, length, moment, print_facts, print_json, print_table, say
from tocsin.rules.wording import clock_words

MOST_NAMES = 1_000
_WHICH = "its time or day in the zone of the job, as '2026-12-24 02:00' or 2026-12-24"
_reason = click.option("--reason", metavar="TEXT", default="", help="Why; it is kept in the history.")


class _Jobs(Listing):
    """Whoever names a job at once is told how it is shown."""

    def hint(self, word: str, commands: Sequence[str]) -> str:
        """Return the command that shows a job of this name, unless another word was misspelled."""
        return super().hint(word, commands) or f"; to see a job: tocsin jobs show {shlex.quote(word)}"


@click.group(cls=_Jobs)
def jobs() -> None:
    """List, show, pause, rename or delete jobs; alone it lists them."""


@jobs.command("list")
@click.option("--search", metavar="TEXT", default="", help="Only jobs with this in their name.")
@options.limit
@options.server
@options.as_json
def list_jobs(search: str, limit: int, server: str | None, *, as_json: bool) -> None:
    """List the jobs that are watched."""
    page = api_of(server).pages("jobs", limit=limit, search=search or None)
    if as_json:
        print_json(page)
        return
    items = items_of(page)
    if not items:
        say(
            f"no job has {search!r} in its name"
            if search
            else "no job has checked in yet; try: tocsin run -- true"
        )
        return
    print_table(_COLUMNS, items)
    if page.get("next"):
        say(f"there are more; see them with: tocsin jobs list --limit {limit * 10}")


@jobs.command()
@click.argument("name")
@options.environment
@options.server
@options.as_json
def show(name: str, environment: str, server: str | None, *, as_json: bool) -> None:
    """Show how a job stands and what is promised of it."""
    job = found_job(api_of(server), environment, name)
    if as_json:
        print_json(job)
        return
    print_facts([*_standing(job), *_promises(_inner(job, "definition"), job)])
    say(f"its runs: tocsin runs {shlex.quote(name)} -e {shlex.quote(environment)}")


@jobs.command()
@click.argument("name")
@options.environment
@options.server
def pause(name: str, environment: str, server: str | None) -> None:
    """Judge a job no more until it is resumed; its open alerts are resolved."""
    _act(api_of(server), environment, name, "pause")
    say(f"judge it again with: tocsin jobs resume {shlex.quote(name)} -e {shlex.quote(environment)}")


@jobs.command()
@click.argument("name")
@options.environment
@options.server
def resume(name: str, environment: str, server: str | None) -> None:
    """Judge a job again, from now on."""
    _act(api_of(server), environment, name, "resume")


@jobs.command()
@click.argument("name")
@click.option("--at", metavar="TIME", help=f"Which run: {_WHICH}.")
@click.option("--next", "is_next", is_flag=True, help="The next run that is to come.")
@_reason
@options.environment
@options.server
def skip(
    name: str, environment: str, at: str | None, reason: str, server: str | None, *, is_next: bool
) -> None:
    """Say that an expected run need not come."""
    if (at is None) is not is_next:
        raise click.UsageError("say which run: either --next, or --at with its time")
    _act(api_of(server), environment, name, "skip", {"at": at, "reason": reason})


@jobs.command()
@click.argument("name")
@click.option("--at", metavar="TIME", required=True, help=f"Which run: {_WHICH}.")
@options.environment
@options.server
def unskip(name: str, environment: str, at: str, server: str | None) -> None:
    """Expect a run again that was skipped and has not come yet."""
    _act(api_of(server), environment, name, "unskip", {"at": at})


@jobs.command()
@click.argument("name")
@click.option("--at", metavar="TIME", help=f"Which run: {_WHICH}.")
@click.option("--last", "is_last", is_flag=True, help="The newest that was missed or late.")
@_reason
@options.environment
@options.server
def excuse(
    name: str, environment: str, at: str | None, reason: str, server: str | None, *, is_last: bool
) -> None:
    """Let an expected run have been missed or late: its alert ends, and it does not count."""
    if (at is None) is not is_last:
        raise click.UsageError("say which run: either --last, or --at with its time")
    _act(api_of(server), environment, name, "excuse", {"at": at, "reason": reason})


@jobs.command()
@click.argument("name")
@click.argument("run")
@click.argument("meaning", type=click.Choice(("expected", "excluded", "new-normal", "ordinary")))
@click.option("--note", metavar="TEXT", default="", help="Why; it is kept with the run.")
@options.environment
@options.server
def teach(name: str, run: str, meaning: str, environment: str, server: str | None, *, note: str) -> None:
    """Say what a run tells of how long runs take; `ordinary` takes it back."""
    body: dict[str, object] = {"run": run, "meaning": meaning.replace("-", "_"), "note": note}
    _act(api_of(server), environment, name, "teach", body)


@jobs.command()
@click.argument("name")
@click.argument("new_name")
@options.environment
@options.server
def rename(name: str, new_name: str, environment: str, server: str | None) -> None:
    """Give a job another name; its runs and alerts stay with it."""
    _act(api_of(server), environment, name, "rename", {"name": new_name})


@jobs.command()
@click.argument("name")
@options.environment
@options.yes
@options.server
def delete(name: str, environment: str, server: str | None, *, yes: bool) -> None:
    """Forget a job with its runs; its open alerts are resolved and stay as history."""
    api = api_of(server)
    found_job(api, environment, name)
    if not yes:
        click.confirm(f"Forget {name!r} in {environment!r} with all its runs?", abort=True, err=True)
    click.echo(api.delete("jobs", environment, name).get("message"))


def found_job(api: Api, environment: str, name: str) -> Json:
    """Return a job; one that does not exist ends the command with what was probably meant."""
    job = api.find("jobs", environment, name)
    if job is None:
        missing = f"there is no job {name!r} in environment {environment!r}"
        give_up(f"{missing}{_meant(api, environment, name)}", Exit.REFUSED)
    return job


def _act(api: Api, environment: str, name: str, verb: str, body: Json | None = None) -> None:
    found_job(api, environment, name)
    click.echo(api.post("jobs", environment, name, verb, body=body).get("message"))


def _meant(api: Api, environment: str, name: str) -> str:
    listed = items_of(api.pages("jobs", limit=MOST_NAMES))
    known = {(str(job.get("environment")), str(job.get("name"))) for job in listed}
    elsewhere = sorted(place for place, job in known if job == name)
    if elsewhere:
        return f"; it runs in {elsewhere[0]!r}: add -e {shlex.quote(elsewhere[0])}"
    near = difflib.get_close_matches(name, {job for place, job in known if place == environment}, n=1)
    return f"; did you mean {near[0]!r}?" if near else "; see all with: tocsin jobs"


def _inner(job: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = job.get(key)
    return found if isinstance(found, dict) else {}


def _ended(job: Mapping[str, object]) -> str:
    last = _inner(job, "last_run")
    return moment(last.get("ended_at") or last.get("last_sign_at"))


def _expected(job: Mapping[str, object]) -> str:
    return moment(_inner(job, "expected").get("nominal_at"))


_COLUMNS = (
    Column("JOB", lambda job: job.get("name"), gives=True),
    Column("ENVIRONMENT", lambda job: job.get("environment"), gives=True),
    Column("STANDING", lambda job: job.get("standing")),
    Column("LAST RUN", _ended),
    Column("EXPECTED", _expected),
)


def _standing(job: Mapping[str, object]) -> list[tuple[str, object]]:
    last, expected = _inner(job, "last_run"), _inner(job, "expected")
    return [
        ("job", job.get("name")),
        ("environment", job.get("environment")),
        ("standing", job.get("standing")),
        ("paused", f"{moment(job['paused_at'])} by {job.get('paused_by')}" if job.get("paused_at") else None),
        ("open alerts", job.get("open_alerts") or None),
        ("open runs", job.get("open_runs") or None),
        (
            "last run",
            last and f"{last.get('status')}, {_ended(job)}, took {length(last.get('execution_seconds'))}",
        ),
        ("last success", job.get("last_success_at") and moment(job.get("last_success_at"))),
        ("expected", expected and _expected(job)),
        ("  to start by", expected.get("start_by") and moment(expected.get("start_by"))),
        ("  to end by", expected.get("deadline_at") and moment(expected.get("deadline_at"))),
        *_outlook(_inner(job, "outlook")),
        *(("  skipped", _skipped(one)) for one in _listed(job.get("skips"))),
        ("labels", job.get("labels")),
        *_clocks(job),
    ]


def _clocks(job: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return how wrong the clocks of its hosts are, where any is."""
    found = job.get("wrong_clocks")
    clocks = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [
        (f"clock of {clock.get('host') or 'its host'}", clock_words(float(clock.get("behind_seconds") or 0)))
        for clock in clocks
    ]


def _outlook(outlook: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return when the run at work, or the next one, will probably end."""
    if not outlook:
        return []
    missed, runs, method = (outlook.get(key) for key in ("miss_probability", "comparable_runs", "method"))
    likely = (
        f"{missed:.0%}, after {moment(outlook.get('limit_at'))}" if isinstance(missed, float | int) else None
    )
    return [
        ("expected finish", f"{moment(outlook.get('expected_finish_at'))}, {_whose(outlook)}"),
        ("  in 80 % of cases", f"{moment(outlook.get('low_at'))} to {moment(outlook.get('high_at'))}"),
        ("  ends too late", likely),
        ("  waits for", outlook.get("waits_for")),
        ("  reckoned from", f"{runs} comparable runs, {method}"),
    ]


def _whose(outlook: Mapping[str, object]) -> str:
    return f"run {outlook['run']}" if outlook.get("run") else "the next run"


def _promises(definition: Mapping[str, object], job: Mapping[str, object]) -> list[tuple[str, object]]:
    spans = (
        "max_duration_seconds",
        "min_duration_seconds",
        "stalled_after_seconds",
        "no_progress_after_seconds",
    )
    words = ("schedule", "timezone", "deadline", "deadline_offset_minutes", "upstream", "runbook", "owner")
    return [
        *((name.replace("_", " "), definition.get(name)) for name in words),
        *(("  and", _timetable(one)) for one in _listed(definition.get("timetables"))),
        *(
            (name.removesuffix("_seconds").replace("_", " "), length(definition[name]))
            for name in spans
            if definition.get(name) is not None
        ),
        ("business days only", "yes" if definition.get("business_days_only") else None),
        *checks(definition, job),
        ("description", definition.get("description")),
        ("defined by", definition.get("defined_by")),
    ]


def _listed(found: object) -> list[Mapping[str, object]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _timetable(one: Mapping[str, object]) -> str:
    """Return one more schedule in words: "sat, sun, done by 09:00"."""
    words = [str(one["schedule"]).replace("\n", ", ")] if one.get("schedule") else []
    if one.get("deadline"):
        words.append(f"done by {one['deadline']}")
    if one.get("deadline_offset_minutes"):
        words.append(f"done {one['deadline_offset_minutes']} min later")
    if one.get("business_days_only"):
        words.append("business days only")
    if one.get("closed_days_only"):
        words.append("weekends and public holidays only")
    return ", ".join(words)


def _skipped(one: Mapping[str, object]) -> str:
    word = _inner(one, "let_off")
    because = f": {word['reason']}" if word.get("reason") else ""
    return f"{moment(one.get('nominal_at'))} by {word.get('who')}{because}"
