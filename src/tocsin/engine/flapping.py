"""Flapping in the life of an alert: it is opened once, held open through good runs, and closed once. Pure."""

from datetime import datetime

from msgspec import structs

from tocsin.alerts.advance import Change
from tocsin.alerts.alert import Alert, Reason
from tocsin.alerts.flapping import Course, Flapping, changes_of, course
from tocsin.jobs.job import Job
from tocsin.jobs.state import JobState
from tocsin.rules.facts import Facts
from tocsin.rules.finding import Finding

JUDGED = "job_failure"


def course_of(
    job: Job, state: JobState, about: Alert | Finding, limits: Flapping | None, *, is_flapping: bool
) -> tuple[Course, str]:
    """Return how the job has gone by the run that an alert or a finding is about, and how that is shown.

    Runs of other partitions do not count, nor backfills, nor what a person has declared over.
    """
    if limits is None or about.backfill or about.condition != JUDGED:
        return (Course.SETTLED if is_flapping else Course.STEADY), ""
    outcomes = Facts(job=job, state=state).outcomes(JUDGED)
    partition = next((one.partition for one in reversed(outcomes) if one.run == about.run), None)
    if partition is None:
        still = Course.SETTLED if isinstance(about, Alert) else Course.FLAPPING
        return (still if is_flapping else Course.STEADY), ""
    marks = [one.status is not None and one.status.is_bad for one in outcomes if one.partition == partition]
    shown = marks[-limits.runs :]
    words = f"{changes_of(shown)} changes between good and bad in the last {len(shown)} runs"
    return course(marks, limits, is_flapping=is_flapping), words


def as_flapping(finding: Finding, shown: str) -> Finding:
    """Return a finding in the words of one that comes and goes."""
    return structs.replace(
        finding,
        summary=f"is good and bad by turns; last it {finding.summary}",
        evidence=(("flapping", shown), *finding.evidence),
        next_step="Look for what differs between its good and its bad runs: it is told when it settles.",
    )


def between(alert: Alert, *, is_so: bool) -> Alert:
    """Return an alert with whether a good run holds just now, between bad ones."""
    return alert if alert.is_between is is_so else structs.replace(alert, is_between=is_so)


def marked(change: Change, going: Course, now: datetime) -> Change:
    """Return an alert that fires with whether it flaps by now; that it has settled so is told at once."""
    alert = change.alert
    if going is Course.FLAPPING and not alert.flapping:
        is_new = change.reason is Reason.OPENED
        return Change(
            alert=structs.replace(alert, flapping=True), reason=change.reason if is_new else Reason.FLAPPING
        )
    if going is Course.FLAPPING and change.reason is Reason.UPDATED:
        return Change(alert=alert, reason=Reason.FLAPPING)
    if going is Course.SETTLED:
        return Change(alert=structs.replace(alert, flapping=False, due_again_at=now), reason=Reason.SETTLED)
    return change
