"""What cannot be a check of a job's data, whoever declares it: why not, in the words of the keys. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from tocsin.jobs.checks import MAX_LEARNED, Change, Check, Metric

LARGEST: Final = 1e300
FEWEST_SPREADS: Final = 2.0
MOST_SPREADS: Final = 100.0
_PERCENT: Final = re.compile(r"([+-]?[0-9]{1,9}(?:\.[0-9]{1,9})?) ?%")
_OF_WHOLE_NUMBERS: Final = (Metric.ROW_COUNT, Metric.DISTINCT_COUNT, Metric.SCHEMA_DRIFT)


def column_refusal(metric: Metric) -> str | None:
    """Return why a check of this metric cannot name a column, or None if it can."""
    return f"is for metrics of a column; {metric.value} is of the whole table" if metric.of_table else None


def limit_refusal(metric: Metric, value: float) -> str | None:
    """Return why a value cannot be a limit of this metric, or None if it can."""
    if metric.is_share and not 0 <= value <= 1:
        return f"is a share from 0 to 1, so that 5 % is 0.05; {value:g} is impossible for {metric.value}"
    return f"cannot be less than 0 for {metric.value}" if metric.is_counted and value < 0 else None


def order_refusal(least: float | None, most: float | None) -> str | None:
    """Return why the largest good value cannot be this one beside the smallest, or None if it can."""
    if least is None or most is None or most >= least:
        return None
    return f"is smaller than 'threshold_min' ({most:g} < {least:g}); swap the two"


def soft_refusal(check: Check) -> str | None:
    """Return why the limits of a warning cannot stand beside those of the check, or None if they can."""
    softer = order_refusal(check.warn_least, check.warn_most)
    if softer is not None:
        return softer.replace("threshold_min", "warn_min")
    if None not in (check.least, check.warn_least) and check.warn_least < check.least:  # type: ignore[operator]  # neither is None
        return "has a 'warn_min' below 'threshold_min', so that it would never warn; put it above"
    if None not in (check.most, check.warn_most) and check.warn_most > check.most:  # type: ignore[operator]  # neither is None
        return "has a 'warn_max' above 'threshold_max', so that it would never warn; put it below"
    return None


def step_refusal(written: object) -> str | None:
    """Return why this cannot be a limit of the change of any metric, or None if it can."""
    is_number = isinstance(written, int | float) and not isinstance(written, bool) and abs(written) <= LARGEST
    if is_number or (isinstance(written, str) and _PERCENT.fullmatch(written)):
        return None
    return f"must be a percentage such as -20%, or a number, not {written!r:.40}"


def change_refusal(metric: Metric, written: float | str) -> str | None:
    """Return why this cannot be a limit of the change of this metric, or None if it can."""
    if isinstance(written, str):
        is_possible = (_step(written) or 0.0) >= -1.0 or not (metric.is_counted or metric.is_share)
        return None if is_possible else f"is impossible: {metric.value} never falls by more than 100 %"
    if metric in _OF_WHOLE_NUMBERS and 0 < abs(written) < 1:
        return f"is less than one; a share is written as a percentage: {100 * written:g}%"
    if metric.is_share and abs(written) > 1:
        return f"is too much for a share from 0 to 1: five percentage points are 0.05, not {written:g}"
    return None


def change_of(least: float | str | None, most: float | str | None) -> Change | None:
    """Return the change that limits say which were not refused; None where there are none."""
    if least is None and most is None:
        return None
    is_relative = isinstance(least, str) or isinstance(most, str)
    return Change(least=_step(least), most=_step(most), is_relative=is_relative)


def change_order_refusal(least: float | str | None, most: float | str | None) -> str | None:
    """Return why two limits of a change cannot stand beside each other, or None if they can."""
    if least is None or most is None:
        return None
    if isinstance(least, str) is not isinstance(most, str):
        return "is a percentage where 'change_min' is none, or the other way round; write two checks"
    refused = order_refusal(_step(least), _step(most))
    return refused and f"is smaller than 'change_min' ({most} < {least}); swap the two"


def _step(written: float | str | None) -> float | None:
    if written is None or not isinstance(written, str):
        return None if written is None else float(written)
    return round(float(written.rstrip("% ")) / 100, 12)


def change_written(change: Change | None) -> tuple[float | str | None, float | str | None]:
    """Return the limits of a change as people write them, the least and the most."""
    if change is None:
        return None, None
    return _step_written(change.least, change), _step_written(change.most, change)


def _step_written(step: float | None, change: Change) -> float | str | None:
    if step is None or not change.is_relative:
        return step
    return f"{100 * step:.9f}".rstrip("0").rstrip(".") + "%"


def lack_of(metric: Metric, column: str, *, is_limited: bool) -> str | None:
    """Return without what a check could never be judged, or None if it says enough."""
    if metric.of_column and not column:
        return f"needs a 'column': {metric.value} is measured of one"
    if is_limited or metric is Metric.SCHEMA_DRIFT:
        return None
    return (
        "needs 'threshold_min', 'threshold_max', 'change_min', 'change_max' or 'anomaly': without a limit, "
        "or its own past to compare it with, nothing is checked"
    )


def most_of(metric: Metric, most: float | None, *, is_limited: bool) -> float | None:
    """Return the largest good value: of schema_drift 0, where a check says nothing at all."""
    return 0.0 if metric is Metric.SCHEMA_DRIFT and not is_limited else most


def among_refusal(checks: Iterable[Check]) -> tuple[int, str] | None:
    """Return which check, counted from 0, cannot stand beside those before it, and why, or None."""
    seen: dict[str, int] = {}
    learned = set[str]()
    for number, check in enumerate(checks):
        if check.id in seen:
            like = f"is called {check.id!r} like number {seen[check.id] + 1}"
            return number, f"number {number + 1} {like}; give one another 'id'"
        seen[check.id] = number
        if check.anomaly is not None:
            learned.add(check.key)
        if len(learned) > MAX_LEARNED:
            most = f"it is learned of at most {MAX_LEARNED} metrics of a job what is normal"
            return number, f"{most}; say 'anomaly' of fewer"
    return None
