"""What becomes of the checks of a run's data: a verdict for each, with its reason in words. Pure."""

from datetime import datetime
from enum import Enum
from math import isinf
from typing import Final

from msgspec import Struct, structs

from tocsin.jobs.checks import Change, Check, Compared, Metric
from tocsin.jobs.measuring import before_of, compared_of, note_of, value_of, was_asked
from tocsin.jobs.state import Measured
from tocsin.quality.measurement import Reading, Segment
from tocsin.quality.metrics import NEEDED_VALUES, LearnedMetric, ordinary_of
from tocsin.quality.normal import of_such

NOTHING_TO_MEASURE: Final = "there is nothing to measure"
_GRAVE = ("critical", "page")
_SEVERITIES: Final = ("info", "warning", "", "critical", "page")


class CheckVerdict(Enum):
    """What becomes of a check.

    `pass`: within its limits, and as usual where that is asked for. `warn`, `fail`: outside, or unusual, by
    its severity. `error`: what was sent is no number, or it could not be measured. `no data`: nothing was
    sent, or there was nothing to measure. `learning`: it has no limits, and there is too little past to
    compare it with; or no good run has ended since it was declared.
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
    its limits; `is_unusual`: it is within its limits, and far from its own past; `is_bearable`: it has broken
    no limit but that of a warning. `segment` is the one that speaks for all; `note` was sent with the value.
    """

    check: Check
    verdict: CheckVerdict
    said: str
    bounds: str
    value: float | None = None
    is_unusual: bool = False
    is_bearable: bool = False
    segment: str = ""
    note: str = ""


def judge_check(check: Check, measured: Measured) -> Judged:
    """Return the verdict of one check on what a run measured."""
    judged, note = _judged(check, measured), note_of(measured, check)
    return structs.replace(judged, note=note) if note and judged.value is not None else judged


class _Past(Struct, frozen=True, gc=False):
    """With what a value is compared, as far as it is known.

    `before` is the value from which its change counts, `compared` what was normal. `is_elsewhere`: a server
    keeps them, and whoever asks does not see them.
    """

    before: float | None = None
    compared: Compared | None = None
    is_elsewhere: bool = False


_ELSEWHERE: Final = _Past(is_elsewhere=True)


def _judged(check: Check, measured: Measured) -> Judged:
    value = value_of(measured, check)
    if isinstance(value, float):
        return _of_a_number(check, value, _Past(before_of(measured, check), compared_of(measured, check)))
    why = note_of(measured, check)
    if value is not None:
        return _without_a_number(check, CheckVerdict.ERROR, why or f"{value} is not a finite number")
    if was_asked(measured, check):
        return _without_a_number(check, CheckVerdict.NO_DATA, why or f"{check.key!r} was not sent")
    return _without_a_number(check, CheckVerdict.LEARNING, "not asked for yet, the next good run tells")


def judge_reading(check: Check, read: Reading) -> Judged:
    """Return the verdict of one check on what was measured for it; of segments the worst speaks."""
    if read.is_error:
        return _without_a_number(check, CheckVerdict.ERROR, read.said)
    if read.segments:
        return _of_segments(check, read.segments)
    if read.value is None:
        return _without_a_number(check, CheckVerdict.NO_DATA, read.said)
    judged = _of_a_number(check, read.value, _ELSEWHERE)
    return structs.replace(judged, said=f"{judged.said} ({read.said})") if read.said else judged


def _of_segments(check: Check, segments: tuple[Segment, ...]) -> Judged:
    """Return the worst verdict, and of those the value furthest beyond a limit, or next to one."""
    judged = [structs.replace(judge_reading(check, _of_segment(one)), segment=one.name) for one in segments]
    worst = min(judged, key=lambda one: (_WORST_FIRST.index(one.verdict), -_beyond(one)))
    failed = sum(one.verdict.is_failed for one in judged)
    told = f"{failed} of {len(judged)} segments failed" if failed else f"{len(judged)} segments"
    return structs.replace(worst, said=f"{worst.segment}: {worst.said} ({told})")


def _of_segment(segment: Segment) -> Reading:
    return Reading(value=segment.value, said=NOTHING_TO_MEASURE if segment.value is None else "")


def _beyond(judged: Judged) -> float:
    """Return how far a value lies beyond its limits; less than 0 within them."""
    check, value = judged.check, judged.value
    if value is None:
        return 0.0
    below = (least - value for least in (check.least, check.warn_least) if least is not None)
    above = (value - most for most in (check.most, check.warn_most) if most is not None)
    return max((*below, *above), default=0.0)


def _without_a_number(check: Check, verdict: CheckVerdict, why: str) -> Judged:
    limits = limits_of(check)
    return Judged(check=check, verdict=verdict, said=_said(why, check, limits), bounds=limits)


def _of_a_number(check: Check, value: float, past: _Past) -> Judged:
    shown, limits = _with_change(value, check, past), limits_of(check)
    fails = CheckVerdict.FAIL if check.severity in _GRAVE else CheckVerdict.WARN
    if not check.is_bearable(value) or check.has_changed(value, past.before):
        return Judged(check=check, verdict=fails, said=f"{shown}; {limits}", bounds=limits, value=value)
    if not check.holds(value):
        soft = _limits(check.warn_least, check.warn_most, check.metric)
        return Judged(
            check=check,
            verdict=CheckVerdict.WARN,
            said=f"{shown}; {soft}",
            bounds=soft,
            value=value,
            is_bearable=True,
        )
    if past.compared is not None and check.is_unusual(value, past.compared):
        bounds = f"normal is {range_of(check, past.compared)}"
        said = f"{shown}; {bounds}"
        return Judged(check=check, verdict=fails, said=said, bounds=bounds, value=value, is_unusual=True)
    is_known, looked_back = _looked_back(check, past)
    verdict = CheckVerdict.LEARNING if check.has_no_limit and not is_known else CheckVerdict.PASS
    said = "; ".join((_said(shown, check, limits), *looked_back))
    return Judged(check=check, verdict=verdict, said=said, bounds=limits, value=value)


def _looked_back(check: Check, past: _Past) -> tuple[bool, tuple[str, ...]]:
    """Return whether any of the past that a check asks for is known, and what it says of the value."""
    if not check.asks_for_its_past:
        return True, ()
    if past.is_elsewhere:
        return False, ("a server compares it with its past",)
    compared, said = past.compared, list[str]()
    has_changed = check.change is not None and past.before is not None
    is_usual = check.anomaly is not None and compared is not None and compared.spreads is not None
    if check.change is not None and not has_changed:
        said.append("no earlier run to compare it with")
    if check.anomaly is not None:
        said.append("as usual" if is_usual else _learning(0 if compared is None else compared.runs))
    return has_changed or is_usual, tuple(said)


def _said(why: str, check: Check, limits: str) -> str:
    """Return it with the limits; that a check has none but what is normal goes without saying."""
    goes_without = check.has_no_limit and check.change is None and check.anomaly is not None
    return why if goes_without else f"{why}; {limits}"


def _with_change(value: float, check: Check, past: _Past) -> str:
    """Return a value with its change, where that counts: `412,003, -62 % from 1,084,000`."""
    shown = _number(value, check.metric)
    if check.change is None or past.before is None:
        return shown
    change = _step(check.change.of(value, past.before), check.change)
    return f"{shown}, {change} from {_number(past.before, check.metric)}"


_WORST_FIRST: Final = (
    CheckVerdict.ERROR,
    CheckVerdict.FAIL,
    CheckVerdict.WARN,
    CheckVerdict.NO_DATA,
    CheckVerdict.LEARNING,
    CheckVerdict.PASS,
)


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
    """Return the verdicts of all checks, failed ones first and the worst before all; else as declared."""
    judged = [judge_check(check, measured) for check in checks]
    return tuple(sorted(judged, key=_gravity, reverse=True))


def _gravity(judged: Judged) -> int:
    """Return how bad it is by the place of its severity; 0 for what has not failed."""
    if not judged.verdict.is_failed:
        return 0
    return 1 + _SEVERITIES.index("" if judged.is_bearable else judged.check.severity)


def limits_of(check: Check) -> str:
    """Return the limits of a check: `at least 1,000`, `from 0 to 100,000`, `may fall by at most 20 %`."""
    hard = _limits(check.least, check.most, check.metric)
    if not hard:
        hard = _limits(check.warn_least, check.warn_most, check.metric)
    found = ", ".join(filter(None, (hard, "" if check.change is None else _changes(check.change))))
    return found or ("like its own past" if check.anomaly is not None else "without a limit")


def _changes(change: Change) -> str:
    """Return what a check lets change: `may fall by at most 20 %, may grow by at most 50 %`."""
    sides = (
        (change.least, ("may not fall", "may fall by at most", "must grow by at least")),
        (change.most, ("may not grow", "must fall by at least", "may grow by at most")),
    )
    return ", ".join(
        f"{words[1 if step < 0 else 2]} {_step(abs(step), change).lstrip('+')}" if step else words[0]
        for step, words in sides
        if step is not None
    )


def _step(step: float, change: Change) -> str:
    """Return by how much a value changes, always with its sign."""
    if isinf(step):
        return "more" if step > 0 else "less"
    return f"{100 * step:+,.4g} %" if change.is_relative else f"{step:+,.10g}"


def _limits(least: float | None, most: float | None, metric: Metric) -> str:
    if least is not None and most is not None:
        return f"from {_number(least, metric)} to {_number(most, metric)}"
    if least is not None:
        return f"at least {_number(least, metric)}"
    return "" if most is None else f"at most {_number(most, metric)}"


def _number(value: float, metric: Metric) -> str:
    shown = f"{value:,.10g}"
    return f"{shown} ({100 * value:.4g} %)" if metric.is_share else shown
