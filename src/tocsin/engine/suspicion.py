"""What an audit has seen once may pass; what it sees again in the same place is a trouble. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from tocsin.engine.troubles import MAX_EXAMPLES, Check, Trouble

MAX_SUSPECTS: Final = 1_000
TIMES: Final = 2
# A backlog that moves is told of only when it lasts.
TIMES_OF: Final[Mapping[Check, int]] = MappingProxyType({Check.LATE: 15})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Something that may be a trouble; `id` is another one as soon as it has moved."""

    check: Check
    id: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    suspect: Suspect
    since_at: datetime
    times: int

    @property
    def is_confirmed(self) -> bool:
        return self.times >= TIMES_OF.get(self.suspect.check, TIMES)


class Suspicion:
    """What was suspicious in the last audit, and in how many in a row."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Check, str], _Seen] = {}

    @property
    def suspects(self) -> tuple[Suspect, ...]:
        """What the last audit has seen."""
        return tuple(seen.suspect for seen in self._seen.values())

    @property
    def unsettled(self) -> frozenset[tuple[Check, str]]:
        """What the next audit decides about: seen, and neither confirmed nor of those that may last."""
        return frozenset(
            key
            for key, seen in self._seen.items()
            if not seen.is_confirmed and seen.suspect.check not in TIMES_OF
        )

    def still(self, suspects: Iterable[Suspect]) -> bool:
        """Whether any of what is suspicious now is unsettled, in the same place; nothing is taken up."""
        return not self.unsettled.isdisjoint((suspect.check, suspect.id) for suspect in suspects)

    def take(
        self, suspects: Iterable[Suspect], looked_for: Collection[Check], now: datetime
    ) -> tuple[Trouble, ...]:
        """Return the troubles that stand after an audit; what it has not looked for stays as it was."""
        known, self._seen = self._seen, {k: v for k, v in self._seen.items() if k[0] not in looked_for}
        for suspect in suspects:
            key = (suspect.check, suspect.id)
            before = known.get(key)
            if key in self._seen or len(self._seen) >= MAX_SUSPECTS:
                continue
            since_at, times = (now, 0) if before is None else (before.since_at, before.times)
            self._seen[key] = _Seen(suspect=suspect, since_at=since_at, times=times + 1)
        return tuple(_troubles(seen for seen in self._seen.values() if seen.is_confirmed))


def _troubles(confirmed: Iterable[_Seen]) -> list[Trouble]:
    by_check: dict[Check, list[_Seen]] = {}
    for seen in confirmed:
        by_check.setdefault(seen.suspect.check, []).append(seen)
    return [
        Trouble(
            check=check,
            since_at=min(seen.since_at for seen in found),
            count=len(found),
            examples=tuple(seen.suspect.example for seen in found if seen.suspect.example)[:MAX_EXAMPLES],
        )
        for check, found in sorted(by_check.items(), key=lambda pair: list(Check).index(pair[0]))
    ]
