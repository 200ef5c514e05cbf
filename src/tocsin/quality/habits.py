"""How runs of a job usually go: of each weekday or hour, where it has such a rhythm, in a few numbers. Pure.

For people to look at: nothing is judged by it.
"""

from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct

from tocsin.jobs.history import Counts, Point, unpacked
from tocsin.quality.following import middle
from tocsin.quality.normal import Normal
from tocsin.quality.season import Season, method_of, slot_of, zone


class Habit(Struct, frozen=True, kw_only=True, gc=False):
    """What is usual of the runs of one kind of hour or day, which `of` names; None: none has said so.

    `good` and `bad` count how runs ended. The others are medians: of good runs that tell how long such a run
    takes, `seconds` and by how much later than expected they began; of all good ones their records, how many
    of these a second, and which share of them failed.
    """

    of: str
    good: int
    bad: int
    seconds: float | None = None
    delay_seconds: float | None = None
    records: float | None = None
    per_second: float | None = None
    failed_share: float | None = None


def habits_of(history: bytes, normal: Normal | None, timezone: str) -> tuple[Habit, ...]:
    """Return the habits of a job by the rhythm that was found in its durations, the first of the week first.

    What a person has excluded counts in none of them.
    """
    season = Season.NONE if normal is None else normal.season
    shift = timedelta(seconds=0 if normal is None else normal.phase_seconds)
    by_slot: dict[int, tuple[str, list[Point]]] = {}
    for point in unpacked(history):
        if point.counts & Counts.EXCLUDED or not point.counts & (Counts.GOOD | Counts.BAD):
            continue
        local = (point.started_at + shift).astimezone(zone(timezone))
        slot = slot_of(season, local.weekday(), local.hour)
        by_slot.setdefault(slot, (method_of(season, local), []))[1].append(point)
    return tuple(_habit(*by_slot[slot]) for slot in sorted(by_slot))


def _habit(of: str, points: list[Point]) -> Habit:
    good = [point for point in points if point.counts & Counts.GOOD]
    plain = [point for point in good if point.counts & Counts.COMPARABLE]
    return Habit(
        of=of,
        good=len(good),
        bad=len(points) - len(good),
        seconds=_median(point.seconds for point in plain),
        delay_seconds=_median(point.delay_seconds for point in plain),
        records=_median(point.records for point in good),
        per_second=_median(
            point.records / point.seconds for point in good if point.records is not None and point.seconds
        ),
        failed_share=_median(point.failed_share for point in good),
    )


def _median(numbers: Iterable[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return middle(known) if known else None
