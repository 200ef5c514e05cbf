"""Options that several commands share."""

import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from tocsin.client.settings import DEFAULT_URL

DEFAULT_ENVIRONMENT = "production"
MAX_LIMIT = 100_000
MAX_SPAN = timedelta(days=366)
_SPAN = re.compile(r"(?:([0-9]{1,5})d)?(?:([0-9]{1,5})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?")

_Command = TypeVar("_Command", bound=Callable[..., Any] | click.Command)

config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Configuration file (default: TOCSIN_CONFIG, else tocsin.yaml, where there is one).",
)
server = click.option(
    "--server", metavar="URL", help=f"Address of the server (default: TOCSIN_URL, else {DEFAULT_URL})."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print the API's answer as JSON.")
output_format = click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or the API's answer for programs.",
)
environment = click.option(
    "-e",
    "--environment",
    metavar="NAME",
    default=lambda: os.environ.get("TOCSIN_ENVIRONMENT") or DEFAULT_ENVIRONMENT,
    help=f"Environment of the job (default: TOCSIN_ENVIRONMENT, else {DEFAULT_ENVIRONMENT}).",
)
limit = click.option(
    "--limit", type=click.IntRange(1, MAX_LIMIT), default=100, show_default=True, help="How many at most."
)
jobs_named = click.option(
    "--jobs", metavar="PATTERN", default="", help="Jobs with such names alone (RE2): 'etl-.*'."
)
note = click.option("--note", metavar="TEXT", default="", help="What the others should know.")
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask whether it is meant.")


def history_file(what: str) -> Callable[[_Command], _Command]:
    """Return the option that takes a file of `tocsin export` in place of what the server keeps."""
    return click.option(
        "--file",
        "path",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help=f"{what} this file of tocsin export in place of what the server keeps.",
    )


class Span(click.ParamType):  # type: ignore[type-arg]  # it takes arguments only in the newest click
    """A length of time as people write it: 30m, 2h, 1d12h."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length, or end with a usage error."""
        found = _SPAN.fullmatch(str(value).replace(" ", ""))
        if found is None or not any(found.groups()):
            self.fail(f"{value!r} is not a length of time; write 30m, 2h or 1d12h", param, ctx)
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if not timedelta() < length <= MAX_SPAN:
            self.fail(f"{value!r} is not between one second and 366 days", param, ctx)
        return length


def is_span(text: str) -> bool:
    """Whether a text is a length of time, such as 2h."""
    return _SPAN.fullmatch(text.replace(" ", "")) is not None


End = str | timedelta


class Until(click.ParamType):  # type: ignore[type-arg]  # it takes arguments only in the newest click
    """When a snooze ends: next-run, next-success, a length of time, or an instant of this place."""

    name = "until"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> End:
        """Return the word as the API writes it, the length, or the instant; or end with a usage error."""
        text = str(value).strip()
        if text.replace("_", "-") in ("next-run", "next-success"):
            return text.replace("-", "_")
        if is_span(text):
            return Span().convert(text, param, ctx)
        try:
            return datetime.fromisoformat(text).astimezone().isoformat()
        except (ValueError, OverflowError):
            self.fail(
                f"{text!r} is none of next-run, next-success, a length such as 2h, an instant such as "
                "2026-03-01T06:00",
                param,
                ctx,
            )
