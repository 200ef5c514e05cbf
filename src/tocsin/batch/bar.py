"""The progress bar of a run on a terminal: how far, how fast, how long yet, and what limits it."""

import sys
from types import TracebackType
from typing import Self, TextIO

from tocsin.batch.moment import Moment
from tocsin.batch.tally import Share
from tocsin.errors import InvalidPipeline

LIMITED_BY = {
    Share.SOURCE: "waits for the source",
    Share.ENCODE: "limited by map and encoding",
    Share.RATE: "limited by the allowed rate",
    Share.GATE: "pauses as the sink asks",
    Share.CONCURRENCY: "limited by parallel_workers or lanes",
    Share.SINK: "limited by the sink",
    Share.OUTAGE: "the sink is away",
    Share.STATE: "waits for the disk",
}


class Bar:
    """A bar on standard error while it is entered, as a `Watcher`; raises InvalidPipeline without rich."""

    def __init__(self, name: str, stream: TextIO | None = None) -> None:
        try:
            from rich.console import Console  # noqa: PLC0415 -- loaded only where a bar is shown
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 -- as above
        except ImportError as error:
            raise InvalidPipeline("a progress bar needs rich: pip install 'tocsin[batch]'") from error
        console = Console(file=stream or sys.stderr)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            console=console,
            transient=False,
        )
        self._task = self._progress.add_task(name, total=None, told="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the line, however the run has ended, and the thread that draws it."""
        self._progress.stop()

    def look(self, moment: Moment) -> None:
        """Show how the run stands."""
        total = None if moment.share_done is None else 1.0
        self._progress.update(self._task, completed=moment.share_done or 0.0, total=total, told=told(moment))

    def end(self, moment: Moment, told: str, *, failed: bool) -> None:  # noqa: ARG002 -- the words say whether it failed
        """Show how it has ended."""
        self._progress.update(self._task, completed=moment.share_done or 0.0, told=told)


def told(moment: Moment) -> str:
    """Return how a run stands in a few words."""
    parts = [f"{moment.settled:,}" + (f" of {moment.total:,}" if moment.total is not None else " records")]
    parts.append(f"{moment.records_per_second:,.0f}/s")
    if moment.dead:
        parts.append(f"{moment.dead:,} dead")
    if moment.seconds_left is not None and moment.share_done is not None and moment.share_done < 1:
        parts.append(f"{span(moment.seconds_left)} left")
    if moment.limited_by is not None:
        parts.append(LIMITED_BY[moment.limited_by])
    return ", ".join(parts)


def span(seconds: float) -> str:
    """Return a span for people: `42 s`, `3 min`, `2.5 h`."""
    if seconds < 90:  # noqa: PLR2004 -- a minute and a half, from which on minutes are enough
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"  # noqa: PLR2004 -- as above, in hours
