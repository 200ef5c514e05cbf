"""The rhythms that a job may have: by weekday, by hour, and what is different at the end of a month."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import IntEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

SATURDAY = 5
FRIDAY = 4
# Days of the month that are special in none.
MIDDLE_OF_MONTH = (5, 25)
WEEK = 7
HOURS = 24


class Season(IntEnum):
    """By what the runs of a job differ from each other, from the coarsest to the finest."""

    NONE = 0
    WEEKEND = 1
    WEEKDAY = 2
    HOUR = 3
    HOUR_WEEKEND = 4
    HOUR_OF_WEEK = 5


SLOTS = {
    Season.NONE: 1,
    Season.WEEKEND: 2,
    Season.WEEKDAY: WEEK,
    Season.HOUR: HOURS,
    Season.HOUR_WEEKEND: 2 * HOURS,
    Season.HOUR_OF_WEEK: WEEK * HOURS,
}


class Special(IntEnum):
    """A day on which a month is closed or begun."""

    FIRST_DAY = 0
    LAST_DAY = 1
    FIRST_BUSINESS_DAY = 2
    LAST_BUSINESS_DAY = 3
    DAY_AFTER_LAST_BUSINESS_DAY = 4


NAMES_OF_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
NAMES_OF_SPECIALS = (
    "first days of the month",
    "last days of the month",
    "first business days of the month",
    "last business days of the month",
    "days after the last business day of the month",
)


@lru_cache(maxsize=512)
def zone(timezone: str) -> tzinfo:
    """Return the rules of a zone by its name."""
    return UTC if timezone in {"UTC", "Etc/UTC"} else ZoneInfo(timezone)


def slot_of(season: Season, weekday: int, hour: int) -> int:
    """Return the number of the slot that holds this weekday (Monday is 0) and hour."""
    # By no day, by kind of day or by weekday; and from HOUR on, by the hour too. Not one member is asked for,
    # because that is done on a check-in's way and each takes longer than all of this.
    by_hour, by_day = divmod(season, 3)
    day = int(weekday >= SATURDAY) if by_day == 1 else weekday * (by_day // 2)
    return hour + HOURS * day if by_hour else day


def counted_by(season: Season, *, sub_daily: bool, settled: bool) -> Season:
    """Return by which slots runs are counted: at first at least by those they may yet differ by."""
    if settled:
        return season
    return max(season, Season.HOUR_WEEKEND if sub_daily else Season.WEEKEND)


def method_of(season: Season, local: datetime) -> str:
    """Return in words with which runs one at this local instant is compared."""
    match season:
        case Season.NONE:
            return "all runs"
        case Season.WEEKEND:
            return _kind_of_day(local)
        case Season.WEEKDAY:
            return NAMES_OF_DAYS[local.weekday()]
        case Season.HOUR:
            return f"{local.hour:02}:00"
        case Season.HOUR_WEEKEND:
            return f"{local.hour:02}:00 on {_kind_of_day(local)}"
        case Season.HOUR_OF_WEEK:
            return f"{local.hour:02}:00 on {NAMES_OF_DAYS[local.weekday()]}"


def _kind_of_day(local: datetime) -> str:
    return "weekends" if local.weekday() >= SATURDAY else "business days"


@lru_cache(maxsize=2_048)
def specials_of(day: date) -> tuple[Special, ...]:
    """Return which of the special days this one is, by weekends alone: public holidays are not known here."""
    if MIDDLE_OF_MONTH[0] <= day.day <= MIDDLE_OF_MONTH[1]:
        return ()
    tomorrow, yesterday = day + _DAY, day - _DAY
    found = []
    if day.day == 1:
        found.append(Special.FIRST_DAY)
    if tomorrow.day == 1:
        found.append(Special.LAST_DAY)
    if _is_first_business_day(day):
        found.append(Special.FIRST_BUSINESS_DAY)
    if _is_last_business_day(day):
        found.append(Special.LAST_BUSINESS_DAY)
    if _is_last_business_day(yesterday):
        found.append(Special.DAY_AFTER_LAST_BUSINESS_DAY)
    return tuple(found)


def _is_first_business_day(day: date) -> bool:
    before = day - (_DAY if day.weekday() else 3 * _DAY)
    return day.weekday() < SATURDAY and before.month != day.month


def _is_last_business_day(day: date) -> bool:
    after = day + (3 * _DAY if day.weekday() == FRIDAY else _DAY)
    return day.weekday() < SATURDAY and after.month != day.month


_DAY = timedelta(days=1)
