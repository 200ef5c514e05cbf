"""Overrides: somebody else is on call for a span, whatever the rotations say."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Who is to be on call from when to when; `uid` is the identity of the calendar's event it came from."""

    responder: str
    starts_at: datetime
    ends_at: datetime
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Who is on call in an on-call schedule for a span, by whom that was decided and why.

    It holds in the whole span, also where no layer would have anybody. Of several that overlap the one
    made last holds. One that is removed ends at that instant; `removed_by` tells who did it. The two
    overrides of a swap share `swap`.
    """

    id: str
    schedule: str
    responder: str
    starts_at: datetime
    ends_at: datetime
    created_by: str
    created_at: datetime
    comment: str = ""
    swap: str = ""
    removed_by: str = ""

    def is_active(self, instant: datetime) -> bool:
        """Whether it holds at this instant."""
        return self.starts_at <= instant < self.ends_at


def in_force(overrides: Iterable[Override], instant: datetime) -> Override | None:
    """Return the override that holds at an instant, or None."""
    active = (one for one in overrides if one.starts_at <= instant < one.ends_at)
    return max(active, key=_made, default=None)


def next_edge(
    overrides: Iterable[Override], instant: datetime, held: Override | None = None
) -> datetime | None:
    """Return the first instant after this one at which another override could hold, or None.

    `held` is the one that holds now: as long as it does, only what was made after it matters.
    """
    if held is None:
        return min(
            (one.starts_at for one in overrides if instant < one.starts_at < one.ends_at), default=None
        )
    newer = (
        one.starts_at
        for one in overrides
        if instant < one.starts_at < held.ends_at and one.starts_at < one.ends_at and _made(one) > _made(held)
    )
    return min(newer, default=held.ends_at)


def _made(override: Override) -> tuple[datetime, str]:
    return override.created_at, override.id
