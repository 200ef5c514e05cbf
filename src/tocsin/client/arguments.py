"""Reads the command lines of `tocsin run` and `tocsin flush`.

By hand, because argparse costs every cron job 8 ms.
"""

from __future__ import annotations

from tocsin.client.values import Value

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    N = TypeVar("N", int, float)

MAX_RETRIES = 1000
MAX_SECONDS = 366 * 86_400.0

RUN_HELP = """\
Usage: tocsin run [OPTIONS] -- COMMAND [ARGUMENT]...

Run a command and report how it goes. Output, input and exit code are those of the command; a
reporting trouble never changes them.

Options:
  --job NAME          what the job is called (default: the command's name)
  --environment E     environment of the job (default: TOCSIN_ENVIRONMENT, else production)
  --retries N         run again up to N times after a failure (default: 0)
  --retry-wait S      seconds between attempts (default: 5)
  --timeout S         end an attempt after S seconds: TERM to its process group, KILL 10 s later
  --heartbeat S       seconds between signs of life, 0 for none (default: 60)
  --nominal-at ISO    the instant that this run was due, e.g. 2026-03-01T02:00:00+01:00
  --partition P       the part of the data that this run is for
  --backfill          this run makes up for an old one
  --label KEY=VALUE   a label; may be given several times
  --server URL        the server (default: TOCSIN_URL, else http://127.0.0.1:8465)
  -q, --quiet         say nothing of Tocsin's own on standard error
  -h, --help          show this

Environment: TOCSIN_URL ("off" reports nothing), TOCSIN_KEY or TOCSIN_KEY_FILE, TOCSIN_ENVIRONMENT,
TOCSIN_SPOOL (where check-ins wait while the server is away).

Exit codes: the command's own; 124 after a time-out; 126 if it cannot be executed; 127 if it is not
found; 128 + n if signal n ended it; 2 for a mistake in these options.
"""

FLUSH_HELP = """\
Usage: tocsin flush [OPTIONS]

Deliver the check-ins that wait on this machine because the server was away.

Options:
  --server URL   the server (default: TOCSIN_URL, else http://127.0.0.1:8465)
  --timeout S    seconds to try at most (default: 30)
  -q, --quiet    say nothing
  -h, --help     show this

Exit codes: 0 if nothing waits any more, 1 if something does, 2 for a mistake in these options.
"""


class Usage(Exception):
    """The command line cannot be read; its text says why, and is empty where help was asked for."""


class RunOptions(Value):
    """What `tocsin run` was asked to do."""

    command: tuple[str, ...]
    job: str
    environment: str | None = None
    retries: int = 0
    retry_wait_seconds: float = 5.0
    timeout_seconds: float = 0.0
    heartbeat_seconds: float = 60.0
    nominal_at: str | None = None
    partition: str | None = None
    backfill: bool = False
    labels: tuple[str, ...] = ()
    server: str | None = None
    quiet: bool = False


class FlushOptions(Value):
    """What `tocsin flush` was asked to do."""

    server: str | None = None
    timeout_seconds: float = 30.0
    quiet: bool = False


def read_run(words: Sequence[str]) -> RunOptions:
    """Return the options and the command, or raise Usage."""
    given, command = _split(words, _RUN_VALUES, _RUN_FLAGS)
    if not command:
        raise Usage("there is no command; write it after --")
    job = given.last("--job") or command[0].rstrip("/").rpartition("/")[2] or command[0]
    return RunOptions(
        command=command,
        job=job,
        environment=given.last("--environment"),
        retries=given.number("--retries", 0, int, MAX_RETRIES),
        retry_wait_seconds=given.number("--retry-wait", 5.0, float, MAX_SECONDS),
        timeout_seconds=given.number("--timeout", 0.0, float, MAX_SECONDS),
        heartbeat_seconds=given.number("--heartbeat", 60.0, float, MAX_SECONDS),
        nominal_at=given.last("--nominal-at"),
        partition=given.last("--partition"),
        backfill="--backfill" in given.flags,
        labels=given.every("--label"),
        server=given.last("--server"),
        quiet="--quiet" in given.flags,
    )


def read_flush(words: Sequence[str]) -> FlushOptions:
    """Return the options, or raise Usage."""
    given, rest = _split(words, ("--server", "--timeout"), {"-q": "--quiet", "--quiet": "--quiet"})
    if rest:
        raise Usage(f"unexpected argument {rest[0]!r}")
    return FlushOptions(
        server=given.last("--server"),
        timeout_seconds=given.number("--timeout", 30.0, float, MAX_SECONDS),
        quiet="--quiet" in given.flags,
    )


_RUN_VALUES = (
    "--job",
    "--environment",
    "--retries",
    "--retry-wait",
    "--timeout",
    "--heartbeat",
    "--nominal-at",
    "--partition",
    "--label",
    "--server",
)
_RUN_FLAGS = {"-q": "--quiet", "--quiet": "--quiet", "--backfill": "--backfill"}


class _Given(Value):
    """Options as they were written."""

    values: tuple[tuple[str, str], ...]
    flags: frozenset[str]

    def every(self, name: str) -> tuple[str, ...]:
        return tuple(value for option, value in self.values if option == name)

    def last(self, name: str) -> str | None:
        found = self.every(name)
        return found[-1] if found else None

    def number(self, name: str, default: N, read: Callable[[str], N], most: float) -> N:
        written = self.last(name)
        if written is None:
            return default
        try:
            number = read(written)
        except ValueError:
            raise Usage(f"{name} wants a number, not {written!r}") from None
        if not 0 <= number <= most:
            raise Usage(f"{name} must lie between 0 and {most:g}, not {written}")
        return number


def _split(
    words: Sequence[str], values: Sequence[str], flags: dict[str, str]
) -> tuple[_Given, tuple[str, ...]]:
    """Return the options, and what follows them: after `--`, or from the first word that is none."""
    found: list[tuple[str, str]] = []
    raised: set[str] = set()
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        name, has_value, value = word.partition("=")
        if word == "--":
            break
        if word in ("-h", "--help"):
            raise Usage
        if word in flags:
            raised.add(flags[word])
        elif name not in values:
            raise Usage(f"unknown option {name}{_meant(name, (*values, *flags))}")
        elif not has_value and not rest:
            raise Usage(f"{name} wants a value")
        else:
            found.append((name, value if has_value else rest.pop(0)))
    return _Given(tuple(found), frozenset(raised)), tuple(rest)


def _meant(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
