"""The alerts of a group, for whoever deals with all of them at once where they were told as one."""

from collections.abc import Iterator
from typing import Final

from tocsin.store.base import Store

PAGE: Final = 200
MAX_PAGES: Final = 500


def open_alerts(store: Store, group_id: str) -> Iterator[str]:
    """Return the ids of the open alerts for which a group speaks: not of those that got louder."""
    after = ""
    for _ in range(MAX_PAGES):
        with store.reading() as reading:
            page = reading.alerts_of_group(group_id, after=after, limit=PAGE)
        for alert in page:
            if alert.is_open and any(one.group == group_id for one in alert.pooled):
                yield alert.id
        if len(page) < PAGE:
            return
        after = page[-1].id
