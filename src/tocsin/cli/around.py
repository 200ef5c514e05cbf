"""What surrounds an alert, each in one line: what mutes it, what it follows from, whom it puts at risk."""

from collections.abc import Mapping

from tocsin.cli.api import Json
from tocsin.cli.output import items_of, moment


def muted_line(alert: Mapping[str, object]) -> str | None:
    """Return what mutes an alert; None where nothing does."""
    inhibited = alert.get("inhibited")
    if not isinstance(inhibited, dict):
        return None
    if inhibited.get("until_at"):
        now = "any more" if inhibited.get("alert_id") else "so far"
        return f"nothing mutes it {now}; told at {moment(inhibited['until_at'])} if it still holds"
    is_its_own = inhibited.get("job") == alert.get("job")
    needed = "which tells of the same run" if is_its_own else "which it needs"
    how = f"by {inhibited.get('rule')!r}" if inhibited.get("rule") else needed
    since = moment(inhibited.get("since_at"))
    return f"since {since}, while alert {inhibited.get('alert_id')} of {inhibited.get('job')} is open, {how}"


def risk_line(alert: Json, *, beyond: str = "more than") -> str | None:
    """Return the jobs that an alert, or a group of them, puts at risk; None where there are none.

    `beyond` stands before a count that is not whole.
    """
    at_risk = alert.get("at_risk")
    if not isinstance(at_risk, dict):
        return None
    jobs = items_of({"items": at_risk.get("jobs")})
    named = [
        f"{j.get('job')} by {moment(j['deadline_at'])}" if j.get("deadline_at") else j.get("job")
        for j in jobs
    ]
    count = at_risk.get("count")
    rest = count - len(named) if isinstance(count, int) else 0
    more = f" and {rest} more" if rest > 0 else ""
    return f"{count if at_risk.get('is_whole') else f'{beyond} {count}'}: {', '.join(map(str, named))}{more}"


def alike_line(alert: Json) -> str | None:
    """Return which other jobs failed of the same error."""
    alike = alert.get("alike")
    if not isinstance(alike, dict) or not alike.get("count"):
        return None
    named = [str(job) for job in alike.get("jobs") or ()]
    rest = int(alike["count"]) - len(named)
    at_least = "" if alike.get("is_whole") else "at least "
    return f"{at_least}{alike['count']} more: {', '.join(named)}" + (f" and {rest} more" if rest else "")


def cause_line(alert: Json) -> str | None:
    """Return the job that an alert most likely follows from; None where none is known."""
    cause = alert.get("likely_cause")
    return str(cause.get("text")) if isinstance(cause, dict) else None
