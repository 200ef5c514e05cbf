"""Until when nothing more is said of a group: all of it that nobody has in hand is kept quiet, or past."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from tocsin.alerts.alert import Alert, AlertState, Pooled
from tocsin.alerts.group import Group
from tocsin.alerts.telling import is_told_once
from tocsin.engine.draft import Draft
from tocsin.engine.voicing import labels_of

MOST_ASKED: Final = 20_000
"""Most alerts of a group that are read to see whether all of it is quiet."""
ASKED_AT_ONCE: Final = 500
ASKED_EVERY: Final = timedelta(hours=1)
"""How often it is asked anew what comes to an end at no known instant."""


def muted_until(draft: Draft, group: Group) -> datetime | None:
    """Return until when nobody is told, if all that is in nobody's hand is muted, and when to ask again.

    Muted is what silences and maintenance cover, and what another alert explains.
    """
    return _all_until(draft, group, lambda alert, _: _mute_ends_at(draft, alert))


def rests_until(draft: Draft, group: Group) -> datetime | None:
    """Return when to ask again whether a group is repeated, if none in nobody's hand calls for that.

    That is what is muted, and what is told once and was by the group.
    """

    def rests(alert: Alert, pooled: Pooled) -> datetime | None:
        is_old = (
            not group.pace.repeats_past and is_told_once(alert) and not _has_run_since(alert, pooled, group)
        )
        return draft.now + ASKED_EVERY if is_old else _mute_ends_at(draft, alert)

    return _all_until(draft, group, rests)


def _has_run_since(alert: Alert, pooled: Pooled, group: Group) -> bool:
    """Whether an alert is about another run than when its group spoke last."""
    at = group.together_at
    return alert.run != pooled.run and (at is None or alert.changed_at > at)


def _all_until(
    draft: Draft, group: Group, until: Callable[[Alert, Pooled], datetime | None]
) -> datetime | None:
    """Return the first end of what keeps quiet all that a group has told and is in nobody's hand.

    None where something is kept quiet by nothing. What is more than MOST_ASKED is taken for that: rather a
    message too many.
    """
    ends, after = list[datetime](), ""
    for _ in range(MOST_ASKED // ASKED_AT_ONCE):
        page = draft.writing.alerts_of_group(group.id, after=after, limit=ASKED_AT_ONCE)
        for alert in page:
            bound = next((one for one in alert.pooled if _tells_of(group, one)), None)
            if bound is None or alert.state is not AlertState.FIRING:
                continue
            until_at = until(alert, bound)
            if until_at is None:
                return None
            ends.append(until_at)
        if len(page) < ASKED_AT_ONCE:
            return min(ends, default=None)
        after = page[-1].id
    return None


def _tells_of(group: Group, pooled: Pooled) -> bool:
    """Whether a group has told of an alert, which is in nobody's hand."""
    return pooled.group == group.id and pooled.batch < group.batch and not pooled.is_taken


def _mute_ends_at(draft: Draft, alert: Alert) -> datetime | None:
    """Return when to ask again whether an alert is muted; None where it is not."""
    if alert.inhibited is not None:
        return alert.inhibited.until_at or draft.now + ASKED_EVERY
    mute = draft.book.mute_of(labels_of(alert), draft.now)
    return None if mute is None else mute.until_at
