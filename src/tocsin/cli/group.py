"""Commands that are loaded only when they are asked for, and suggested when they are misspelled."""

import difflib
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import ClassVar, NamedTuple

import click

from tocsin.cli.exits import Exit


class Lazy(NamedTuple):
    """Where a command is defined, what it does in a line, and under which heading it stands."""

    module: str
    name: str
    summary: str
    heading: str


class Suggesting(click.Group):
    """A group that tells which command was probably meant."""

    others_say: ClassVar[Mapping[str, str]] = {}

    def hint(self, word: str, commands: Sequence[str]) -> str:
        """Return what was probably meant by a word that is none of the commands, or nothing."""
        near = difflib.get_close_matches(word, commands, n=1)
        meant = self.others_say.get(word) or "".join(near)
        return f"; did you mean {meant!r}?" if meant else ""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was named; a usage error names the nearest one there is."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}{self.hint(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


class Listing(Suggesting):
    """A group that lists when it is told nothing, or nothing but options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words, with `list` put in front where no command is named."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


class LazyGroup(Suggesting):
    """A group that shows its help without loading its commands."""

    lazy: ClassVar[Mapping[str, Lazy]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's own signature
        """Return the names in the order of the help."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's own signature
        """Load a command, or return None where there is none of this name."""
        found = self.lazy.get(cmd_name)
        if found is None:
            return None
        command: object = getattr(import_module(found.module), found.name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{found.module}.{found.name} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's own signature
        """Write the commands under their headings."""
        headings = dict.fromkeys(command.heading for command in self.lazy.values())
        width = max(len(name) for name in self.lazy)
        for heading in headings:
            rows = [(name.ljust(width), c.summary) for name, c in self.lazy.items() if c.heading == heading]
            with formatter.section(heading):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's own signature
        """Write what the exit codes mean and which variables are read."""
        with formatter.section("Environment"):
            formatter.write_dl(list(ENVIRONMENT.items()))
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), code.meaning) for code in Exit])


ENVIRONMENT = {
    "TOCSIN_URL": "address of the server (default: http://127.0.0.1:8465)",
    "TOCSIN_TOKEN": "user token, or TOCSIN_TOKEN_FILE: a file that holds it",
    "TOCSIN_ENVIRONMENT": "environment of jobs (default: production)",
    "TOCSIN_CONFIG": "configuration file (default: tocsin.yaml, where there is one)",
    "TOCSIN_DATA": "directory of the server's data (default: ~/.local/share/tocsin)",
    "TOCSIN_BATCH_STATE": "state of batch pipelines (default: ~/.local/state/tocsin/batch.db)",
    "NO_COLOR": "if set, nothing is coloured",
}
