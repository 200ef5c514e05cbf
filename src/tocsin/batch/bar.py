"""The progress bar of a run on a terminal: how far, how fast, how long yet, and what limits it."""

import sys
from types import TracebackType
from typing import Final, Self, TextIO

from tocsin.batch.moment import Moment
from tocsin.batch.tally import Share
from tocsin.batch.words import counted
from tocsin.errors import InvalidPipeline

LEAST_BAR: Final = 8
MOST_BAR: Final = 30
WORDS: Final = 90
"""So many columns are for all but the bar, where there are as many."""
LIMITED_BY: Final = {
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
            from rich.table import Column  # noqa: PLC0415 -- as above
        except ImportError as error:
            raise InvalidPipeline("a progress bar needs rich: pip install 'tocsin[batch]'") from error
        self._console = Console(file=stream or sys.stderr)
        width = max(LEAST_BAR, min(MOST_BAR, self._console.width - WORDS))
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=width),
            TimeElapsedColumn(),
            # The words have what is left of the line, and only they are cut.
            TextColumn(
                "{task.fields[told]}",
                markup=False,
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            console=self._console,
            expand=True,
        )
        self._why = ""
        self._task = self._progress.add_task(name, total=None, told="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the line, however the run has ended, and the thread that draws it."""
        self._progress.stop()
        if self._why:
            self._console.print(self._why, markup=False, highlight=False, soft_wrap=True)

    def look(self, moment: Moment) -> None:
        """Show how the run stands."""
        total = None if moment.share_done is None else 1.0
        self._progress.update(self._task, completed=moment.share_done or 0.0, total=total, told=told(moment))

    def end(self, moment: Moment, told: str, *, failed: bool) -> None:
        """Show how it has ended; below the line stands in full why it is not complete."""
        done = 1.0 if not failed else moment.share_done or 0.0
        self._progress.update(self._task, completed=done, total=1.0, told=so_far(moment))
        self._why = told if failed else ""


def so_far(moment: Moment) -> str:
    """Return how many records have an end, how many a second, and how many are dead."""
    of_all = counted(moment.settled) if moment.total is None else f"{moment.settled:,} of {moment.total:,}"
    dead = f", {moment.dead:,} dead" if moment.dead else ""
    return f"{of_all}, {moment.records_per_second:,.0f}/s{dead}"


def told(moment: Moment) -> str:
    """Return how a run stands in a few words."""
    parts = [so_far(moment)]
    if moment.seconds_left is not None and moment.share_done is not None and moment.share_done < 1:
        parts.append(f"{span(moment.seconds_left)} left")
    if moment.limited_by is not None:
        is_away = moment.limited_by is Share.OUTAGE and moment.trouble
        parts.append(LIMITED_BY[moment.limited_by] + (f": {moment.trouble}" if is_away else ""))
    return ", ".join(parts)


def span(seconds: float) -> str:
    """Return a span for people: `42 s`, `3 min`, `2.5 h`."""
    if seconds < 90:  # noqa: PLR2004 -- a minute and a half, from which on minutes are enough
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"  # noqa: PLR2004 -- as above, in hours
