"""What a new silence does to alerts that wait to be told with others: they wait no longer."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from tocsin.alerts.alert import Alert
from tocsin.alerts.group import Group
from tocsin.alerts.matcher import match_all
from tocsin.alerts.silence import Silence
from tocsin.engine.draft import Draft
from tocsin.engine.voicing import labels_of

GROUPS_AT_MOST = 200
PAGE = 500
PAGES_AT_MOST = 40
LOOKED_AT_ONCE = 200
LONGEST_WAIT = timedelta(days=366)


def take_out_of_waits(draft: Draft, silence: Silence) -> None:
    """Look at what waits in groups and is covered, so that no group tells it; very many in the next ticks.

    One that begins later is looked at, too: the alerts then know when it begins.
    """
    waiting = [g for g in draft.writing.due_groups(draft.now + LONGEST_WAIT, GROUPS_AT_MOST) if g.waiting]
    found = dict.fromkeys(job_id for group in waiting for job_id in _covered(draft, group, silence))
    if not found:
        return
    draft.book = dataclasses.replace(draft.book, silences=(*draft.book.silences, silence))
    job_ids = list(found)
    draft.load(draft.writing.watches_by_id(sorted(job_ids[:LOOKED_AT_ONCE])))
    for job_id in job_ids[:LOOKED_AT_ONCE]:
        draft.look(job_id)
    draft.writing.mark_due(job_ids[LOOKED_AT_ONCE:], draft.now)


def _covered(draft: Draft, group: Group, silence: Silence) -> Iterator[int]:
    after = ""
    for _ in range(PAGES_AT_MOST):
        page = draft.writing.alerts_of_group(group.id, after=after, limit=PAGE)
        yield from (alert.job_id for alert in page if _waits(alert, group) and _is_covered(alert, silence))
        if len(page) < PAGE:
            return
        after = page[-1].id


def _waits(alert: Alert, group: Group) -> bool:
    return alert.is_open and any(one.group == group.id and one.batch == group.batch for one in alert.pooled)


def _is_covered(alert: Alert, silence: Silence) -> bool:
    return match_all(silence.matchers, labels_of(alert))
