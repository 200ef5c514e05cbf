"""What the audits of all servers have found, kept in the store and told as alerts, each trouble once."""

from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from tocsin.engine.apart import apart, asked_again
from tocsin.engine.draft import Draft
from tocsin.engine.own_alerts import tell
from tocsin.engine.troubles import CONDITION, AuditReport, Check, Trouble, finding_of
from tocsin.rules.facts import Facts
from tocsin.store.base import Writing

NOTE: Final = "own audit"
MAX_REPORTS: Final = 100

_REPORTS: Final = msgspec.json.Decoder(tuple[AuditReport, ...])


def read_reports(text: str | None) -> tuple[AuditReport, ...]:
    """Return the reports that a note holds; none for one that cannot be read."""
    try:
        return _REPORTS.decode(text) if text else ()
    except msgspec.MsgspecError:
        return ()


def keep_report(writing: Writing, report: AuditReport, gone: frozenset[str]) -> None:
    """Keep what a server has found in place of what it found before, and forget servers that have gone.

    Tocsin's own job must be locked, so that no other server does so at the same time.
    """
    left = {report.server, *gone}
    others = [one for one in read_reports(writing.note(NOTE)) if one.server not in left]
    kept = [*others, *([report] if report.troubles else [])]
    writing.save_note(NOTE, msgspec.json.encode(kept[-MAX_REPORTS:]).decode())


def look_at_troubles(draft: Draft, job_id: int) -> list[datetime]:
    """Say once of each trouble that some server has found, and once that none finds it any more.

    Returns when there may be more to say.
    """
    reports = read_reports(draft.writing.note(NOTE))
    forgiven = Facts(job=draft.watches[job_id].job, state=draft.watches[job_id].state).forgiven_until(
        CONDITION
    )
    ours = [a for a in draft.alerts_of(job_id) if a.is_open and a.condition == CONDITION]
    by_print = {alert.fingerprint: alert for alert in ours}
    asks: list[datetime] = []

    def look_at(check: Check) -> None:
        trouble, servers = _together(reports, check)
        is_told = trouble is not None and trouble.since_at > forgiven
        finding = finding_of(trouble, servers) if trouble is not None and is_told else None
        print_ = f"{CONDITION}-{check.value}"
        ask_at = tell(draft, draft.watches[job_id].job, by_print.get(print_), finding, print_)
        asks.extend(asked_again(ask_at))

    for check in Check:
        asks += asked_again(apart(draft.book, f"audit: {check.value}", draft.now, partial(look_at, check)))
    return asks


def _together(reports: tuple[AuditReport, ...], check: Check) -> tuple[Trouble | None, tuple[str, ...]]:
    """Return a trouble as the servers know it that have found it: the worst of them, since the first."""
    found = [(t, report.host) for report in reports for t in report.troubles if t.check is check]
    if not found:
        return None, ()
    worst = max((trouble for trouble, _ in found), key=lambda trouble: trouble.count)
    since_at = min(trouble.since_at for trouble, _ in found)
    hosts = tuple(dict.fromkeys(host for _, host in found))
    return msgspec.structs.replace(worst, since_at=since_at), hosts
