"""Which days count: weekends and public holidays (library `holidays`)."""

import difflib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import ModuleType
from typing import Final

from tocsin.errors import InvalidSchedule

# `holidays` knows the fixed and the computed feasts of these years for every country.
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2099
# Some countries moved their weekend; what holds now is asked of a year in which all of those moves are over.
_WEEKEND_YEAR: Final = 2030


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Which days are business days: all but the weekend (Monday is 0) and the public holidays."""

    country: str | None = None
    region: str | None = None
    weekend: tuple[int, ...] = (5, 6)


def is_business_day(calendar: Calendar, day: date) -> bool:
    """Tell whether people work on a day.

    A weekend day that the country declared a working day counts; outside the years 2000 to 2099 only weekends
    are known.
    """
    if calendar.country is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return day.weekday() not in calendar.weekend
    closed, worked = _special_days(calendar.country, calendar.region, day.year)
    return day not in closed and (day.weekday() not in calendar.weekend or day in worked)


def check_calendar(country: str | None, region: str | None) -> Calendar:
    """Return the calendar of a country and region, with the weekend that holds there.

    Codes are those of ISO 3166 ('DE', 'DEU'; region 'BY'), in upper or lower case; a region may also be named
    ('Bayern'). Without a country only Saturday and Sunday are free. Raises InvalidSchedule, with what was
    meant.
    """
    if country is None or not country.strip():
        if region:
            raise InvalidSchedule(
                f"region {region[:60]!r} needs a country, for example country: DE, region: BY"
            )
        return Calendar()
    code = _country_code(country.strip())
    subdivision = _region_code(code, region.strip()) if region and region.strip() else None
    weekend = _library().country_holidays(code, subdiv=subdivision, years=_WEEKEND_YEAR).weekend
    return Calendar(country=code, region=subdivision, weekend=tuple(sorted(int(day) for day in weekend)))


def _library() -> ModuleType:
    """Load the library only where a country is named, because it costs 45 MB of memory and 0.4 s."""
    import holidays  # noqa: PLC0415  # see above: most servers never need it

    return holidays


@lru_cache(maxsize=512)
def _special_days(country: str, region: str | None, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Return the public holidays, and the weekend days declared working days, of one year."""
    known = _library().country_holidays(country, subdiv=region, years=year)
    return frozenset(known), frozenset(day for day in known.weekend_workdays if day.year == year)


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Return the two-letter code by every name of a country, in lower case: 'de', 'deu', 'germany'."""
    names: dict[str, str] = {}
    for module, (_, two_letters, *others) in _library().registry.COUNTRIES.items():
        names |= {name.lower(): two_letters for name in (two_letters, *others, module.replace("_", " "))}
    return names


def _country_code(country: str) -> str:
    names = _countries()
    if country.lower() in names:
        return names[country.lower()]
    close = difflib.get_close_matches(country.lower()[:60], names, n=1)
    hint = (
        f"did you mean {names[close[0]]!r} ({close[0]})?" if close else "use an ISO code such as 'DE' or 'US'"
    )
    raise InvalidSchedule(f"no public holidays are known for country {country[:60]!r}; {hint}")


def _region_code(country: str, region: str) -> str:
    known: dict[str, list[str]] = _library().country_holidays(country).get_subdivision_aliases()
    by_name = {name.lower(): code for code, names in known.items() for name in (code, *names)}
    if region.lower() in by_name:
        return by_name[region.lower()]
    if not known:
        raise InvalidSchedule(
            f"country {country!r} has one calendar for all its regions; leave {region[:60]!r} out"
        )
    close = difflib.get_close_matches(region.lower()[:60], by_name, n=1)
    hint = f"did you mean {by_name[close[0]]!r}?" if close else f"known are {', '.join(sorted(known)[:20])}"
    raise InvalidSchedule(f"region {region[:60]!r} is not known in country {country!r}; {hint}")
