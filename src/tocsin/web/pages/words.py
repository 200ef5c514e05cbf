"""Instants, spans and states in the words of the pages, at one instant."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from tocsin.alerts.alert import Alert, AlertState
from tocsin.jobs.checks import Check
from tocsin.jobs.expression import ScheduleKind
from tocsin.jobs.job import Definition
from tocsin.jobs.schedule import Schedule
from tocsin.jobs.sla import SLA
from tocsin.jobs.walltime import zone
from tocsin.notify.inert import last_lines, line, lines
from tocsin.quality.check import limits_of
from tocsin.rules.wording import clock_words, plural, span
from tocsin.web.standing import Standing

MAX_LINE: Final = 300
MAX_LINES: Final = 4_000
MAX_TAIL: Final = 10_000
SOON: Final = timedelta(seconds=5)

SILENCES: Final = "/silences"

_DAY: Final = 86_400
_GRAINS: Final = ((60, 1), (6 * 3_600, 60), (2 * _DAY, 3_600), (7 * _DAY, 3_600))

_STANDINGS: Final = {
    Standing.TROUBLE: "in trouble",
    Standing.UNKNOWN: "unknown",
    Standing.FAILED: "failed",
    Standing.RUNNING: "running",
    Standing.FINE: "fine",
    Standing.NEW: "new",
    Standing.PAUSED: "paused",
}

_FINE: Final = ("is fine", "are fine")
_SENTENCES: Final = {
    Standing.FINE: _FINE,
    Standing.RUNNING: _FINE,
    Standing.FAILED: ("has failed without an alert", "have failed without an alert"),
    Standing.UNKNOWN: ("is unknown", "are unknown"),
    Standing.NEW: ("has not run yet", "have not run yet"),
    Standing.PAUSED: ("is paused", "are paused"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many jobs are watched, None where the store cannot be read, and how they stand.

    `standings` is empty where they are too many to look at each.
    """

    jobs: int | None = None
    standings: Counter[Standing] = field(default_factory=Counter)

    @property
    def is_calm(self) -> bool:
        """Whether something is known to be fine, or too much to look at each is without an alert."""
        known = self.standings
        return bool(self.jobs) and (not known or bool(known[Standing.FINE] + known[Standing.RUNNING]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the templates ask for the wording of; everything is said as of `now`."""

    now: datetime

    def ago(self, at: datetime | None) -> str:
        """Return how long ago an instant is, or how far ahead: `3 min ago`, `in 2 h 5 min`."""
        if at is None:
            return "never"
        if abs(self.now - at) < SOON:
            return "just now"
        return f"{about(self.now - at)} ago" if at < self.now else f"in {about(at - self.now)}"

    def local(self, at: datetime, timezone: str) -> str:
        """Return an instant in a zone, as short as is clear: `02:00 CET`, `Mon 02:00 CET`, or with date."""
        there = at.astimezone(zone(timezone))
        days = abs(there.date() - self.now.astimezone(zone(timezone)).date()).days
        form = "%H:%M %Z" if days == 0 else "%a %H:%M %Z" if days < 6 else "%Y-%m-%d %H:%M %Z"  # noqa: PLR2004  # a week
        return there.strftime(form)

    def second(self, at: datetime, timezone: str) -> str:
        """Return an instant in a zone to the second, with its date unless that is today."""
        there = at.astimezone(zone(timezone))
        is_today = there.date() == self.now.astimezone(zone(timezone)).date()
        return there.strftime("%H:%M:%S %Z" if is_today else "%Y-%m-%d %H:%M:%S %Z")

    def exact(self, at: datetime) -> str:
        """Return an instant to the second, in UTC."""
        return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    def machine(self, at: datetime) -> str:
        """Return an instant for the `datetime` of a `<time>`."""
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def limits(self, check: Check) -> str:
        """Return what a check lets pass."""
        return limits_of(check)

    def clock(self, behind_seconds: float) -> str:
        """Return how wrong a clock is."""
        return clock_words(behind_seconds)

    def span(self, lasted: timedelta | float | None) -> str:
        """Return a length of time, or a dash."""
        return "–" if lasted is None else span(lasted)

    def figure(self, value: float | None) -> str:
        """Return a number with thin groups of three, or a dash."""
        if value is None:
            return "–"
        return f"{value:,.0f}".replace(",", "\u202f") if float(value).is_integer() else f"{value:g}"

    def standing(self, standing: Standing) -> str:
        """Return how a job stands."""
        return _STANDINGS[standing]

    def line(self, text: str) -> str:
        """Return a stranger's text on one line, without anything that acts."""
        return line(text, MAX_LINE)

    def lines(self, text: str) -> str:
        """Return a stranger's text with its lines, without anything that acts."""
        return lines(text, MAX_LINES)

    def tail(self, text: str) -> str:
        """Return the end of a log, without anything that acts."""
        return last_lines(text, MAX_TAIL)


def about(lasted: timedelta) -> str:
    """Return a span as people say it, no finer than matters: `40 s`, `12 min`, `2 h 5 min`, `17 h`, `3 d`."""
    seconds = lasted.total_seconds()
    for below, grain in _GRAINS:
        if seconds < below:
            return span(seconds // grain * grain)
    return span(seconds // _DAY * _DAY)


def job_path(environment: str, name: str) -> str:
    """Return the address of a job's page."""
    return f"/jobs/{quote(environment, safe='')}/{quote(name, safe='')}"


def alert_path(alert_id: str) -> str:
    """Return the address of an alert's page."""
    return f"/alerts/{quote(alert_id, safe='')}"


def silence_path(silence_id: str) -> str:
    """Return where what somebody does to a silence is sent."""
    return f"{SILENCES}/{quote(silence_id, safe='')}"


def group_path(group_id: str) -> str:
    """Return the address of a group's page."""
    return f"/groups/{quote(group_id, safe='')}"


def schedule_in_words(definition: Definition) -> str:
    """Return when a job is expected: `0 2 * * *`, `every 15 min`, `each sunday`, `daily by 06:00`."""
    others = [_in_words(one.schedule, one.sla) for one in definition.timetables]
    return "; ".join([_in_words(definition.schedule, definition.sla), *others])


def _in_words(schedule: Schedule | None, sla: SLA) -> str:
    if schedule is None:
        if sla.deadline is not None:
            return f"daily by {sla.deadline:%H:%M}"
        if sla.deadline_offset_minutes is not None:
            return f"hourly, done by minute {sla.deadline_offset_minutes}"
        return ""
    if schedule.kind is ScheduleKind.INTERVAL:
        return f"every {span(int(schedule.expression.removeprefix('every ').removesuffix('s')))}"
    if schedule.kind is ScheduleKind.WEEKLY:
        return f"each {schedule.expression.replace(',', ', ')}"
    return schedule.expression.replace("\n", ", ")


def verdict(tally: Tally, alerts: list[Alert]) -> str:
    """Return how everything is, in one sentence; with an open alert only that is said."""
    taken = sum(1 for alert in alerts if alert.state is AlertState.ACKNOWLEDGED)
    if alerts:
        verb = "is" if len(alerts) == 1 else "are"
        tail = ""
        if taken:
            tail = f", {taken} acknowledged" if len(alerts) > 1 else ", acknowledged"
        return f"{plural(len(alerts), 'alert')} {verb} open{tail}"
    if tally.jobs is None:
        return "The store cannot be read"
    if tally.jobs == 0:
        return "Nothing has checked in yet"
    return _counted(tally.standings) if tally.standings else "No alert is open"


def _counted(standings: Counter[Standing]) -> str:
    """Return how many jobs stand how, the good news first."""
    parts: Counter[tuple[str, str]] = Counter()
    for standing, words in _SENTENCES.items():
        parts[words] += standings[standing]
    told = [(count, words) for words, count in parts.items() if count]
    (first, (one, many)), *others = told
    if not others and many == _FINE[1]:
        return "The one job is fine" if first == 1 else f"All {first} jobs are fine"
    rest = "".join(f", {count} {words[count > 1]}" for count, words in others)
    return f"{plural(first, 'job')} {many if first > 1 else one}{rest}"
