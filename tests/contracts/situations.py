"""What can become of a message on its way, and what that means: one table for every channel."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum, auto

from tocsin.notify.channel import Outcome


class Situation(StrEnum):
    """How a receiver behaves."""

    ACCEPTS = auto()
    REFUSES = auto()
    """Says that it will never take this message, and repeats the secret that it was sent."""
    BUSY = auto()
    """Asks to come back, in two minutes if its protocol can say so."""
    BROKEN = auto()
    """Has a fault of its own."""
    ABSENT = auto()
    """Nobody listens there."""
    LEAVES_EARLY = auto()
    """Hangs up before it was told anything."""
    SILENT = auto()
    """Takes the whole message and never answers."""
    LOSES_ANSWER = auto()
    """Takes the whole message and breaks the connection instead of answering."""
    DRIPS = auto()
    """Takes the whole message and answers one byte at a time, for ever."""
    TALKS_NONSENSE = auto()
    """Takes the whole message and answers in no known language."""
    ACCEPTS_SLOWLY = auto()
    """Accepts, a few bytes at a time, within its time."""
    ACCEPTS_AND_LEAVES = auto()
    """Accepts, and hangs up before the end of its answer."""
    ACCEPTS_AND_DRIPS = auto()
    """Accepts, and goes on with its answer for ever."""
    REDIRECTS = auto()
    """Sends whoever comes to another address of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a situation means for the message."""

    outcome: Outcome
    retry_after: timedelta | None = None


ACCEPTED = Expected(outcome=Outcome.ACCEPTED)
REFUSED = Expected(outcome=Outcome.REFUSED)
TRY_AGAIN = Expected(outcome=Outcome.TRY_AGAIN)
UNKNOWN = Expected(outcome=Outcome.UNKNOWN)
IN_TWO_MINUTES = Expected(outcome=Outcome.TRY_AGAIN, retry_after=timedelta(minutes=2))

# What speaks plain HTTP, one POST for one message, fares alike.
HTTP_KINDS = ("webhook", "alertmanager", "slack", "pagerduty", "teams", "sms", "phone")


def _http(expected: Expected) -> dict[str, Expected]:
    return dict.fromkeys(HTTP_KINDS, expected)


# Apprise does not say why it failed. Its process takes more than a second to begin, so that of the situations
# in which it waits only the plainest is played.
_APPRISE = {
    Situation.ACCEPTS: ACCEPTED,
    Situation.REFUSES: TRY_AGAIN,
    Situation.BUSY: TRY_AGAIN,
    Situation.ABSENT: TRY_AGAIN,
    Situation.SILENT: UNKNOWN,
}

# A console has no answers to lose; SMTP has no Retry-After. Without TLS nobody can say whether a web server
# that hung up at once had read the request, so that its leaving early is told with TLS alone.
TABLE = {
    Situation.ACCEPTS: {**_http(ACCEPTED), "email": ACCEPTED, "console": ACCEPTED},
    Situation.REFUSES: {**_http(REFUSED), "email": REFUSED, "console": REFUSED},
    Situation.BUSY: {**_http(IN_TWO_MINUTES), "email": TRY_AGAIN},
    Situation.BROKEN: {**_http(TRY_AGAIN), "email": TRY_AGAIN, "console": TRY_AGAIN},
    Situation.ABSENT: {**_http(TRY_AGAIN), "email": TRY_AGAIN},
    Situation.LEAVES_EARLY: {"email": TRY_AGAIN},
    Situation.SILENT: {**_http(UNKNOWN), "email": UNKNOWN},
    Situation.LOSES_ANSWER: {**_http(UNKNOWN), "email": UNKNOWN},
    Situation.DRIPS: {**_http(UNKNOWN), "email": UNKNOWN},
    Situation.TALKS_NONSENSE: {**_http(UNKNOWN), "email": UNKNOWN},
    Situation.ACCEPTS_SLOWLY: {**_http(ACCEPTED), "email": ACCEPTED},
    Situation.ACCEPTS_AND_LEAVES: {**_http(ACCEPTED), "email": ACCEPTED},
    Situation.ACCEPTS_AND_DRIPS: {**_http(ACCEPTED), "email": ACCEPTED},
    Situation.REDIRECTS: _http(REFUSED),
}
for _situation, _expected in _APPRISE.items():
    TABLE[_situation]["apprise"] = _expected
CASES = [(kind, situation) for situation, kinds in TABLE.items() for kind in kinds]
KINDS = tuple(TABLE[Situation.ACCEPTS])
OVER_THE_NETWORK = (*HTTP_KINDS, "email")
