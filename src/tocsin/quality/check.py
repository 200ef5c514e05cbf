"""What becomes of the checks of a run's data: a verdict for each, with its reason in words. Pure."""

from enum import Enum

from msgspec import Struct

from tocsin.jobs.checks import Check, Metric
from tocsin.jobs.measuring import value_of
from tocsin.jobs.state import Measured

_GRAVE = ("critical", "page")


class CheckVerdict(Enum):
    """What becomes of a check.

    `pass`: within its limits. `warn`, `fail`: outside, by its severity. `error`: what was sent is no number.
    `no data`: nothing was sent. `learning`: it cannot be judged yet.
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

    @property
    def is_evaluated(self) -> bool:
        """Whether a value was compared with anything."""
        return self in (CheckVerdict.PASS, CheckVerdict.WARN, CheckVerdict.FAIL)


class Judged(Struct, frozen=True, kw_only=True, gc=False):
    """A check with its verdict, and why, as people read it."""

    check: Check
    verdict: CheckVerdict
    said: str


def judge_check(check: Check, measured: Measured) -> Judged:
    """Return the verdict of one check on what a run measured."""
    value, limits = value_of(measured, check), limits_of(check)
    if value is None:
        return Judged(check=check, verdict=CheckVerdict.NO_DATA, said=f"{check.key!r} was not sent; {limits}")
    if isinstance(value, str):
        return Judged(
            check=check, verdict=CheckVerdict.ERROR, said=f"{value} is not a finite number; {limits}"
        )
    if check.holds(value):
        verdict = CheckVerdict.PASS
    else:
        verdict = CheckVerdict.FAIL if check.severity in _GRAVE else CheckVerdict.WARN
    return Judged(check=check, verdict=verdict, said=f"{_number(value, check.metric)}; {limits}")


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
    return "without a limit" if most is None else f"at most {_number(most, check.metric)}"


def _number(value: float, metric: Metric) -> str:
    shown = f"{value:,.10g}"
    return f"{shown} ({100 * value:.4g} %)" if metric.is_share else shown
