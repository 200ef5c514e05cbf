"""What the file says about maintenance, made into values, and what is unwise about it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from tocsin.alerts.maintenance import MaintenanceWindow
from tocsin.alerts.matcher import read_matchers
from tocsin.config.dead_ends import QUIET_FOR
from tocsin.config.grammar import maintenance as grammar
from tocsin.config.problems import Fault
from tocsin.config.routing import build_interval


def build_maintenance(written: Iterable[grammar.MaintenanceWindow]) -> tuple[MaintenanceWindow, ...]:
    """Return the maintenance windows."""
    return tuple(
        MaintenanceWindow(
            name=one.name,
            matchers=tuple(matcher for text in one.matchers for matcher in read_matchers(text)),
            times=build_interval(one.name, one.time_intervals),
            comment=one.comment or "",
        )
        for one in written
    )


def maintenance_warnings(written: Iterable[grammar.MaintenanceWindow], now: datetime) -> Iterator[Fault]:
    """Tell the windows that do not close for a long time, and those that never open again."""
    for number, window in enumerate(build_maintenance(written)):
        place = ("maintenance", number, "time_intervals")
        changes_at = window.times.changes_after(now)
        if not window.times.is_in(now):
            if changes_at is None:
                yield Fault(
                    place=place, message=f"{window.name!r} does not open within ten years; take it out"
                )
        elif changes_at is None or changes_at - now > QUIET_FOR:
            until = "always" if changes_at is None else f"until {changes_at:%Y-%m-%d} at least"
            message = f"{window.name!r} is open {until}; nobody hears of what it matches"
            yield Fault(place=place, message=message)
