"""Instants that people write by the clock on their wall, where the zone is known from elsewhere."""

import re
from datetime import UTC, date, datetime, time
from typing import Final

from tocsin.jobs.walltime import instant_of
from tocsin.web.faults import Fault
from tocsin.web.instants import read_instant

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2190

_LOCAL: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ Tt]([0-9]{2}):([0-9]{2}))?(?::([0-9]{2}))?", re.ASCII
)
_FORM: Final = (
    "must be a time in the zone of the {of}, like 2026-11-23 09:00, or an instant with a zone, "
    "like 2026-11-23T08:00:00Z"
)


def read_wall_or_instant(
    text: str, timezone: str, field: str, *, of: str = "on-call schedule"
) -> datetime | Fault:
    """Return the instant, in UTC, of an instant with a zone or of a local day and time in this zone.

    `of` is what the zone belongs to, in the words of a complaint.
    """
    found = _LOCAL.fullmatch(text.strip())
    if found is None:
        # A plus that was not encoded in an address arrives as a blank.
        instant = read_instant(text.strip().replace(" ", "+") if "T" in text else text.strip(), field)
        if isinstance(instant, Fault):
            return Fault(field=field, message=_FORM.format(of=of))
    else:
        try:
            day = date.fromisoformat(found[1])
            at = time(int(found[2] or 0), int(found[3] or 0), int(found[4] or 0))
        except ValueError:
            return Fault(field=field, message=_FORM.format(of=of))
        if not FIRST_YEAR <= day.year < LAST_YEAR:
            return Fault(field=field, message=f"must lie in the years {FIRST_YEAR} to {LAST_YEAR - 1}")
        instant = instant_of(day, at, timezone)
    if not datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) <= instant < datetime(LAST_YEAR, 1, 1, tzinfo=UTC):
        return Fault(field=field, message=f"must lie in the years {FIRST_YEAR} to {LAST_YEAR - 1}")
    return instant
