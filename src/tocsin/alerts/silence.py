"""Silences: made by a person, they stop notifications for a time and never judging or resolving."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tocsin.alerts.matcher import Matcher, match_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What is muted, from when to when, by whom and why; `extended_by` is who last made it longer."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    created_at: datetime
    comment: str = ""
    expired_by: str = ""
    extended_by: str = ""

    def is_active(self, now: datetime) -> bool:
        """Whether it mutes at this instant."""
        return self.has_begun(now) and now < self.ends_at

    def has_begun(self, now: datetime) -> bool:
        """Whether it mutes, or did; what had begun when it was made stays so where a clock is set back."""
        return self.starts_at <= max(now, self.created_at)

    def state(self, now: datetime) -> str:
        """Return `pending`, `active` or `ended`; one that was ended before it began is over, too."""
        if now >= self.ends_at:
            return "ended"
        return "active" if self.has_begun(now) else "pending"


def covering(silences: Iterable[Silence], labels: dict[str, str], now: datetime) -> Silence | None:
    """Return the active silence that mutes these labels the longest, or None."""
    hits = [s for s in silences if s.is_active(now) and match_all(s.matchers, labels)]
    return max(hits, key=lambda s: s.ends_at, default=None)


def pending(silences: Iterable[Silence], labels: dict[str, str], now: datetime) -> list[Silence]:
    """Return the silences that will mute these labels and do not do so yet."""
    return [s for s in silences if not s.has_begun(now) and match_all(s.matchers, labels)]
