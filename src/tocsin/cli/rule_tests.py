"""`tocsin test`: the unit test of a configuration, on a virtual clock, without a server."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from tocsin.cli.exits import Exit, give_up
from tocsin.cli.files import needs_server
from tocsin.cli.junit import Case, Cases, write_junit
from tocsin.cli.output import painted
from tocsin.clock import monotonic
from tocsin.errors import ConfigError
from tocsin.notify.inert import line as inert_line

if TYPE_CHECKING:
    from tocsin.config.rule_tests import RuleTests
    from tocsin.engine.rehearsing import Expected, Life, Miss, Quiet, Rehearsal, RuleTest

DEFAULT_NAME: Final = "rules.test.yaml"
MAX_TEXT: Final = 300
STEP: Final = "    "
FAILED, GOOD = "FAIL", "ok"


class Tried(NamedTuple):
    """One test that was run: how it went, in what time, and in words what was wrong."""

    rehearsal: "Rehearsal"
    seconds: float
    lines: tuple[str, ...]


class Suite(NamedTuple):
    """The tests of one file."""

    source: str
    tried: tuple[Tried, ...]

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(not one.rehearsal.is_good for one in self.tried)


@click.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, dir_okay=False), metavar="[FILE]...")
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write JUnit XML."
)
@click.option("--only", metavar="TEXT", default="", help="Only tests with this in their name.")
def test(paths: tuple[Path, ...], junit: Path | None, only: str) -> None:
    """Test a configuration: whether what jobs report raises the right alerts, told to the right receivers.

    FILE (default: rules.test.yaml) names a configuration, check-ins at instants, and the alerts that are
    expected. Nothing is sent, no server is asked. Ends with 1 if a test fails, and with 2 if a file cannot be
    used.
    """
    with needs_server("test"):
        from tocsin.config.rule_tests import load_tests
    found: list[RuleTests] = []
    is_bad = False
    for path in paths or (Path(DEFAULT_NAME),):
        try:
            found.append(load_tests(path))
        except ConfigError as error:
            is_bad = True
            click.echo(str(error))
    if is_bad:
        raise click.exceptions.Exit(Exit.USAGE)
    suites = [_run(tests, only) for tests in found]
    count = sum(len(suite.tried) for suite in suites)
    if only and not count:
        give_up(f"no test has {only!r} in its name", Exit.USAGE)
    if junit is not None:
        write_junit(junit, _as_cases(suites))
    failed = sum(suite.failed for suite in suites)
    seconds = sum(one.seconds for suite in suites for one in suite.tried)
    said = f"{failed} of {count} failed" if failed else f"{count} good"
    click.echo(f"{count} {'test' if count == 1 else 'tests'}, {said}, in {seconds:.2f} s")
    if failed:
        raise click.exceptions.Exit(Exit.FAILED)


def _run(tests: "RuleTests", only: str) -> Suite:
    """Run the tests of a file and tell of each as it ends."""
    click.echo(tests.source)
    tried = []
    for one in tests.tests:
        if only.lower() in one.name.lower():
            tried.append(_tried(tests, one))
            _tell(tried[-1])
    return Suite(tests.source, tuple(tried))


def _tried(tests: "RuleTests", one: "RuleTest") -> Tried:
    from tocsin.engine.rehearsing import rehearse

    begun = monotonic()
    rehearsal = rehearse(tests.configuration, one)
    seconds = monotonic() - begun
    return Tried(rehearsal, seconds, tuple(_explained(rehearsal, tests.source)))


def _tell(tried: Tried) -> None:
    is_good = tried.rehearsal.is_good
    word = painted(GOOD if is_good else FAILED)
    click.echo(f"  {word}{' ' * (6 - len(GOOD if is_good else FAILED))}{_inert(tried.rehearsal.test.name)}")
    for line in tried.lines:
        click.echo(f"{STEP}{line}")


def _explained(rehearsal: "Rehearsal", source: str) -> Iterator[str]:
    """Return what was expected and what came instead, line by line."""
    for raised in rehearsal.raised:
        yield f"a rule failed: {_inert(raised)}"
    for miss in rehearsal.misses:
        yield from _of_miss(miss, rehearsal.test, source)


def _of_miss(miss: "Miss", test: "RuleTest", source: str) -> Iterator[str]:
    from tocsin.engine.rehearsing import Expected, Quiet

    one = miss.expected
    if one is None:
        yield f"{source}:{test.line}: no line expects this:"
    else:
        yield f"{source}:{one.line}: {'expected' if isinstance(one, Expected) else 'expected nothing'}:"
        yield f"  - {_of_quiet(one, test) if isinstance(one, Quiet) else _of_expected(one, test)}"
    at = one.at if isinstance(one, Expected) else None
    for life in miss.nearest:
        yield f"  + {_of_life(life, test, at)}"
    if miss.more:
        yield f"  + and {miss.more} more"
    if not miss.nearest:
        yield "  + no alert of this job, nor of this condition, came at all"


def _of_expected(one: "Expected", test: "RuleTest") -> str:
    words = [f"{_clock(one.at, test)} {one.key.name} {one.condition}"]
    words += [one.severity.word] if one.severity is not None else []
    words += [one.state.value]
    words += [f"told: {', '.join(one.told) or 'nobody'}"] if one.told is not None else []
    words += [f"not told: {', '.join(one.not_told)}"] if one.not_told else []
    return _inert(" ".join(words))


def _of_quiet(one: "Quiet", test: "RuleTest") -> str:
    of = f" of {one.key.name}" if one.key is not None else ""
    if one.since_at == one.until_at:
        return _inert(f"nothing{of} at {_clock(one.until_at, test)}")
    if one.until_at > test.ends_at:
        return "no alerts"
    since = "" if one.since_at == test.starts_at else f" from {_clock(one.since_at, test)}"
    return _inert(f"nothing{of}{since} until {_clock(one.until_at, test)}")


def _of_life(life: "Life", test: "RuleTest", at: datetime | None) -> str:
    """Return an alert that came: as it was at an instant, and its course."""
    course = [f"{severity.word} from {_clock(since, test)}" for since, severity in life.severities]
    course += [f"resolved {_clock(life.ended_at, test)}"] if life.ended_at is not None else []
    told = life.told_by(at) if at is not None else tuple(dict.fromkeys(name for _, name in life.told))
    by_then = " by then" if at is not None else ""
    words = (
        f"{life.key.name} {life.condition} {', '.join(course)}; told{by_then}: {', '.join(told) or 'nobody'}"
    )
    return _inert(f"{words} ({life.summary})")


def _clock(instant: datetime, test: "RuleTest") -> str:
    """Return an instant as the test writes it: without the day where that is its first one."""
    from tocsin.jobs.walltime import zone

    there, begins = (at.astimezone(zone(test.timezone)) for at in (instant, test.starts_at))
    clock = f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"
    return clock if there.date() == begins.date() else f"{there:%Y-%m-%d} {clock}"


def _as_cases(suites: Sequence[Suite]) -> list[Cases]:
    return [
        Cases(
            suite.source,
            [
                Case(
                    one.rehearsal.test.name,
                    one.seconds,
                    () if one.rehearsal.is_good else one.lines,
                    one.rehearsal.test.line,
                )
                for one in suite.tried
            ],
        )
        for suite in suites
    ]


def _inert(text: str) -> str:
    return inert_line(text, MAX_TEXT)
