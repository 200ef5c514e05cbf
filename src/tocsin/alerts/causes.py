"""What alerts of a group share: counted in bounded room while they come. Pure."""

from msgspec import Struct

from tocsin.alerts.alert import Alert
from tocsin.alerts.likely import what_of
from tocsin.rules.signature import signature

TROUBLE = "trouble"
"""The kind of cause that is a job which many need, and that is in trouble itself."""
MAX_CAUSES = 50


class Cause(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that alerts of a group share, and how many of them do."""

    kind: str
    what: str
    count: int


def causes_of(alert: Alert) -> tuple[tuple[str, str], ...]:
    """Return what an alert may share with others: its error's signature, what it needs, host, labels."""
    error, host = dict(alert.variables).get("error", ""), dict(alert.evidence).get("host", "")
    known = [("error", alert.error_signature or signature(error)), (TROUBLE, _trouble(alert))]
    known += [*(("upstream", name) for name in alert.upstream), ("host", host)]
    known += [(f"label {name}", value) for name, value in alert.labels]
    return tuple((kind, what) for kind, what in known if what)


def _trouble(alert: Alert) -> str:
    """Return what is wrong upstream, in the same words for all that follow from it."""
    cause = alert.likely_cause
    return "" if cause is None else f"{cause.job}, which {what_of(cause, alert.timezone, is_dated=False)}"


def counted(causes: tuple[Cause, ...], found: tuple[tuple[str, str], ...]) -> tuple[Cause, ...]:
    """Count what is shared, in bounded room: a newcomer takes the place of the rarest and its count.

    The counts are then at most too high, and what more than one in MAX_CAUSES share is never missed:
    Metwally, Agrawal, El Abbadi, "Efficient computation of frequent and top-k elements in data streams".
    """
    counts = {(cause.kind, cause.what): cause.count for cause in causes}
    for key in found:
        if key in counts or len(counts) < MAX_CAUSES:
            counts[key] = counts.get(key, 0) + 1
        else:
            rarest = min(counts, key=counts.__getitem__)
            counts[key] = counts.pop(rarest) + 1
    return tuple(Cause(kind=kind, what=what, count=count) for (kind, what), count in counts.items())
