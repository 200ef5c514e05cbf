"""What a new silence does to alerts that wait to be told with others: they wait no longer.

Those of the groups that are told next leave at once; those of all others before their group is told.
"""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta

from msgspec.structs import replace

from tocsin.alerts.alert import Alert
from tocsin.alerts.group import Group
from tocsin.alerts.matcher import match_all
from tocsin.alerts.set_back import CLOCKS_DIFFER_BY
from tocsin.alerts.silence import Silence
from tocsin.engine.draft import Draft
from tocsin.engine.voicing import labels_of

GROUPS_AT_MOST = 200
PAGE = 500
PAGES_AT_MOST = 40
LOOKED_AT_ONCE = 200
LONGEST_WAIT = timedelta(days=366)
HUSHED_FOR = timedelta(seconds=1)
HUSHED_AT_MOST = timedelta(minutes=1)


def take_out_of_waits(draft: Draft, silence: Silence) -> None:
    """Look at what waits in groups and is covered, so that no group tells it; very many in the next ticks.

    One that begins later is looked at, too: the alerts then know when it begins.
    """
    waiting = [g for g in draft.writing.due_groups(draft.now + LONGEST_WAIT, GROUPS_AT_MOST) if g.waiting]
    covers = _coverage_of(silence)
    found = dict.fromkeys(job_id for group in waiting for job_id in _covered(draft, group, covers))
    if not found:
        return
    draft.book = dataclasses.replace(draft.book, silences=(*draft.book.silences, silence))
    job_ids = list(found)
    draft.load(draft.writing.watches_by_id(sorted(job_ids[:LOOKED_AT_ONCE])))
    for job_id in job_ids[:LOOKED_AT_ONCE]:
        draft.look(job_id)
    draft.writing.mark_due(job_ids[LOOKED_AT_ONCE:], draft.now)


def hushed(draft: Draft, group: Group) -> Group:
    """Return a group that is about to be told, a moment later where silences made since cover some of it.

    These are looked at meanwhile, and leave. A job that cannot be looked at holds up the others for
    HUSHED_AT_MOST: rather a message too many.
    """
    book, now = draft.book, draft.now
    if group.waiting_since_at is None or (group.hushed_at or now) + HUSHED_AT_MOST < now:
        return group
    since_at = group.waiting_since_at - CLOCKS_DIFFER_BY
    if not any(silence.created_at >= since_at for silence in book.silences):
        return group
    found = set(_covered(draft, group, lambda alert: book.mute_of(labels_of(alert), now) is not None))
    found -= {job_id for job_id in found if book.is_set_aside("*", job_id, now) is not None}
    if not found:
        return group
    draft.writing.mark_due(sorted(found), now)
    return replace(group, hushed_at=group.hushed_at or now, hushed_until=now + HUSHED_FOR)


def _covered(draft: Draft, group: Group, is_covered: Callable[[Alert], bool]) -> Iterator[int]:
    after = ""
    for _ in range(PAGES_AT_MOST):
        page = draft.writing.alerts_of_group(group.id, after=after, limit=PAGE)
        yield from (alert.job_id for alert in page if _waits(alert, group) and is_covered(alert))
        if len(page) < PAGE:
            return
        after = page[-1].id


def _waits(alert: Alert, group: Group) -> bool:
    return alert.is_open and any(one.group == group.id and one.batch == group.batch for one in alert.pooled)


def _coverage_of(silence: Silence) -> Callable[[Alert], bool]:
    return lambda alert: match_all(silence.matchers, labels_of(alert))
