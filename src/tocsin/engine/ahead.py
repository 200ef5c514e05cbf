"""The same past under several configurations, one job after the other for as long as none concerns another.

Nearly always a job has nothing to say, and whoever has not concerns nobody. So each goes on alone through
what is at hand of it, while all that is known of it is fresh in memory, until it may say something: then it
waits for its turn among the others. What comes of it is the same as if all had gone on in step.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import heapify, heappop, heappush

from tocsin.engine.replaying import Replay
from tocsin.jobs.checkin import CheckIn
from tocsin.jobs.job import JobKey


class _Line:
    """What is to come of one job, each with its number among all, and how far each replay is with it."""

    def __init__(self, replays: Sequence[Replay]) -> None:
        self._replays = replays
        self._coming: list[tuple[int, CheckIn]] = []
        self._next = [0] * len(replays)
        self._now = [replay.now for replay in replays]

    def add(self, number: int, check_in: CheckIn) -> None:
        """Let a check-in come after those that are known."""
        self._coming.append((number, check_in))

    @property
    def first(self) -> int | None:
        """The number of the check-in that is next for any of the replays; None: all have come to the end."""
        place = min(self._next)
        return self._coming[place][0] if place < len(self._coming) else None

    def go_ahead(self) -> None:
        """Go on, in step, as long as there is nothing to say; who has something stays behind."""
        going = list(range(len(self._replays)))
        place = min(self._next)
        while going and place < len(self._coming):
            check_in = self._coming[place][1]
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
        for one, replay in enumerate(self._replays):
            if self._next[one] == place:
                replay.feed(self._coming[place][1])
                self._now[one] = replay.now
                self._next[one] = place + 1


def play(replays: Sequence[Replay], check_ins: Iterable[CheckIn]) -> None:
    """Feed the replays with check-ins in the order of their arrival."""
    lines: dict[JobKey, _Line] = {}
    last_at: datetime | None = None
    for number, check_in in enumerate(check_ins):
        key = JobKey(check_in.environment, check_in.job)
        if key not in lines:
            lines[key] = _Line(replays)
        lines[key].add(number, check_in)
        last_at = check_in.received_at
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
    if last_at is not None:
        for replay in replays:
            replay.advance(last_at)
