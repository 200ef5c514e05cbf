"""The alerts of a group, for whoever deals with all of them at once where they were told as one."""

from collections.abc import Callable
from typing import Final

from tocsin.alerts.alert import Alert
from tocsin.store.base import Reading

MAX_AT_ONCE: Final = 500


def members(reading: Reading, group_id: str, wanted: Callable[[Alert], bool]) -> list[str] | None:
    """Return the ids of those that are wanted, at most MAX_AT_ONCE; None if it is no group's id."""
    if reading.group(group_id) is None:
        return None
    found: list[str] = []
    after = ""
    while len(found) < MAX_AT_ONCE:
        page = reading.alerts_of_group(group_id, after=after, limit=MAX_AT_ONCE)
        found += [alert.id for alert in page if wanted(alert)]
        if len(page) < MAX_AT_ONCE:
            break
        after = page[-1].id
    return found[:MAX_AT_ONCE]
