"""The command line: it speaks to the server's API, never opens its database, and starts quickly.

`tocsin batch` reads the state of the batch toolkit: no server's, but a file of whoever runs pipelines.
"""

import errno
import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import ClassVar

import click

from tocsin.cli.exits import INTERRUPTED, Exit
from tocsin.cli.group import Lazy, LazyGroup
from tocsin.errors import ClientError

SET_UP, WORK, LOOK, ACT = "Set up", "Watch", "Look", "Act"


class Tocsin(LazyGroup):
    """Every command, with its line of help."""

    others_say: ClassVar[Mapping[str, str]] = {
        "help": "--help",
        "version": "--version",
        "status": "jobs",
        "start": "serve",
        "validate": "check",
        "why": "explain",
    }
    lazy: ClassVar[Mapping[str, Lazy]] = {
        "init": Lazy("tocsin.cli.files", "init", "Write a commented tocsin.yaml to begin with.", SET_UP),
        "check": Lazy("tocsin.cli.check", "check", "Tell every mistake in the configuration.", SET_UP),
        "test": Lazy("tocsin.cli.rule_tests", "test", "Test which alerts a configuration raises.", SET_UP),
        "schema": Lazy("tocsin.cli.files", "schema", "Print the configuration's JSON Schema.", SET_UP),
        "routes": Lazy(
            "tocsin.cli.routes", "routes", "Show the routes, or whom an alert would reach.", SET_UP
        ),
        "backtest": Lazy("tocsin.cli.backtest", "backtest", "Try a configuration on the past.", SET_UP),
        "tune": Lazy("tocsin.cli.tune", "tune", "Propose thresholds for a job.", SET_UP),
        "serve": Lazy("tocsin.cli.serving", "serve", "Run the server.", WORK),
        "run": Lazy("tocsin.cli.serving", "run", "Run a command as a watched job.", WORK),
        "flush": Lazy("tocsin.cli.serving", "flush", "Deliver check-ins that wait on this machine.", WORK),
        "quality": Lazy("tocsin.cli.quality", "quality", "Check data where it lies.", WORK),
        "jobs": Lazy("tocsin.cli.jobs", "jobs", "List, show, pause, rename or delete jobs.", LOOK),
        "runs": Lazy("tocsin.cli.runs", "runs", "Show the last runs of a job.", LOOK),
        "occurrences": Lazy("tocsin.cli.occurrences", "occurrences", "Show which expected runs came.", LOOK),
        "habits": Lazy("tocsin.cli.habits", "habits", "Show how runs of a job usually go.", LOOK),
        "alerts": Lazy("tocsin.cli.alerts", "alerts", "List the open alerts, or show one.", LOOK),
        "explain": Lazy("tocsin.cli.explain", "explain", "Tell why a job or alert is as it is.", LOOK),
        "groups": Lazy("tocsin.cli.groups", "groups", "List alerts that are told together.", LOOK),
        "history": Lazy("tocsin.cli.history", "history", "Tell who was told, when, and why not.", LOOK),
        "report": Lazy("tocsin.cli.report", "report", "Review a month: volume, noise, times.", LOOK),
        "oncall": Lazy("tocsin.cli.oncall", "oncall", "Tell who is on call; override, swap.", LOOK),
        "batch": Lazy("tocsin.cli.batch", "batch", "Look at pipelines and their dead letters.", LOOK),
        "ack": Lazy("tocsin.cli.alerts", "ack", "Take alerts in hand: no repeats.", ACT),
        "snooze": Lazy("tocsin.cli.alerts", "snooze", "Put an alert off: it is told again later.", ACT),
        "resolve": Lazy("tocsin.cli.alerts", "resolve", "Declare the trouble of an alert over.", ACT),
        "silence": Lazy("tocsin.cli.silences", "silence", "Mute alerts for a time.", ACT),
        "drill": Lazy("tocsin.cli.drill", "drill", "Prove that alerts would arrive, level by level.", ACT),
        "send-test": Lazy("tocsin.cli.trial", "send_test", "Send a test, and see whether it arrives.", ACT),
        "token": Lazy("tocsin.cli.tokens", "token", "Make, list or revoke keys and tokens.", ACT),
        "backup": Lazy("tocsin.cli.upkeep", "backup", "Save a copy of the server's data.", ACT),
        "export": Lazy("tocsin.cli.carrying", "export_", "Save the history as lines of JSON.", ACT),
        "import": Lazy("tocsin.cli.carrying", "import_", "Give a server such a history.", ACT),
    }


@click.group(cls=Tocsin, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tocsin", message="tocsin %(version)s")
def tocsin() -> None:
    """Watch batch jobs, and tell the right person once when one goes wrong.

    `tocsin COMMAND --help` says more of each command.
    """


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; no mistake of a user ends in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a letter shows a question mark; it is no reason to fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        words = None if words is None else list(words)
        code: object = tocsin.main(args=words, prog_name="tocsin", standalone_mode=False)
    except click.ClickException as mistake:
        mistake.show()
        return Exit.USAGE
    except ClientError as error:
        click.echo(f"tocsin: {error}", err=True)
        return error.exit_code
    except OSError as error:
        if not _is_of_output(error):
            raise
        _let_go_of_output()
        click.echo(f"tocsin: what it says cannot be written: {error.strerror}", err=True)
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; nothing more was done", err=True)
        return INTERRUPTED
    return code if isinstance(code, int) else Exit.OK


def _let_go_of_output() -> None:
    """Drop what is still to be written: Python would try again as it ends, and fail with words of its own."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_of_output(error: OSError) -> bool:
    """Whether what the answer goes to has no room for it, or is gone."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO) and error.filename is None
