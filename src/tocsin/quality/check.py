"""What becomes of the checks of a run's data: a verdict for each, with its reason in words. Pure."""

from datetime import datetime
from enum import Enum

from msgspec import Struct

from tocsin.jobs.checks import Check, Compared, Metric
from tocsin.jobs.measuring import compared_of, value_of, was_asked
from tocsin.jobs.state import Measured
from tocsin.quality.metrics import NEEDED_VALUES, LearnedMetric, ordinary_of
from tocsin.quality.normal import of_such

_GRAVE = ("critical", "page")


class CheckVerdict(Enum):
    """What becomes of a check.

    `pass`: within its limits, and as usual where that is asked for. `warn`, `fail`: outside, or unusual, by
    its severity. `error`: what was sent is no number. `no data`: nothing was sent. `learning`: it has no
    limits, and there is too little past to compare it with; or no good run has ended since it was declared.
    """

    PASS = "pass"  # noqa: S105 -- the word that data people know, and no secret
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"
    LEARNING = "learning"
    NO_DATA = "no data"

    @property
    def is_failed(self) -> bool:
        """Whether the data cannot be relied on."""
        return self not in (CheckVerdict.PASS, CheckVerdict.LEARNING)


class Judged(Struct, frozen=True, kw_only=True, gc=False):
    """A check with its verdict, and why, as people read it.

    `value` is what was judged, None where no number was sent; `bounds` in words are those that it broke, else
    its limits; `is_unusual`: it is within its limits, and far from its own past.
    """

    check: Check
    verdict: CheckVerdict
    said: str
    bounds: str
    value: float | None = None
    is_unusual: bool = False


def judge_check(check: Check, measured: Measured) -> Judged:
    """Return the verdict of one check on what a run measured."""
    value, limits = value_of(measured, check), limits_of(check)
    if isinstance(value, float):
        return _of_a_number(check, value, compared_of(measured, check))
    if value is not None:
        verdict, why = CheckVerdict.ERROR, f"{value} is not a finite number"
    elif was_asked(measured, check):
        verdict, why = CheckVerdict.NO_DATA, f"{check.key!r} was not sent"
    else:
        verdict, why = CheckVerdict.LEARNING, "not asked for yet, the next good run tells"
    return Judged(check=check, verdict=verdict, said=_said(why, check, limits), bounds=limits)


def _of_a_number(check: Check, value: float, compared: Compared | None) -> Judged:
    shown, limits = _number(value, check.metric), limits_of(check)
    fails = CheckVerdict.FAIL if check.severity in _GRAVE else CheckVerdict.WARN
    if not check.holds(value):
        return Judged(check=check, verdict=fails, said=f"{shown}; {limits}", bounds=limits, value=value)
    if compared is not None and check.is_unusual(value, compared):
        bounds = f"normal is {range_of(check, compared)}"
        said = f"{shown}; {bounds}"
        return Judged(check=check, verdict=fails, said=said, bounds=bounds, value=value, is_unusual=True)
    verdict, said = CheckVerdict.PASS, _said(shown, check, limits)
    if check.anomaly is not None:
        is_known = compared is not None and compared.spreads is not None
        said += "; as usual" if is_known else f"; {_learning(0 if compared is None else compared.runs)}"
        verdict = CheckVerdict.LEARNING if check.has_no_limit and not is_known else verdict
    return Judged(check=check, verdict=verdict, said=said, bounds=limits, value=value)


def _said(why: str, check: Check, limits: str) -> str:
    """Return it with the limits; that a check has none but its own past goes without saying."""
    return why if check.has_no_limit and check.anomaly is not None else f"{why}; {limits}"


class Standing(Struct, frozen=True, kw_only=True, gc=False):
    """How a check stands: what the newest good run made of it, and what is normal by now.

    `judged` is None before any good run has ended; `normal` is in words what is normal, or how far learning
    has come, and empty for a check that does not compare itself with its past; `ordinary` the same in
    numbers, None while it is being learned; `learned` says from how many values.
    """

    check: Check
    judged: Judged | None
    normal: str = ""
    ordinary: Compared | None = None
    learned: int = 0


def standings(
    checks: tuple[Check, ...],
    newest: Measured | None,
    metrics: tuple[LearnedMetric, ...],
    at: datetime,
    timezone: str,
) -> tuple[Standing, ...]:
    """Return how each check stands, in the order of their declaration."""
    known = {one.key: one for one in metrics}
    return tuple(_standing(check, newest, known.get(check.key), at, timezone) for check in checks)


def _standing(
    check: Check, newest: Measured | None, learned: LearnedMetric | None, at: datetime, timezone: str
) -> Standing:
    judged = None if newest is None else judge_check(check, newest)
    if check.anomaly is None:
        return Standing(check=check, judged=judged)
    ordinary = None if learned is None else ordinary_of(learned, at, timezone)
    values = 0 if learned is None else learned.values
    normal = _learning(values) if ordinary is None else f"normal is {range_of(check, ordinary)}"
    return Standing(check=check, judged=judged, normal=normal, ordinary=ordinary, learned=values)


def range_of(check: Check, compared: Compared) -> str:
    """Return between which values ordinary ones lie: `9,800–12,400 on Mondays (26 runs)`."""
    low, high = (_rough(value, check.metric) for value in (compared.low, compared.high))
    unit = " %" if check.metric.is_share else ""
    width = f"{low}{unit}" if low == high else f"{low}–{high}{unit}"
    return f"{width} {of_such(compared.method, compared.runs)}"


def _learning(values: int) -> str:
    if values < NEEDED_VALUES:
        return f"learning what is normal, {values} of {NEEDED_VALUES} runs"
    return f"learning what is normal, for its last {NEEDED_VALUES} runs are too long ago"


def _rough(value: float, metric: Metric) -> str:
    shown = 100 * value if metric.is_share else value
    return f"{float(f'{shown:.3g}'):,.10g}"


def judge_checks(checks: tuple[Check, ...], measured: Measured) -> tuple[Judged, ...]:
    """Return the verdicts of all checks, failed ones first, each kind in the order of their declaration."""
    judged = [judge_check(check, measured) for check in checks]
    return tuple(sorted(judged, key=lambda one: not one.verdict.is_failed))


def limits_of(check: Check) -> str:
    """Return the limits of a check: `at least 1,000`, `from 0 to 100,000`."""
    least, most = check.least, check.most
    if least is not None and most is not None:
        return f"from {_number(least, check.metric)} to {_number(most, check.metric)}"
    if least is not None:
        return f"at least {_number(least, check.metric)}"
    if most is None:
        return "like its own past" if check.anomaly is not None else "without a limit"
    return f"at most {_number(most, check.metric)}"


def _number(value: float, metric: Metric) -> str:
    shown = f"{value:,.10g}"
    return f"{shown} ({100 * value:.4g} %)" if metric.is_share else shown
