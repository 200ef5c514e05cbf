"""Who is told of what, when: routes, time intervals and inhibition, in the grammar of Alertmanager."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from tocsin.alerts.matcher import read_matchers
from tocsin.alerts.route import ALL_LABELS
from tocsin.alerts.timeinterval import (
    read_clock,
    read_days_of_month,
    read_months,
    read_times,
    read_weekdays,
    read_years,
)
from tocsin.config.grammar.base import LABEL_NAME, Name, OneOrMore, Part, Text, read_by
from tocsin.config.problems import refuse, shown
from tocsin.errors import InvalidSchedule
from tocsin.jobs.walltime import check_timezone
from tocsin.rules.pattern import compile_pattern

MAX_ROUTES = 1_000
MAX_MATCHERS = 50
MAX_RANGES = 100
MAX_INTERVALS = 1_000
LONGEST = timedelta(days=366)

_DURATION = re.compile(
    r"(?:([0-9]{1,2})y)?(?:([0-9]{1,3})w)?(?:([0-9]{1,4})d)?(?:([0-9]{1,6})h)?"
    r"(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?(?:([0-9]{1,10})ms)?"
)


def read_duration(text: str) -> timedelta:
    """Return the length of "5m", "1h30m" or "0", as Prometheus writes it; raises ValueError."""
    found = _DURATION.fullmatch(text.strip())
    if text.strip() == "0":
        return timedelta()
    if found is None or not any(found.groups()):
        raise ValueError(f"must be a length of time such as 30s, 5m or 1h30m, not {shown(text)}")
    years, weeks, days, hours, minutes, seconds, thousandths = (int(part or 0) for part in found.groups())
    length = timedelta(
        weeks=weeks,
        days=days + 365 * years,
        hours=hours,
        minutes=minutes,
        seconds=seconds,
        milliseconds=thousandths,
    )
    if length > LONGEST:
        raise ValueError(f"must be at most 366 days, not {shown(text)}")
    return length


def _some_time(text: str) -> str:
    if read_duration(text) < timedelta(seconds=1):
        raise refuse(f"must be at least 1s, not {shown(text)}")
    return text


def _no_slash(name: str) -> str:
    if "/" in name:
        raise refuse("must not hold '/', which stands between a receiver and its channel")
    return name


def _label(name: str) -> str:
    if LABEL_NAME.fullmatch(name) is None:
        raise refuse(f"must be the name of a label, or severity, condition, job …, not {shown(name)}")
    return name


def _group_label(name: str) -> str:
    return name if name in ALL_LABELS else _label(name)


def _each_once(names: list[str]) -> list[str]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise refuse(f"names {twice!r} twice")
    if len(names) > 1 and set(ALL_LABELS) & set(names):
        raise refuse("'...' means all labels and stands alone")
    return names


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


ReceiverName = Annotated[Name, AfterValidator(_no_slash)]
Label = Annotated[str, AfterValidator(_label)]
Pattern = Annotated[str, read_by(compile_pattern)]
RouteMatchers = Annotated[
    list[Annotated[str, read_by(read_matchers)]], OneOrMore(), Field(max_length=MAX_MATCHERS)
]
Values = Annotated[dict[Label, Text], Field(max_length=MAX_MATCHERS)]
Patterns = Annotated[dict[Label, Pattern], Field(max_length=MAX_MATCHERS)]
GroupBy = Annotated[
    list[Annotated[str, AfterValidator(_group_label)]],
    OneOrMore(),
    Field(max_length=MAX_MATCHERS),
    AfterValidator(_each_once),
]
Duration = Annotated[str, read_by(read_duration)]
SomeTime = Annotated[Duration, AfterValidator(_some_time)]
IntervalNames = Annotated[list[Name], OneOrMore(), Field(max_length=MAX_RANGES)]


class Grouping(Part):
    """In which groups alerts are told, and how often."""

    group_by: GroupBy | None = None
    """Labels that a group has in common, `...`: all; left out: as above, at the top condition, severity."""

    group_wait: Duration | None = None
    """How long a new group waits for more of it, `30s`; left out: as above, at the top 30s."""

    group_interval: SomeTime | None = None
    """How long after a message new alerts of its group are told, `5m`; left out: as above, at the top 5m."""

    repeat_interval: SomeTime | None = None
    """How long after a message all is told again; left out: as above, at the top `alerts.repeat_interval`."""


class Route(Grouping):
    """A branch: alerts that match go to its receiver, or deeper."""

    matchers: RouteMatchers | None = None
    """Tests on `severity`, `condition`, `rule`, `job`, `environment` and labels that must all pass."""

    match: Values | None = None
    """The same in the old form: labels and the values they must have."""

    match_re: Patterns | None = None
    """The same in the old form: labels and RE2 patterns that their whole values must fit."""

    receiver: ReceiverName | None = None
    """Who is told; left out: the receiver of the route above."""

    escalation: Name | None = None
    """Escalation policy that is climbed until somebody has taken it; `none`; left out: as the route above."""

    continues: bool = Field(default=False, alias="continue")
    """Whether the branches behind it are asked, too, when it matches; false if left out."""

    mute_time_intervals: IntervalNames | None = None
    """Names of time intervals during which it is quiet; what still holds then is told afterwards."""

    active_time_intervals: IntervalNames | None = None
    """Names of time intervals outside of which it is quiet; what still holds is told when one begins."""

    routes: Annotated[list["Route"], Field(max_length=MAX_ROUTES)] | None = None
    """Branches that are asked first; the first one that matches decides, unless it says `continue`."""


class RootRoute(Grouping):
    """The route of every alert: branches are asked first, then its own receiver is told."""

    receiver: ReceiverName
    """Who is told when no branch matches."""

    escalation: Name | None = None
    """Escalation policy that is climbed until somebody has taken it, unless a branch says otherwise."""

    routes: Annotated[list[Route], Field(max_length=MAX_ROUTES)] | None = None
    """Branches that are asked first; the first one that matches decides, unless it says `continue`."""


class TimeRange(Part):
    """A part of the day."""

    start_time: Annotated[str, read_by(read_clock)]
    """First minute of it, `09:00`."""

    end_time: Annotated[str, read_by(read_clock)]
    """First minute after it, `17:00`; `24:00` is the end of the day."""

    @field_validator("end_time")
    @classmethod
    def _after_its_start(cls, value: str, info: ValidationInfo) -> str:
        try:
            read_times(info.data.get("start_time", "00:00"), value)
        except InvalidSchedule as error:
            raise refuse(str(error)) from None
        return value


WeekdayRanges = Annotated[
    list[Annotated[str, read_by(read_weekdays)]], OneOrMore(), Field(min_length=1, max_length=MAX_RANGES)
]
DayRanges = Annotated[
    list[Annotated[str, BeforeValidator(_as_text), read_by(read_days_of_month)]],
    OneOrMore(),
    Field(min_length=1, max_length=MAX_RANGES),
]
MonthRanges = Annotated[
    list[Annotated[str, BeforeValidator(_as_text), read_by(read_months)]],
    OneOrMore(),
    Field(min_length=1, max_length=MAX_RANGES),
]
YearRanges = Annotated[
    list[Annotated[str, BeforeValidator(_as_text), read_by(read_years)]],
    OneOrMore(),
    Field(min_length=1, max_length=MAX_RANGES),
]


class TimeInterval(Part):
    """Instants that fit every key that is given; without any key all of them."""

    times: Annotated[list[TimeRange], OneOrMore(), Field(min_length=1, max_length=MAX_RANGES)] | None = None
    """Parts of the day."""

    weekdays: WeekdayRanges | None = None
    """Days of the week, `saturday` or `monday:friday`; a week begins on sunday."""

    days_of_month: DayRanges | None = None
    """Days of the month, `1`, `1:5`, or from its end `-3:-1`."""

    months: MonthRanges | None = None
    """Months by name or number, `december` or `may:august`."""

    years: YearRanges | None = None
    """Years, `2026` or `2026:2028`."""

    location: Annotated[str, read_by(check_timezone)] | None = None
    """IANA time zone in which all of this is read; UTC if left out."""


class TimeIntervals(Part):
    """Recurring stretches of time under a name."""

    name: Name
    """What routes call them."""

    time_intervals: Annotated[list[TimeInterval], Field(min_length=1, max_length=MAX_RANGES)]
    """The stretches; an instant that lies in any of them counts."""


class InhibitRule(Part):
    """While one alert fires, others are not told."""

    name: Name | None = None
    """What people call it."""

    source_matchers: RouteMatchers | None = None
    """Tests that the alert which mutes others must pass."""

    source_match: Values | None = None
    """The same in the old form: labels and their values."""

    source_match_re: Patterns | None = None
    """The same in the old form: labels and RE2 patterns."""

    target_matchers: RouteMatchers | None = None
    """Tests that the alerts which are muted must pass."""

    target_match: Values | None = None
    """The same for muted alerts in the old form: labels and their values."""

    target_match_re: Patterns | None = None
    """The same for muted alerts in the old form: labels and RE2 patterns."""

    equal: Annotated[list[Label], OneOrMore(), Field(max_length=MAX_MATCHERS)] | None = None
    """Labels that both must have with the same value; one that both lack counts as the same."""

    @model_validator(mode="after")
    def _both_sides(self) -> "InhibitRule":
        if not (self.source_matchers or self.source_match or self.source_match_re):
            raise refuse("needs 'source_matchers', or every alert would mute others")
        if not (self.target_matchers or self.target_match or self.target_match_re):
            raise refuse("needs 'target_matchers', or every alert could be muted")
        return self


NamedIntervals = Annotated[list[TimeIntervals], Field(max_length=MAX_INTERVALS)]
InhibitRules = Annotated[list[InhibitRule], Field(max_length=MAX_INTERVALS)]
