"""Maintenance windows: written in the configuration, they come again and mute what they match while open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tocsin.alerts.matcher import Matcher, match_all
from tocsin.alerts.route import FOR_EVER
from tocsin.alerts.timeinterval import NamedInterval


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """Which alerts are muted when it is open, and why."""

    name: str
    matchers: tuple[Matcher, ...]
    times: NamedInterval
    comment: str = ""

    def __str__(self) -> str:
        return f"maintenance {self.name}: {self.comment}" if self.comment else f"maintenance {self.name}"

    def changes_after(self, instant: datetime) -> datetime:
        """Return when it opens or closes next; FOR_EVER if it does not within ten years."""
        found = self.times.changes_after(instant)
        return FOR_EVER if found is None else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A window that is open, and the instant at which to look again whether it still is."""

    window: MaintenanceWindow
    closes_at: datetime


def open_for(windows: Iterable[MaintenanceWindow], labels: dict[str, str], now: datetime) -> Opening | None:
    """Return the open window that mutes these labels the longest, or None."""
    hits = [
        Opening(window=window, closes_at=window.changes_after(now))
        for window in windows
        if match_all(window.matchers, labels) and window.times.is_in(now)
    ]
    return max(hits, key=lambda opening: opening.closes_at, default=None)


def opens_after(
    windows: Iterable[MaintenanceWindow], labels: dict[str, str], now: datetime
) -> datetime | None:
    """Return when a window that is closed now may open for these labels; None if none will."""
    found = [
        window.changes_after(now)
        for window in windows
        if match_all(window.matchers, labels) and not window.times.is_in(now)
    ]
    return min((at for at in found if at < FOR_EVER), default=None)
