"""The checks of a job's data as they come over the wire."""

from msgspec.structs import replace

from tocsin.jobs.checks import USUAL_SPREADS, Anomaly, Check
from tocsin.jobs.declaring import (
    among_refusal,
    change_of,
    change_order_refusal,
    change_refusal,
    column_refusal,
    lack_of,
    limit_refusal,
    most_of,
    order_refusal,
    soft_refusal,
)
from tocsin.web.names import name_fault
from tocsin.web.timetables import unusable
from tocsin.web.wire import AnomalyBody, CheckBody


def checks_of(bodies: list[CheckBody]) -> tuple[Check, ...]:
    """Return the checks that a definition states; raises ConfigError for the first that cannot be used."""
    checks = tuple(_check(body, f"checks.{number}") for number, body in enumerate(bodies))
    refused = among_refusal(checks)
    if refused is not None:
        raise unusable(f"checks.{refused[0]}", refused[1])
    return checks


def _check(body: CheckBody, place: str) -> Check:
    metric, anomaly = body["metric"], _anomaly(body.get("anomaly"))
    least, most, column = body.get("threshold_min"), body.get("threshold_max"), body.get("column") or ""
    soft = body.get("warn_min"), body.get("warn_max")
    change = body.get("change_min"), body.get("change_max")
    is_limited = any(limit is not None for limit in (least, most, *soft, *change, anomaly))
    _refuse(f"{place}.column", column_refusal(metric) if column else None)
    for field, name in (("column", column), ("id", body.get("id") or ""), ("key", body.get("key") or "")):
        _refuse(f"{place}.{field}", name_fault(name) if name else None)
    limits = (("threshold_min", least), ("threshold_max", most), ("warn_min", soft[0]), ("warn_max", soft[1]))
    for field, limit in limits:
        _refuse(f"{place}.{field}", None if limit is None else limit_refusal(metric, limit))
    _refuse(f"{place}.threshold_max", order_refusal(least, most))
    for field, step in zip(("change_min", "change_max"), change, strict=True):
        _refuse(f"{place}.{field}", None if step is None else change_refusal(metric, step))
    _refuse(f"{place}.change_max", change_order_refusal(*change))
    _refuse(place, lack_of(metric, column, is_limited=is_limited))
    most = most_of(metric, most, is_limited=is_limited)
    check = Check(
        id=body.get("id") or "",
        metric=metric,
        column=column,
        least=None if least is None else float(least),
        most=None if most is None else float(most),
        severity=body.get("severity") or "",
        anomaly=anomaly,
        warn_least=None if soft[0] is None else float(soft[0]),
        warn_most=None if soft[1] is None else float(soft[1]),
        sent_as=body.get("key") or "",
        change=change_of(*change),
    )
    _refuse(place, soft_refusal(check))
    return check if check.id else replace(check, id=check.key)


def _anomaly(body: AnomalyBody | None) -> Anomaly | None:
    if body is None:
        return None
    spreads, least = body.get("spreads"), body.get("least")
    return Anomaly(
        spreads=USUAL_SPREADS if spreads is None else float(spreads),
        direction=body.get("direction") or "",
        least=None if least is None else float(least),
    )


def _refuse(field: str, why: str | None) -> None:
    if why is not None:
        raise unusable(field, why)
