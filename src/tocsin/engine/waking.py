"""Alerts that others may mute are looked at again once those have changed, a portion at a time."""

from collections import Counter
from typing import Final

from tocsin.alerts.inhibition import Side
from tocsin.engine.draft import Draft

TARGETS_AT_ONCE: Final = 200


def wake_targets(draft: Draft) -> bool:
    """Make the jobs of some alerts due; return whether there are more whom nobody has looked for yet."""
    writing = draft.writing
    waiting = writing.wakes(1)
    for key, after in waiting:
        found = writing.bonds(key, Side.TARGET, after=after, limit=TARGETS_AT_ONCE)
        writing.mark_due(Counter(bond.job_id for bond in found), draft.now)
        writing.wake_on(key, after, found[-1].alert_id if len(found) == TARGETS_AT_ONCE else None)
    return bool(waiting)
