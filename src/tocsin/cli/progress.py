"""How far a long command has come, told on a terminal and nowhere else."""

import sys

import click

from tocsin.clock import monotonic

EVERY_SECONDS = 0.2


class Progress:
    """A line that changes in its place; in a pipe there is none."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_shown = sys.stderr.isatty()
        self._shown_at = 0.0

    def show(self, count: int, more: str = "") -> None:
        """Say how many there were so far."""
        if self._is_shown and monotonic() - self._shown_at >= EVERY_SECONDS:
            self._shown_at = monotonic()
            click.echo(f"\r\x1b[K{self._what}: {count:,}{more}", nl=False, err=True)

    def end(self) -> None:
        """Take the line away."""
        if self._is_shown and self._shown_at:
            click.echo("\r\x1b[K", nl=False, err=True)
