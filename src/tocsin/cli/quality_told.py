"""What became of the checks of data, for people, for programs and for servers of continuous integration."""

from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from tocsin.cli.junit import Case, Cases
from tocsin.cli.output import painted
from tocsin.jobs.declaring import change_written
from tocsin.notify.inert import line as inert_line

if TYPE_CHECKING:
    from tocsin.measure.checking import Checked, CheckResult

MAX_TEXT: Final = 400
_STEP: Final = "  "


def tell(found: "Checked") -> None:
    """Print a line for each check, failed ones with rows that failed, and what it comes to."""
    click.echo(_inert(found.source))
    for remark in found.remarks:
        click.echo(f"{_STEP}{_inert(remark)}")
    words = [one.judged.verdict.value for one in found.results]
    widest, longest = max(map(len, words)), max(len(one.check.check.id) for one in found.results)
    for word, one in zip(words, found.results, strict=True):
        recorded = "; recorded alone" if one.is_failed and not one.counts else ""
        said = f"{_inert(one.judged.said)}{recorded}"
        gap = " " * (widest - len(word))
        click.echo(f"{_STEP}{painted(word)}{gap}{_STEP}{_inert(one.check.check.id):<{longest}}{_STEP}{said}")
        if one.examples:
            click.echo(f"{_STEP}{' ' * widest}{_STEP}{_inert('such as ' + '; '.join(one.examples))}")
    click.echo(f"{_counted(found)}, in {found.seconds:.2f} s")


def _counted(found: "Checked") -> str:
    counts = Counter(one.judged.verdict.value for one in found.results)
    told = ", ".join(f"{number} {word}" for word, number in counts.most_common())
    return f"{len(found.results)} check{'s' if len(found.results) > 1 else ''}: {told}"


def as_data(found: "Checked") -> dict[str, object]:
    """Return it as plain values; `failed` says whether the data can be relied on."""
    return {
        "source": found.source,
        "failed": found.failed,
        "seconds": round(found.seconds, 3),
        "remarks": list(found.remarks),
        "checks": [_one_as_data(one) for one in found.results],
    }


def _one_as_data(one: "CheckResult") -> dict[str, object]:
    check, judged = one.check.check, one.judged
    change_min, change_max = change_written(check.change)
    told: dict[str, object] = {
        "id": check.id,
        "metric": check.metric.value,
        "column": check.column or None,
        "key": check.key,
        "verdict": judged.verdict.value,
        "value": judged.value,
        "said": judged.said,
        "threshold_min": check.least,
        "threshold_max": check.most,
        "warn_min": check.warn_least,
        "warn_max": check.warn_most,
        "change_min": change_min,
        "change_max": change_max,
        "severity": check.severity or "warning",
        "on_fail": one.check.on_fail.value,
        "examples": list(one.examples),
    }
    if one.reading.segments:
        told["segments"] = [{"name": part.name, "value": part.value} for part in one.reading.segments]
    return told


def as_cases(found: "Checked") -> Cases:
    """Return the checks as test cases."""
    cases = [Case(one.check.check.id, wrong=_wrong(one)) for one in found.results]
    return Cases(found.source, cases)


def _wrong(one: "CheckResult") -> list[str]:
    return [f"{one.judged.verdict.value}: {one.judged.said}", *one.examples] if one.counts else []


def _inert(text: str) -> str:
    return inert_line(text, MAX_TEXT)
