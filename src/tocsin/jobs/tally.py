"""How runs ended that are not among a job's last outcomes any more: counted by time, coarser with age. Pure.

An exponential histogram (Datar, Gionis, Indyk, Motwani: Maintaining stream statistics over sliding windows,
SIAM J. Comput. 31, 2002): a stretch of time may be as long as a share of its age, so that what is kept does
not grow with the number of runs. The stretches are kept as the text of a list without its brackets: a run
that leaves the last outcomes is added to its end, and nothing is read.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from tocsin.jobs.state import Outcome

HORIZON: Final = timedelta(days=31)
MAX_TALLIES: Final = 64
FINEST: Final = 1 / 32
# Merged down to this many, so that merging is seldom: once in sixteen runs.
_ROOM: Final = MAX_TALLIES - 16
# How long a stretch may be for its age; the first that leaves room is taken, and the last always does.
_SHARES: Final = (*(FINEST * 1.25**step for step in range(15)), 1.0, 4.0, 2.0**22)
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
    one, newest = _tally_of(outcome), _seconds(newest_at)
    if text and one.from_seconds < _DECODE(f"[{text[text.rfind('[') :]}]")[0].to_seconds:
        tallies = _with_a_late_one(read_tallies(text), one)
        text = _text(tallies)
    else:
        text = f"{text},{_text([one])}" if text else _text([one])
    return text if text.count("[") <= MAX_TALLIES else _merged(text, newest)


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
    return (at - _EPOCH) // _SECOND


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
    """Return few enough tallies: neighbours are one where their stretch is no more than a share of its age.

    The age is that of the end of a stretch. As it grows, what was allowed once is allowed for ever.
    """
    oldest = newest - HORIZON // _SECOND
    rows = [row for row in reversed(_ROWS(f"[{text}]")) if row[1] >= oldest]
    finest, coarsest = 0, len(_SHARES) - 1
    found = _merged_by(rows, newest, _SHARES[coarsest])
    while finest < coarsest:
        share = (finest + coarsest) // 2
        tried = _merged_by(rows, newest, _SHARES[share])
        if len(tried) <= _ROOM:
            found, coarsest = tried, share
        else:
            finest = share + 1
    found.reverse()
    return _ENCODE(found).decode()[1:-1]


def _merged_by(newest_first: list[_Row], newest: int, share: float) -> list[_Row]:
    found: list[_Row] = []
    group = newest_first[0]
    longest = share * max(newest - group[1], 1)
    for row in newest_first[1:]:
        if group[1] - row[0] <= longest:
            _, to, runs, bad, ok, failed = group
            group = (row[0], to, runs + row[2], bad + row[3], ok + row[4], failed + row[5])
        else:
            found.append(group)
            group, longest = row, share * max(newest - row[1], 1)
    found.append(group)
    return found


def _text(tallies: list[Tally]) -> str:
    return _ENCODE(tallies).decode()[1:-1]
