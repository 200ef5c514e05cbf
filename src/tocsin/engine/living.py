"""When anybody last lived, though the clocks of several servers differ."""

from datetime import datetime, timedelta

from tocsin.store.base import Writing

NOT_AT_ALL = timedelta()


class Living:
    """This server's signs of life, and those it has seen of the servers beside it.

    Each server notes its signs by its own clock. Only instants of one clock are subtracted from each
    other, so that clocks which differ look neither like an absence nor hide one; but who has just
    started has no more than the notes of those before it, whatever their clocks.
    """

    def __init__(self, server: str) -> None:
        self.server = server
        self._seen: dict[str, datetime] = {}
        self._seen_before: dict[str, datetime] = {}
        self.apart = NOT_AT_ALL

    def note(self, writing: Writing, now: datetime, every: timedelta) -> datetime | None:
        """Note that we live; return by our clock when any server last lived before, None if none ever did.

        `every` is how often each server notes it. `apart` is then by how much our clock differs at
        least from that of a server which has lived since we last looked.
        """
        found = writing.alive(self.server, now)
        before = self._own(found)
        others = {server: at for server, at in found.items() if server != self.server}
        if before is None:
            writing.bury(others)
            last = min(others.values(), key=lambda at: abs(now - at), default=None)
        else:
            last = before if before > now else min(self._last(before, others, every), now)
        self.apart = max((_apart(now - at, every) for at in self._moved(others)), default=NOT_AT_ALL)
        self._seen_before, self._seen = self._seen, {**others, self.server: now}
        return last

    def forget(self) -> None:
        """Take back what was noted last: it was rolled back, and what lies before it counts again."""
        self._seen = self._seen_before

    def _own(self, found: dict[str, datetime]) -> datetime | None:
        return found.get(self.server, self._seen.get(self.server))

    def _last(self, before: datetime, others: dict[str, datetime], every: timedelta) -> datetime:
        """Return when, after our own sign, somebody last gave one for certain.

        What we had seen of another was up to `every` old; who is new has nothing but its own clock.
        """
        known = [before + (at - self._seen[s]) - every for s, at in others.items() if s in self._seen]
        new = [at for s, at in others.items() if s not in self._seen]
        return max([before, *known, *new])

    def _moved(self, others: dict[str, datetime]) -> list[datetime]:
        return [at for server, at in others.items() if self._seen.get(server, at) != at]


def _apart(age: timedelta, every: timedelta) -> timedelta:
    """Return by how much clocks differ when one's sign, at most `every` old, has this age by the other."""
    return -age if age < NOT_AT_ALL else max(age - every, NOT_AT_ALL)
