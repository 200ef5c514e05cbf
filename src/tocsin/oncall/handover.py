"""What is said at a hand-over: who comes, who goes, what is open, what is silenced."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tocsin.jobs.walltime import zone
from tocsin.oncall.override import Override
from tocsin.oncall.schedule import OnCallSchedule, on_call
from tocsin.rules.finding import Severity
from tocsin.rules.wording import plural

MOST_TROUBLES: Final = 20
MOST_SILENCES: Final = 10

_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTrouble:
    """An open alert as the next person must know of it; `in_hand_of` is empty while nobody has it in hand."""

    job: str
    environment: str
    severity: Severity
    summary: str
    since_at: datetime
    in_hand_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A silence as the next person must know of it."""

    what: str
    until_at: datetime
    by: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Who comes and who goes at an instant (None: nobody), until when, and what is open by then.

    `troubles` holds the first 20 of those given, `more` says how many others there are; `silences` the first
    10 and `more_silences` likewise.
    """

    schedule: str
    timezone: str
    at: datetime
    goes: str | None
    comes: str | None
    until_at: datetime | None
    troubles: tuple[OpenTrouble, ...] = ()
    more: int = 0
    silences: tuple[InForce, ...] = ()
    more_silences: int = 0

    @property
    def sentence(self) -> str:
        """Who takes over from whom, when and until when."""
        return _sentence(self)

    @property
    def open_lines(self) -> tuple[str, ...]:
        """What is open, a line for each."""
        count = len(self.troubles) + self.more
        head = f"{plural(count, 'alert')} open:" if count else "No alert is open."
        more = (f"… and {self.more} more",) if self.more else ()
        return (head, *(_line(trouble, self.timezone) for trouble in self.troubles), *more)

    @property
    def silence_lines(self) -> tuple[str, ...]:
        """What is silenced, a line for each; none where nothing is."""
        more = (f"… and {self.more_silences} more",) if self.more_silences else ()
        return (*(_silence(one, self.timezone) for one in self.silences), *more)

    @property
    def text(self) -> str:
        """The message, in plain lines, its times in the zone of the on-call schedule."""
        count = len(self.silences) + self.more_silences
        head = (f"{plural(count, 'silence')} in force:",) if count else ()
        silenced = (*head, *(f"- {line}" for line in self.silence_lines))
        return "\n".join((self.sentence, *self.open_lines, *silenced))


def hand_over(
    schedule: OnCallSchedule,
    overrides: Iterable[Override],
    at: datetime,
    troubles: Iterable[OpenTrouble],
    silences: Iterable[InForce] = (),
) -> HandOver:
    """Return what is to be said at an instant; `troubles` come with the worst first."""
    known, listed, silenced = tuple(overrides), tuple(troubles), tuple(silences)
    comes = on_call(schedule, known, at)
    return HandOver(
        schedule=schedule.name,
        timezone=schedule.timezone,
        at=at,
        goes=on_call(schedule, known, at - _MOMENT).responder,
        comes=comes.responder,
        until_at=comes.until_at,
        troubles=listed[:MOST_TROUBLES],
        more=max(len(listed) - MOST_TROUBLES, 0),
        silences=silenced[:MOST_SILENCES],
        more_silences=max(len(silenced) - MOST_SILENCES, 0),
    )


def _sentence(handing: HandOver) -> str:
    when = f"{_wall(handing.at, handing.timezone)} ({handing.timezone})"
    until = f", until {_wall(handing.until_at, handing.timezone)}" if handing.until_at else ""
    if handing.comes == handing.goes:
        who = f"{handing.comes} stays on call" if handing.comes else "nobody is on call"
    elif handing.comes is None:
        who = f"{handing.goes} goes and nobody takes over"
    elif handing.goes is None:
        who = f"{handing.comes} goes on call, after nobody was"
    else:
        who = f"{handing.comes} takes over from {handing.goes}"
    return f"{handing.schedule}: {who} on {when}{until}."


def _line(trouble: OpenTrouble, timezone: str) -> str:
    hand = f"; {trouble.in_hand_of} has it in hand" if trouble.in_hand_of else ""
    since = _wall(trouble.since_at, timezone)
    where = f"{trouble.job} ({trouble.environment})"
    return f"- {trouble.severity.name.lower()}: {where}: {trouble.summary}, since {since}{hand}"


def _silence(one: InForce, timezone: str) -> str:
    by = f", by {one.by}" if one.by else ""
    comment = f": {one.comment}" if one.comment else ""
    return f"{one.what} until {_wall(one.until_at, timezone)}{by}{comment}"


def _wall(at: datetime, timezone: str) -> str:
    local = at.astimezone(zone(timezone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"
