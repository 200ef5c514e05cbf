"""`tocsin backtest`: what another configuration would have told of the past, and what it would not."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.files import found_config, needs_server
from tocsin.cli.history import Back
from tocsin.cli.output import Column, moment, print_json, print_table, say
from tocsin.cli.progress import Progress
from tocsin.clock import now
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from tocsin.cli.past import Past
    from tocsin.engine.backtesting import Backtest, Counts, Difference, Life
    from tocsin.engine.configuration import Configuration

WARM_UP = timedelta(days=30)
MOST_SHOWN = 10
MOST_NAMED = 5
DEFAULT_SINCE = timedelta(days=90)
VERSION = 1
SELDOM = (100_000, 50, 100)

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The past that was replayed, and how much of it there was."""

    since: datetime
    until: datetime
    jobs: int
    check_ins: int
    without_history: tuple[str, ...]


@click.command()
@click.argument("new", metavar="NEW.yaml", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="OLD.yaml",
    help="What to compare with (default: TOCSIN_CONFIG, else tocsin.yaml).",
)
@click.option(
    "--since", type=Back(), metavar="TIME", help="From then on: 90d or 2026-03-01T06:00 (default: 90d)."
)
@options.jobs_named
@options.history_file("Replay")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@options.server
def backtest(
    *,
    new: Path,
    against: Path | None,
    since: str | None,
    jobs: str,
    path: Path | None,
    form: str,
    server: str | None,
) -> None:
    """Replay the past under NEW.yaml and under what is in force, and tell the difference.

    Alerts and pages are counted for each job, receiver and night, with what is gained and what is lost.
    Nothing is sent and nothing is changed. Exit code 0 whatever the difference is.
    """
    with needs_server("backtest"):
        from tocsin.cli.past import past_of
    after = configuration_at(new)
    before = configuration_at(_old(against, new))
    counts_from = datetime.fromisoformat(since) if since else _default_since(path)
    asked = None if path is not None else (counts_from - WARM_UP).isoformat()
    with past_of(path, api_of(server), since=asked, jobs=jobs) as past:
        test, span = replayed(
            past, before, after, counts_from=counts_from.astimezone(UTC), from_file=bool(path)
        )
    difference = test.end(span.until)
    if form == "json":
        print_json(as_json(test, difference, span))
    else:
        _print(test, difference, span, str(new))


def configuration_at(path: Path) -> "Configuration":
    """Return what a file tells the engine, or end the command with all its mistakes."""
    with needs_server("backtest"):
        from tocsin.config.loading import load_configuration
    try:
        return load_configuration(path)
    except ConfigError as error:
        for problem in error.problems:
            say(problem.told(str(path)))
        give_up(error.sum_up(), Exit.BAD_CONFIGURATION)


def _old(against: Path | None, new: Path) -> Path:
    found = against or found_config(None)
    if found is None:
        give_up("there is nothing to compare with; name it with: --against OLD.yaml", Exit.USAGE)
    if against is None and found.resolve() == new.resolve():
        give_up(f"{new} is what is in force; name what to compare it with: --against OLD.yaml", Exit.USAGE)
    return found


def _default_since(path: Path | None) -> datetime:
    """Return from when on is counted by default: all of a file, 90 days of what a server keeps."""
    return datetime.fromtimestamp(0, UTC) if path is not None else now() - DEFAULT_SINCE


def replayed(
    past: "Past", before: "Configuration", after: "Configuration", *, counts_from: datetime, from_file: bool
) -> tuple["Backtest", Span]:
    """Replay the past under two configurations, and say how much of it there was."""
    import gc
    from zoneinfo import ZoneInfo

    from tocsin.engine.backtesting import Backtest
    from tocsin.jobs.checkin import CheckIn
    from tocsin.jobs.job import Job, JobKey

    gc.set_threshold(
        *SELDOM
    )  # hardly anything here goes in circles, and looking for it takes a sixth of the time
    progress, test, count = Progress("check-ins"), None, 0
    known, heard, starts_at, last_at = list[Job](), set[JobKey](), counts_from, counts_from
    for told in past.told():
        if not isinstance(told, CheckIn):
            known.append(told)
            continue
        if test is None:
            zone = ZoneInfo(after.defaults.timezone)
            starts_at = told.received_at
            test = Backtest(before, after, starts_at=starts_at, counts_from=counts_from, zone=zone)
            for job in known:
                test.register(job)
        test.feed(told)
        count, last_at = count + 1, max(last_at, told.received_at)
        heard.add(JobKey(told.environment, told.job))
        progress.show(count, f" (at {told.received_at:%Y-%m-%d})")
    progress.end()
    if test is None:
        give_up("no check-in of these jobs in this time is in the history: nothing to replay", Exit.FAILED)
    names = {job.key for job in known} | heard
    without = sorted(key.name for key in after.jobs if key not in names)
    until = last_at if from_file else max(now(), last_at)
    since = max(counts_from, starts_at)
    return test, Span(
        since=since, until=until, jobs=len(names), check_ins=count, without_history=tuple(without)
    )


def _print(test: "Backtest", difference: "Difference", span: Span, name: str) -> None:
    from tocsin.rules.wording import plural

    days = max(1, round((span.until - span.since) / timedelta(days=1)))
    click.echo(f"{plural(days, 'day')} until {moment(span.until.isoformat())}, of {plural(span.jobs, 'job')}")
    click.echo(f"{span.check_ins:,} check-ins replayed\n")
    print_table(_TOTALS, _totals(test))
    tables = (
        ("JOB", _changed(test.old.by_job, test.new.by_job, lambda key: key.name)),
        ("RECEIVER", _changed(test.old.by_receiver, test.new.by_receiver, str)),
        ("NIGHT", _changed(test.old.by_night, test.new.by_night, _night)),
    )
    for title, rows in tables:
        if rows:
            click.echo()
            numbers = _NUMBERS[1:] if title == "RECEIVER" else _NUMBERS
            print_table((Column(title, lambda row: row["of"], gives=True), *numbers), rows[:MOST_SHOWN])
            _say_rest(len(rows), f"more that differ by {title.lower()}")
    _print_lives(f"\ngained: {name} tells these, and what is in force does not", difference.gained)
    _print_lives(f"\nlost: what is in force tells these, and {name} does not", difference.lost)
    click.echo(f"\n{_changes(difference)}")
    for line in _notes(test, span):
        say(line)


def _totals(test: "Backtest") -> list[Mapping[str, object]]:
    old, new = asdict(test.old.total), asdict(test.new.total)
    return [{"of": what, "old": old[what], "new": new[what]} for what in old]


def _delta(row: Mapping[str, object]) -> str:
    difference = int(str(row["new"])) - int(str(row["old"]))
    return f"{difference:+,}" if difference else "0"


_TOTALS = (
    Column("", lambda row: row["of"]),
    Column("IN FORCE", lambda row: row["old"]),
    Column("NEW", lambda row: row["new"]),
    Column("DIFFERENCE", _delta),
)
_NUMBERS = (
    Column("ALERTS", lambda row: row["alerts"]),
    Column("MESSAGES", lambda row: row["messages"]),
    Column("PAGES", lambda row: row["pages"]),
    Column("REPEATS", lambda row: row["repeats"]),
)
_LIVES = (
    Column("OPENED", lambda row: moment(row["opened_at"])),
    Column("SEVERITY", lambda row: row["severity"]),
    Column("JOB", lambda row: row["job"], gives=True),
    Column("CONDITION", lambda row: row["condition"]),
    Column("WHAT", lambda row: row["summary"], gives=True),
)


def _changed(
    old: Mapping[K, "Counts"], new: Mapping[K, "Counts"], name: Callable[[K], str]
) -> list[Mapping[str, object]]:
    """Return what is not the same on both sides as rows, what differs most first."""
    from tocsin.engine.backtesting import NONE

    keys = [key for key in {**old, **new} if old.get(key, NONE) != new.get(key, NONE)]
    rows = [(_weight(old.get(key, NONE), new.get(key, NONE)), name(key), key) for key in keys]
    return [
        {"of": word, **_both(old.get(key, NONE), new.get(key, NONE))}
        for _, word, key in sorted(rows, key=lambda row: (row[0], row[1]))
    ]


def _weight(old: "Counts", new: "Counts") -> tuple[int, int]:
    return -abs(new.pages - old.pages), -abs(new.messages - old.messages)


def _both(old: "Counts", new: "Counts") -> dict[str, object]:
    before, after = asdict(old), asdict(new)
    return {
        what: f"{before[what]:,} → {after[what]:,}" if before[what] != after[what] else f"{after[what]:,}"
        for what in before
    }


def _night(night: date) -> str:
    return f"{night:%a} {night.day} {night:%b %Y}"


def _print_lives(title: str, lives: Iterable["Life"]) -> None:
    found = [_life(life) for life in lives]
    if found:
        click.echo(title)
        print_table(_LIVES, found[:MOST_SHOWN])
        _say_rest(len(found), "more")


def _say_rest(count: int, what: str) -> None:
    if count > MOST_SHOWN:
        click.echo(f"  and {count - MOST_SHOWN:,} {what}; --format json names all")


def _life(life: "Life") -> dict[str, object]:
    return {
        "environment": life.job.environment,
        "job": life.job.name,
        "condition": life.condition,
        "rule": life.rule,
        "severity": life.severity.word,
        "opened_at": life.opened_at.isoformat(),
        "ended_at": life.ended_at.isoformat() if life.ended_at else None,
        "receivers": list(life.receivers),
        "summary": life.summary,
    }


def _changes(difference: "Difference") -> str:
    changed = (
        (len(difference.gained), "gained"),
        (len(difference.lost), "lost"),
        (difference.same, "the same"),
        (difference.louder, "louder"),
        (difference.quieter, "quieter"),
        (difference.earlier, "earlier"),
        (difference.later, "later"),
        (difference.others, "told to others"),
    )
    return "alerts: " + ", ".join(
        f"{count:,} {word}" for count, word in changed if count or word == "the same"
    )


def _notes(test: "Backtest", span: Span) -> list[str]:
    notes = []
    if span.without_history:
        named = ", ".join(span.without_history[:MOST_NAMED])
        rest = len(span.without_history) - MOST_NAMED
        more = f" and {rest:,} more" if rest > 0 else ""
        notes.append(f"without any history here, and so not judged: {named}{more}")
    notes += [f"could not be judged under the new configuration: {text}" for text in test.raised[:MOST_SHOWN]]
    uncompared = test.old.uncompared + test.new.uncompared
    if uncompared:
        notes.append(f"{uncompared:,} alerts are counted, and were too many to be compared one by one")
    return notes


def as_json(test: "Backtest", difference: "Difference", span: Span) -> Mapping[str, object]:
    """Return the whole result for programs; docs/howto/backtest.md says what stands where."""
    return {
        "version": VERSION,
        "since": span.since.isoformat(),
        "until": span.until.isoformat(),
        "jobs": span.jobs,
        "check_ins": span.check_ins,
        "without_history": list(span.without_history),
        "not_judged": list(test.raised),
        "total": {"old": asdict(test.old.total), "new": asdict(test.new.total)},
        "by_job": [
            {"environment": key.environment, "job": key.name, **sides}
            for key, sides in _sides(test.old.by_job, test.new.by_job)
        ],
        "by_receiver": [
            {"receiver": key, **sides} for key, sides in _sides(test.old.by_receiver, test.new.by_receiver)
        ],
        "by_night": [
            {"night": key.isoformat(), **sides} for key, sides in _sides(test.old.by_night, test.new.by_night)
        ],
        "gained": [_life(life) for life in difference.gained],
        "lost": [_life(life) for life in difference.lost],
        "same": difference.same,
        "louder": difference.louder,
        "quieter": difference.quieter,
        "earlier": difference.earlier,
        "later": difference.later,
        "told_to_others": difference.others,
    }


def _sides(old: Mapping[K, "Counts"], new: Mapping[K, "Counts"]) -> list[tuple[K, dict[str, object]]]:
    from tocsin.engine.backtesting import NONE

    keys = sorted({**old, **new}, key=str)
    return [(key, {"old": asdict(old.get(key, NONE)), "new": asdict(new.get(key, NONE))}) for key in keys]
