"""The review of a span as plain text, to be read in a terminal or sent by mail."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from tocsin.engine.reporting import NoisyRule, Report
from tocsin.engine.span import before
from tocsin.engine.unknowing import NotKnown
from tocsin.notify.inert import line
from tocsin.rules.wording import clock_time, span
from tocsin.store.past import OfJob, Quantiles

MAX_NAME: Final = 60
MAX_SUMMARY: Final = 100
MOST_QUIET: Final = 50


def text_of(report: Report) -> str:
    """Return the review, ending with a line feed; names are inert and cut, spans in words."""
    parts = (
        _head(report),
        _volume(report),
        _lengths(report),
        _suppression(report),
        _table("Noisiest rules", ((f"{one.count:>7,}", _outcome(one)) for one in report.rules)),
        _table("Noisiest jobs", _jobs(report.jobs)),
        _not_taken(report),
        _not_known(report),
        _quiet(report),
    )
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def remarks_of(report: Report) -> list[str]:
    """Return what a reader must know before the figures: that some are not all that there were."""
    remarks = []
    zone = report.span.timezone
    if not report.is_whole and report.kept_since is not None:
        kept = clock_time(report.kept_since.replace(second=0, microsecond=0), zone)
        remarks.append(
            f"Not all of this span is kept any more: alerts that ended before {kept} have been removed "
            "because they were old (retention.run_days), and are in none of these figures."
        )
    if not report.is_over:
        remarks.append("The span is not over: these are the figures so far.")
    return remarks


def compared(report: Report) -> str:
    """Return how many alerts there were beside the span before: `38 fewer than in September 2026`."""
    volume, earlier = report.volume, before(report.span)
    if volume.previous is None:
        return f"{earlier.words} is not all kept"
    difference = volume.alerts - volume.previous
    if difference == 0:
        return f"as many as in {earlier.words}"
    return f"{abs(difference):,} {'more' if difference > 0 else 'fewer'} than in {earlier.words}"


def lengths_of(found: Iterable[Quantiles]) -> list[tuple[str, Quantiles]]:
    """Return how long something took, all together first, then the worst severities."""
    ranked = sorted(found, key=lambda one: 0 if one.severity is None else -int(one.severity))
    ranked.sort(key=lambda one: one.severity is not None)
    return [("all" if one.severity is None else one.severity.word, one) for one in ranked]


def reason_words(reason: str) -> str:
    """Return why something was kept back, as people read it."""
    return reason.replace("_", " ")


def _head(report: Report) -> list[str]:
    found, zone = report.span, report.span.timezone
    lasted = f"{_at(found.from_at, zone)} to {_at(found.to_at, zone)}, days of {zone}"
    made = f"as of {_at(report.made_at, zone)}"
    return [f"Tocsin: review of {found.words}", lasted, made, *remarks_of(report)]


def _at(at: datetime, zone: str) -> str:
    return clock_time(at.replace(second=0, microsecond=0), zone)


def _volume(report: Report) -> list[str]:
    volume, telling = report.volume, report.telling
    lines = ["Volume", f"  {_number(volume.alerts, 'alert')} opened, {compared(report)}"]
    if volume.alerts:
        lines.append("  by severity: " + _listed((one.word, n) for one, n in volume.by_severity if n))
        lines.append("  by condition: " + _listed(volume.by_condition))
        day, most = max(volume.by_day, key=lambda pair: pair[1])
        lines.append(f"  most on one day: {most:,} on {day}")
        lines.append(
            f"  {volume.taken:,} acknowledged, {volume.by_hand:,} ended by hand without that, "
            f"{volume.left:,} nobody acknowledged; {volume.open:,} still open"
        )
    lines.append(
        f"  {_number(telling.owed, 'notification')} owed, {telling.dead:,} never taken by their target"
    )
    if telling.owed:
        lines.append("  by kind: " + _listed(telling.by_kind))
        lines.append("  by target: " + _listed(telling.by_target[:MOST_QUIET]))
    if telling.escalated:
        lines.append(f"  escalated to a further level: {telling.escalated:,} times")
    drills = drills_of(report)
    return [*lines, f"  drills, in none of these figures: {drills}"] if drills else lines


def drills_of(report: Report) -> str:
    """Return what became of drills: `3, of which 1 was not proved; …`, or "" where there were none."""
    drills = report.drills
    if not drills.begun and not drills.owed:
        return ""
    failed = f", of which {drills.failed:,} {'was' if drills.failed == 1 else 'were'} not proved"
    owed = f"{_number(drills.owed, 'notification')}, of which {drills.dead:,} undelivered"
    return f"{drills.begun:,}{failed if drills.failed else ''}; {owed}"


def _lengths(report: Report) -> list[str]:
    lines = []
    for title, found in (("acknowledge", report.until_taken), ("resolve", report.until_over)):
        lines.append(f"Time to {title}")
        for name, one in lengths_of(found):
            median, p90 = span(one.median_seconds), span(one.p90_seconds)
            lines.append(f"  {name:9} median {median:>12}   p90 {p90:>12}   of {one.count:,}")
        if not found:
            lines.append("  none")
    return lines


def _suppression(report: Report) -> list[str]:
    held = report.suppression
    lines = ["Suppression"]
    if not held.kept_back:
        return [*lines, "  nothing was kept back"]
    lines.append(f"  {held.kept_back:,} kept back, {held.percent:g} % of what was kept back or owed")
    lines.append("  by reason: " + _listed((reason_words(reason), count) for reason, count in held.by_reason))
    return [*lines, *_table("  Most kept back", _jobs(held.jobs), indent="    ")]


def _table(title: str, rows: Iterable[tuple[str, str]], indent: str = "  ") -> list[str]:
    lines = [f"{indent}{figure}  {line(name, 2 * MAX_NAME)}" for figure, name in rows]
    return [title, *(lines or [f"{indent}none"])]


def _outcome(rule: NoisyRule) -> str:
    return f"{line(rule.rule, MAX_NAME)}: {rule.taken:,} acknowledged, {rule.left:,} by nobody"


def _jobs(jobs: Sequence[OfJob]) -> list[tuple[str, str]]:
    return [(f"{one.count:>7,}", f"{one.job} ({one.environment})") for one in jobs]


def _not_taken(report: Report) -> list[str]:
    lines = [f"Nobody acknowledged: {report.volume.left:,}"]
    for alert in report.not_taken:
        opened = _at(alert.opened_at, report.span.timezone)
        job, summary = line(alert.job, MAX_NAME), line(alert.summary, MAX_SUMMARY)
        lines.append(f"  {alert.severity.word:8}  {opened}  {job}: {summary}")
    if report.volume.left > len(report.not_taken):
        lines.append(f"  and {report.volume.left - len(report.not_taken):,} more, less severe or shorter")
    return lines


def blind_words(found: NotKnown) -> str:
    """Return how often and how long we were blind in the span: `blind twice, for 2 h 5 min in all`."""
    times = {1: "once", 2: "twice"}.get(found.windows, f"{found.windows:,} times")
    return f"blind {times}, for {span(found.blind_for)} in all" if found.windows else "never blind"


def _not_known(report: Report) -> list[str]:
    found, zone = report.not_known, report.span.timezone
    lines = ["What nobody can know", f"  Tocsin was {blind_words(found)}"]
    if found.is_nothing:
        return lines
    lines.append(f"  unknown expected runs: {found.occurrences:,}, in no other figure")
    lines += [f"  {figure}  {line(name, 2 * MAX_NAME)}" for figure, name in _jobs(found.jobs)]
    lines += [
        f"  {_at(note.at, zone)}  {line(note.job, MAX_NAME)} ({line(note.environment, MAX_NAME)}): "
        f"{line(note.what, MAX_SUMMARY)}; {_since(note.known_at, zone)}"
        for note in found.notes
    ]
    if found.noted > len(found.notes):
        lines.append(f"  and {found.noted - len(found.notes):,} more notes")
    return lines


def _since(known_at: datetime | None, zone: str) -> str:
    return "not heard since" if known_at is None else f"heard again {_at(known_at, zone)}"


def _quiet(report: Report) -> list[str]:
    lines = ["Rules that never fired in this span"]
    for one in report.quiet_rules[:MOST_QUIET]:
        last = "never, as far as is kept"
        if one.last_fired_at is not None:
            last = f"last {_at(one.last_fired_at, report.span.timezone)}"
        lines.append(f"  {line(one.rule, MAX_NAME)} ({one.condition}): {last}")
    if len(report.quiet_rules) > MOST_QUIET:
        lines.append(f"  and {len(report.quiet_rules) - MOST_QUIET:,} more")
    return lines if report.quiet_rules else [*lines, "  none: each rule fired"]


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _listed(pairs: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{line(name, MAX_NAME)} {count:,}" for name, count in pairs)
