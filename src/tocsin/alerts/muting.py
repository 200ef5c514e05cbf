"""What keeps notifications of an alert from going out for a time, and why. Pure.

It mutes what would be said and nothing else: judging and resolving go on, and that a trouble is over is told
to whoever heard that it began.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tocsin.alerts.alert import Reason
from tocsin.alerts.maintenance import MaintenanceWindow, open_for
from tocsin.alerts.silence import Silence, covering

OWN_AUDIT: Final = "watchdog"
"""The condition of what Tocsin's audit finds in itself: who muted others must hear that they may be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Why nothing is said of an alert, and until when.

    `note` are words for its history, `who` is whoever did it, where it was a person.
    """

    reason: Reason
    until_at: datetime
    note: str = ""
    who: str = ""

    @property
    def words(self) -> str:
        """How a page says that something is muted."""
        return "in maintenance" if self.reason is Reason.MAINTENANCE else self.reason.value


def muted(
    silences: Iterable[Silence],
    windows: Iterable[MaintenanceWindow],
    labels: dict[str, str],
    now: datetime,
) -> Mute | None:
    """Return what mutes an alert with these labels now, of several that which does so the longest.

    Whoever asks again at its end learns of the others. What Tocsin's own audit has found, nothing mutes.
    """
    if labels.get("condition") == OWN_AUDIT:
        return None
    found = []
    silence = covering(silences, labels, now)
    if silence is not None:
        found.append(by_silence(silence))
    window = open_for(windows, labels, now)
    if window is not None:
        found.append(Mute(reason=Reason.MAINTENANCE, until_at=window.closes_at, note=str(window.window)))
    return max(found, key=lambda mute: mute.until_at, default=None)


def by_silence(silence: Silence) -> Mute:
    """Return what a silence does to what it covers."""
    return Mute(
        reason=Reason.SILENCED,
        until_at=silence.ends_at,
        note=f"silence {silence.id}: {silence.comment}",
        who=silence.created_by,
    )
