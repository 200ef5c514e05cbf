"""Alerts about Tocsin itself: under a job of its own, told by the routes like those of any other."""

from dataclasses import replace
from datetime import datetime

from tocsin.alerts.advance import advance, open_alert
from tocsin.alerts.alert import Alert, Entry, Reason
from tocsin.alerts.snooze import lapse
from tocsin.engine.draft import Draft
from tocsin.engine.escalating import voice
from tocsin.engine.looking import told_before
from tocsin.engine.voicing import entry_of
from tocsin.jobs.job import Job
from tocsin.rules.finding import Finding


def tell(
    draft: Draft, job: Job, alert: Alert | None, finding: Finding | None, fingerprint: str
) -> datetime | None:
    """Open, go on with or end the alert of a fingerprint; return when there may be more to say of it."""
    ended: tuple[Entry, ...] = ()
    if alert is not None:
        lapsed = lapse(alert, draft.watches[job.id].state, draft.now)
        if lapsed.reason is not Reason.UNCHANGED:
            ended = (entry_of(lapsed.alert, lapsed.reason, draft.now),)
        change = advance(lapsed.alert, finding, draft.now)
    elif finding is not None:
        change = open_alert(
            job,
            finding,
            alert_id=draft.new_id(),
            fingerprint=fingerprint,
            runbook="",
            now=draft.now,
            told=told_before(draft.alerts_of(job.id), fingerprint),
        )
        draft.opened += 1
    else:
        return None
    voiced = voice(change, draft.book, draft.gathering, draft.now)
    draft.take(job.id, replace(voiced, entries=(*ended, *voiced.entries)))
    return voiced.ask_again_at
