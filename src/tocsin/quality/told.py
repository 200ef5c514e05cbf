"""What another tool has made of its checks, as checks of our own that come to the same. Pure."""

from collections import Counter
from datetime import datetime
from math import inf, isfinite, nextafter
from typing import Any, Final, TypeVar

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from tocsin.errors import InvalidResults
from tocsin.jobs.checks import MAX_CHECKS, Check, Metric
from tocsin.jobs.declaring import LARGEST, limit_refusal, order_refusal, soft_refusal
from tocsin.quality.check import CheckVerdict, Judged, judge_reading, limits_of
from tocsin.quality.measurement import Reading

MAX_NAME: Final = 200
MAX_SAID: Final = 500
CRITICAL: Final = "critical"
_MILD: Final = ("info", "warning")
_HELD: Final = (CheckVerdict.PASS, CheckVerdict.WARN, CheckVerdict.FAIL)
_REST: Final = "other checks that failed"

_T = TypeVar("_T")


class Told(Struct, frozen=True, kw_only=True, gc=False):
    """What a tool says of one run of its checks.

    `tool` is its name and version, `run` its own id of the run and `at` when that ended, as far as it says.
    `trouble` is why it has not done all of its work; empty where it has. `left_out` is how many of its checks
    it was told not to carry out.
    """

    tool: str
    judged: tuple[Judged, ...]
    run: str = ""
    at: datetime | None = None
    trouble: str = ""
    left_out: int = 0


def judged_alike(check: Check, verdict: CheckVerdict, said: str, value: float | None = None) -> Judged:
    """Return a check of our own that, given its value, comes to the verdict that a tool has come to.

    Where the value or the limits that the tool tells would give another verdict, or there are none, it is
    counted how often the check has failed: 1 or 0, and at most 0 is good.
    """
    name = name_of(check.id) or "a check"
    check = replace(check, column=name_of(check.column), id=name, sent_as=name)
    can_be_declared = _can_be_declared(check)
    if verdict not in _HELD:
        return _judged(check if can_be_declared else _counting(check, verdict), verdict, said, None)
    if can_be_declared and value is not None:
        ours = judge_reading(check, Reading(value=value))
        if ours.verdict is verdict:
            return _judged(check, verdict, said, value, ours.said)
    is_good = verdict is CheckVerdict.PASS
    said = said or ("" if value is None else f"found {value:,.10g}")
    word = "it passed" if is_good else "it failed"
    return _judged(_counting(check, verdict), verdict, said, float(not is_good), word)


def _judged(
    check: Check, verdict: CheckVerdict, said: str, value: float | None, otherwise: str = ""
) -> Judged:
    """Return it in the words of the tool, which are its note too, or in others that anyone can find."""
    return Judged(
        check=check,
        verdict=verdict,
        said=plain(said or otherwise, MAX_SAID),
        bounds=limits_of(check),
        value=value,
        note=plain(said, MAX_SAID),
    )


def _counting(check: Check, verdict: CheckVerdict) -> Check:
    severity = CRITICAL if verdict is CheckVerdict.FAIL else check.severity or CRITICAL
    if verdict is CheckVerdict.WARN and severity not in _MILD:
        severity = "warning"
    return Check(id=check.id, sent_as=check.sent_as, metric=Metric.CUSTOM, most=0.0, severity=severity)


def _can_be_declared(check: Check) -> bool:
    """Whether a server takes such a check."""
    limits = [one for one in (check.least, check.most, check.warn_least, check.warn_most) if one is not None]
    return (
        bool(limits)
        and bool(check.column) >= check.metric.of_column
        and not (check.column and check.metric.of_table)
        and all(abs(one) <= LARGEST and limit_refusal(check.metric, one) is None for one in limits)
        and order_refusal(check.least, check.most) is None
        and soft_refusal(check) is None
    )


def told_apart(checks: tuple[Judged, ...], also: tuple[str, ...]) -> tuple[Judged, ...]:
    """Return the checks each under an id of its own; `also` is what is added to those that are not alone."""
    for added in (also, tuple(str(number + 1) for number in range(len(checks)))):
        counts = Counter(one.check.id for one in checks)
        checks = tuple(
            _called(one, f"{one.check.id[: MAX_NAME - 60]} {more[:59]}") if counts[one.check.id] > 1 else one
            for one, more in zip(checks, added, strict=True)
        )
    return checks


def _called(one: Judged, name: str) -> Judged:
    name = name_of(name)
    return replace(one, check=replace(one.check, id=name, sent_as=name))


def as_many_as_fit(checks: tuple[Judged, ...]) -> tuple[Judged, ...]:
    """Return as many checks as a job can have, failed ones first, and of all others how many have failed."""
    if len(checks) <= MAX_CHECKS:
        return checks
    in_order = sorted(checks, key=lambda one: not one.verdict.is_failed)
    kept, rest = in_order[: MAX_CHECKS - 1], in_order[MAX_CHECKS - 1 :]
    failed = sum(one.verdict.is_failed for one in rest)
    check = Check(id=_REST, sent_as=_REST, metric=Metric.CUSTOM, most=0.0, severity=CRITICAL)
    verdict = CheckVerdict.FAIL if failed else CheckVerdict.PASS
    return (*kept, _judged(check, verdict, f"{failed} of {len(rest):,} other checks failed", float(failed)))


def read_as(document: object, shape: type[_T]) -> _T:
    """Return a parsed JSON in this shape; raises InvalidResults with the first place that is otherwise."""
    try:
        return convert(document, shape)
    except ValidationError as error:
        wrong, _, place = str(error).partition(" - at ")
        raise InvalidResults(f"{place.strip('`').removeprefix('$.') or 'the whole'}: {wrong}") from None


def number(found: object) -> float | None:
    """Return what a parsed JSON holds as a finite number, or None."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        read = float(found)
    except OverflowError:
        return None
    return read if isfinite(read) else None


def instant(found: object) -> datetime | None:
    """Return what a parsed JSON holds as an instant with a zone, or None."""
    try:
        read = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return None
    return None if read is None or read.tzinfo is None else read


def under(limit: float, value: object) -> float:
    """Return the largest value below a limit: of whole numbers, as `value` is one, one less."""
    return limit - 1 if isinstance(value, int) and limit.is_integer() else nextafter(limit, -inf)


def over(limit: float, value: object) -> float:
    """Return the smallest value above a limit: of whole numbers, as `value` is one, one more."""
    return limit + 1 if isinstance(value, int) and limit.is_integer() else nextafter(limit, inf)


def mapping(found: object) -> dict[str, Any]:
    """Return what a parsed JSON holds as an object, an empty one where it holds none."""
    return found if isinstance(found, dict) else {}


def text(found: object) -> str:
    """Return what a parsed JSON holds as a text, an empty one where it holds none."""
    return found if isinstance(found, str) else ""


def name_of(written: str) -> str:
    """Return a text as a name that a server takes: printable, in one line; empty where it is none."""
    name = plain(written, MAX_NAME)
    return "" if name in (".", "..") else name


def plain(written: str, limit: int) -> str:
    """Return a text in one line without what cannot be shown, and no longer than so many characters."""
    shown = "".join(letter if letter.isprintable() else " " for letter in written[: 4 * limit])
    return " ".join(shown.split())[:limit].rstrip()
