"""The checks of a job's data, and how they stand, as `tocsin jobs show` tells them."""

from collections.abc import Mapping

Named = Mapping[str, object]


def checks(definition: Named, job: Named) -> list[tuple[str, object]]:
    """Return the checks with limits, what the newest good run made of each, and what is normal by now."""
    found = list[tuple[str, object]]()
    stands = {one.get("id"): one for one in _listed(job.get("checks"))}
    for check in _listed(definition.get("checks")):
        one = stands.get(check.get("id"), {})
        found += [
            (f"check {check.get('id')}", _limits(check)),
            ("  last run", one.get("verdict") and f"{one['verdict']}: {one.get('said')}"),
            ("  normal", _normal(one) if check.get("anomaly") else None),
        ]
    return found


def _limits(check: Named) -> str:
    limits = _bounds(check, "threshold")
    changes = (("changed by at least", "change_min"), ("changed by at most", "change_max"))
    limits += [f"{words} {check[key]}" for words, key in changes if check.get(key) is not None]
    anomaly = check.get("anomaly")
    if isinstance(anomaly, dict):
        limits.append(f"within {anomaly.get('spreads'):g} normal spreads")
    told = ((limits, check.get("severity")), (_bounds(check, "warn"), "warning"))
    return f"{check.get('key')} " + "; ".join(
        f"{' and '.join(each)}, else {severity}" for each, severity in told if each
    )


def _bounds(check: Named, kind: str) -> list[str]:
    pairs = (("at least", check.get(f"{kind}_min")), ("at most", check.get(f"{kind}_max")))
    return [f"{words} {limit:g}" for words, limit in pairs if isinstance(limit, int | float)]


def _normal(one: Named) -> str:
    normal = one.get("normal")
    if not isinstance(normal, dict):
        return f"learning, {one.get('values_learned') or 0} values so far"
    runs, method = normal.get("comparable_runs"), normal.get("method")
    low, high = (_short(normal.get(side)) for side in ("low", "high"))
    return f"{low} to {high}, from {runs} comparable runs, {method}"


def _short(number: object) -> str:
    return f"{float(f'{number:.4g}'):,.10g}" if isinstance(number, int | float) else "?"


def _listed(found: object) -> list[Named]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
