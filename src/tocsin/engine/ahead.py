"""The same past under several configurations, one job after the other for as long as none concerns another.

Nearly always a job has nothing to say, and whoever has not concerns nobody. So each goes on alone through
what is at hand of it, while all that is known of it is fresh in memory, until it may say something: then it
waits for its turn among the others. Whom another needs, or may need once that is known, never goes ahead, nor
what came while a clock that was set back had not caught up. What comes of it is the same as in step.
"""

from collections.abc import Sequence
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from tocsin.engine.replaying import Replay, needed_of
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import JobKey


class _Coming(NamedTuple):
    """A check-in with its number among all, and how late it is by then: as late as whatever came before."""

    number: int
    until: datetime
    check_in: CheckIn


class _Line:
    """What is to come of one job, and how far each replay is with it."""

    def __init__(self, replays: Sequence[Replay], *, is_needed: bool) -> None:
        self._replays = replays
        self._is_needed = is_needed
        self._coming: list[_Coming] = []
        self._next = [0] * len(replays)
        self._now = [replay.now for replay in replays]

    def add(self, coming: _Coming) -> None:
        """Let a check-in come after those that are known."""
        self._coming.append(coming)

    @property
    def first(self) -> int | None:
        """The number of the check-in that is next for any of the replays; None: all have come to the end."""
        place = min(self._next)
        return self._coming[place].number if place < len(self._coming) else None

    def go_ahead(self) -> None:
        """Go on, in step, as long as there is nothing to say; who has something stays behind."""
        going = [] if self._is_needed else list(range(len(self._replays)))
        place = min(self._next)
        while going and place < len(self._coming):
            _, until, check_in = self._coming[place]
            if check_in.received_at < until:
                return
            for one in [one for one in going if self._next[one] == place]:
                now = self._replays[one].go_ahead(check_in, self._now[one])
                if now is None:
                    going.remove(one)
                else:
                    self._now[one] = now
                    self._next[one] = place + 1
            place += 1

    def feed(self) -> None:
        """Feed what is next, whatever it brings."""
        place = min(self._next)
        _, until, check_in = self._coming[place]
        for one, replay in enumerate(self._replays):
            if self._next[one] == place:
                replay.advance(until)
                replay.feed(check_in)
                self._now[one] = replay.now
                self._next[one] = place + 1


def play(replays: Sequence[Replay], check_ins: Sequence[CheckIn]) -> None:
    """Feed the replays with check-ins in the order of their arrival."""
    until = max(replay.now for replay in replays)
    lines = _lines_of(replays, check_ins)
    for number, check_in in enumerate(check_ins):
        until = max(until, check_in.received_at)
        lines[_key_of(check_in)].add(_Coming(number, until, check_in))
    coming = list[tuple[int, JobKey]]()
    for key, line in lines.items():
        line.go_ahead()
        if line.first is not None:
            coming.append((line.first, key))
    heapify(coming)
    while coming:
        _, key = heappop(coming)
        line = lines[key]
        line.feed()
        line.go_ahead()
        if line.first is not None:
            heappush(coming, (line.first, key))
    for replay in replays:
        replay.advance(until)


def _lines_of(replays: Sequence[Replay], check_ins: Sequence[CheckIn]) -> dict[JobKey, _Line]:
    """Return a line for each job, in the order of their first words."""
    needed = set[JobKey]()
    for check_in in check_ins:
        if check_in.definition is not None:
            needed |= needed_of(check_in.environment, check_in.definition)
    return {
        key: _Line(replays, is_needed=key in needed or any(replay.is_needed(key) for replay in replays))
        for key in dict.fromkeys(map(_key_of, check_ins))
    }


def _key_of(check_in: CheckIn) -> JobKey:
    return JobKey(check_in.environment, check_in.job)
