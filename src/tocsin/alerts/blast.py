"""Whom many alerts put at risk together: each job once, in bounded room. Pure."""

from typing import Final

from tocsin.alerts.alert import AtRisk, Dependent

MAX_KEPT: Final = 50


def together(known: AtRisk | None, more: AtRisk | None) -> AtRisk | None:
    """Return whom two put at risk, the one with the next deadline first.

    Where not all of them are named, `count` is how many there are at least, and not `is_whole`.
    """
    if known is None or more is None:
        return known or more
    by_job: dict[str, Dependent] = {}
    for one in (*known.named, *more.named):
        before = by_job.get(one.job)
        by_job[one.job] = one if before is None or _is_sooner(one, before) else before
    found = sorted(by_job.values(), key=lambda d: (d.deadline_at is None, d.deadline_at or more.at, d.job))
    return AtRisk(
        at=max(known.at, more.at),
        count=max(len(found), known.count, more.count),
        named=tuple(found[:MAX_KEPT]),
        is_whole=_all_named(known) and _all_named(more),
    )


def _is_sooner(one: Dependent, other: Dependent) -> bool:
    if one.deadline_at is None:
        return False
    return other.deadline_at is None or one.deadline_at < other.deadline_at


def _all_named(at_risk: AtRisk) -> bool:
    return at_risk.is_whole and at_risk.count == len(at_risk.named)
