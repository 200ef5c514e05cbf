"""How runs ended that are not among a job's last outcomes any more: counted by time, coarser with age. Pure.

An exponential histogram (Datar, Gionis, Indyk, Motwani: Maintaining stream statistics over sliding windows,
SIAM J. Comput. 31, 2002): a stretch of time may be as long as a share of its age, so that what is kept does
not grow with the number of runs. The stretches are kept as the text of a list without its brackets: a run
that leaves the last outcomes is added to its end, and nothing is read.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import floor
from typing import Final

import msgspec
from msgspec import Struct

from tocsin.jobs.state import Outcome

HORIZON: Final = timedelta(days=31)
MAX_TALLIES: Final = 64
# Merged down to this many, so that merging is seldom: once in sixteen runs.
_ROOM: Final = MAX_TALLIES - 16
_SHORTEST: Final = len("[1773144000,1773144000,1,0,0,0]")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


class Tally(Struct, frozen=True, array_like=True, gc=False):
    """The runs that ended in a stretch of time, with their records; instants are whole seconds since 1970."""

    from_seconds: int
    to_seconds: int
    runs: int
    bad: int
    ok: int
    failed: int

    @property
    def from_at(self) -> datetime:
        """When the first of them ended."""
        return _EPOCH + timedelta(seconds=self.from_seconds)

    @property
    def to_at(self) -> datetime:
        """When the last of them ended."""
        return _EPOCH + timedelta(seconds=self.to_seconds)

    @property
    def middle_at(self) -> datetime:
        """The instant that stands for all of them where a span of time begins or ends within the stretch."""
        return _EPOCH + timedelta(seconds=(self.from_seconds + self.to_seconds) / 2)


_Row = tuple[int, int, int, int, int, int]
_ROWS: Final = msgspec.json.Decoder(list[_Row]).decode
_DECODE: Final = msgspec.json.Decoder(list[Tally]).decode
_ENCODE: Final = msgspec.json.Encoder().encode


def read_tallies(text: str) -> list[Tally]:
    """Return the stretches, oldest first; they may touch, and do not overlap."""
    return _DECODE(f"[{text}]") if text else []


def counted(text: str, outcome: Outcome, newest_at: datetime) -> str:
    """Return the tallies with a run that has left the last outcomes, whose newest ended at `newest_at`.

    What did no work is not counted, nor are backfills, nor what ended longer ago than HORIZON.
    """
    if not outcome.is_run or outcome.backfill or outcome.at < newest_at - HORIZON:
        return text
    one = _tally_of(outcome)
    if text and one.from_seconds < int(text[text.rfind("[") :].split(",", 2)[1]):
        text = _text(_with_a_late_one(read_tallies(text), one))
    else:
        at = one.from_seconds
        text = f"{text}{',' if text else ''}[{at},{at},1,{one.bad},{one.ok},{one.failed}]"
    if len(text) <= MAX_TALLIES * _SHORTEST or text.count("[") <= MAX_TALLIES:
        return text
    return _merged(text, _seconds(newest_at))


def uncounted(text: str, outcome: Outcome) -> str:
    """Return the tallies without a run that was counted, because it goes on or has ended anew.

    Where no stretch can have counted it they stay as they are.
    """
    if not text or not outcome.is_run or outcome.backfill:
        return text
    one, tallies = _tally_of(outcome), read_tallies(text)
    for place, tally in enumerate(tallies):
        if tally.from_seconds <= one.from_seconds <= tally.to_seconds and _may_hold(tally, one):
            tallies[place : place + 1] = _less(tally, one)
            return _text(tallies)
    return text


def tallies_by(text: str, now: datetime) -> str:
    """Return the tallies after the clock was set back: nothing has ended later than `now`."""
    tallies, last = read_tallies(text), _seconds(now)
    if not tallies or tallies[-1].to_seconds <= last:
        return text
    early = [
        Tally(min(t.from_seconds, last), min(t.to_seconds, last), t.runs, t.bad, t.ok, t.failed)
        for t in tallies
    ]
    return _text(early)


def _tally_of(outcome: Outcome) -> Tally:
    at = _seconds(outcome.at)
    is_bad = outcome.status is not None and outcome.status.is_bad
    return Tally(at, at, 1, int(is_bad), outcome.records or 0, outcome.records_failed or 0)


def _seconds(at: datetime) -> int:
    return floor(at.timestamp())


def _with_a_late_one(tallies: list[Tally], one: Tally) -> list[Tally]:
    """Return the tallies with a run of which we have heard only after later ones had left."""
    at = one.from_seconds
    for place, tally in enumerate(tallies):
        if at < tally.from_seconds:
            return [*tallies[:place], one, *tallies[place:]]
        if at <= tally.to_seconds:
            return [*tallies[:place], _sum(tally, one), *tallies[place + 1 :]]
    return [*tallies, one]


def _sum(one: Tally, other: Tally) -> Tally:
    return Tally(
        min(one.from_seconds, other.from_seconds),
        max(one.to_seconds, other.to_seconds),
        one.runs + other.runs,
        one.bad + other.bad,
        one.ok + other.ok,
        one.failed + other.failed,
    )


def _may_hold(tally: Tally, one: Tally) -> bool:
    """Whether a run may be among those of a stretch; of two that touch, only one need have room for it."""
    if tally.runs == 1:
        return tally == one
    has_room = tally.bad >= one.bad and tally.runs - tally.bad >= one.runs - one.bad
    return has_room and tally.ok >= one.ok and tally.failed >= one.failed


def _less(tally: Tally, one: Tally) -> list[Tally]:
    if tally.runs == 1:
        return []
    left = (tally.runs - 1, tally.bad - one.bad, tally.ok - one.ok, tally.failed - one.failed)
    return [Tally(tally.from_seconds, tally.to_seconds, *left)]


def _merged(text: str, newest: int) -> str:
    """Return few enough tallies: of neighbours those are one whose stretch is the least share of its age.

    The age is that of the end of a stretch, so that the share becomes less for ever.
    """
    oldest = newest - HORIZON // _SECOND
    rows = [row for row in _ROWS(f"[{text}]") if row[1] >= oldest]
    shares = [
        ((later[1] - earlier[0]) / max(newest - later[1], 1), place)
        for place, (earlier, later) in enumerate(pairwise(rows))
    ]
    joined = set[int]()
    for _, place in sorted(shares):
        if len(joined) >= len(rows) - _ROOM:
            break
        if place - 1 not in joined and place + 1 not in joined:
            joined.add(place)
    found: list[_Row] = []
    for place, row in enumerate(rows):
        if place - 1 in joined:
            begun, _, runs, bad, ok, failed = found.pop()
            row = (begun, row[1], runs + row[2], bad + row[3], ok + row[4], failed + row[5])  # noqa: PLW2901 -- the sum stands for it
        found.append(row)
    return _ENCODE(found).decode()[1:-1]


def _text(tallies: list[Tally]) -> str:
    return _ENCODE(tallies).decode()[1:-1]
